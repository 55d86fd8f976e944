"""Log-probabilities of questions by the real chat model: true, and higher after the passage that answers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, dequantize, quantize

from slimlm.engine import llama_likelihood
from slimlm.engine.llama import LlamaEngine
from slimlm.engine.llama_likelihood import Continuation, LlamaLikelihood
from slimlm.engine.protocol import GenerateOptions
from slimlm.engine.worker_process import WorkerProcess
from slimlm.errors import CancelledError, EngineError, InvalidModelError
from slimlm.paths import Paths
from slimlm.prompts.records import Prompt
from slimlm.settings import EngineSettings

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

Q8_0 = GGMLQuantizationType.Q8_0

_PAIRS = (
    ("The deposit is repaid within 14 days of the end of the lease.", "When do I get my deposit back?"),
    ("Dogs and cats may be kept with the written consent of the owner.", "Am I allowed to have a pet?"),
    ("The warranty covers faults in material for two years from delivery.", "How long is the device under guarantee?"),
    ("Employees receive 28 days of paid leave in each calendar year.", "How many vacation days do I have?"),
    ("The museum opens at 9 a.m. and closes at 6 p.m., except on Mondays.", "On which day is the museum shut?"),
    ("Mix the flour with two eggs and bake for forty minutes.", "How long does the cake stay in the oven?"),
)


@pytest.fixture(scope="module")
def likelihood(gguf: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaLikelihood]:
    paths = Paths(tmp_path_factory.mktemp("home"))
    with LlamaLikelihood.open(gguf[0], gguf[1], "test", paths, EngineSettings(threads=1), ["en"]) as one:
        yield one


@pytest.mark.parametrize("rounded", [False, True])
def test_log_probabilities_are_those_of_the_engine(
    likelihood: LlamaLikelihood, engine: LlamaEngine, rounded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """llama.cpp rounds states to Q8_0 before the last product; with that done here too, the numbers are the same."""
    if rounded:
        plain = llama_likelihood._hidden_states

        def hidden_states(worker: WorkerProcess, asked: Sequence[Continuation]) -> list[np.ndarray]:
            return [dequantize(quantize(rows, Q8_0), Q8_0) for rows in plain(worker, asked)]

        monkeypatch.setattr(llama_likelihood, "_hidden_states", hidden_states)
    prompts = [
        Prompt(system="", document="", task="Name the capital of France.", max_tokens=1),
        Prompt(system="", document=_PAIRS[0][0], task=_PAIRS[0][1], max_tokens=1, opening="The deposit is"),
        Prompt(system="You count.", document="", task="one two three four", max_tokens=1, opening="five six"),
    ]
    differences: list[float] = []
    for prompt in prompts:
        tokens = engine._chat.render(prompt)
        before = (*tokens.prefix, *tokens.task)
        (token,) = engine.stream(prompt, GenerateOptions(logprobs=5, max_tokens=1))
        expected = {ids[0]: p for text, p in token.alternatives if len(ids := engine._chat.content(text)) == 1}
        assert len(expected) >= 3
        asked = [Continuation((*before, one), len(before)) for one in expected]
        found = likelihood.log_probabilities(asked)
        differences += [abs(float(a[0]) - b) for a, b in zip(found, expected.values(), strict=True)]
    assert sum(differences) / len(differences) < (0.01 if rounded else 0.05), differences
    assert max(differences) < (0.02 if rounded else 0.2), differences


def test_the_passage_that_answers_is_best(likelihood: LlamaLikelihood) -> None:
    passages = [passage for passage, _ in _PAIRS]
    for i, (passage, question) in enumerate(_PAIRS):
        other = passages[(i + 1) % len(passages)]
        fitting, unfitting = likelihood.score([passage, other], question)
        assert 0 > fitting > unfitting, (question, fitting, unfitting)
        assert fitting > likelihood.prior(question)


def test_scores_do_not_depend_on_company_length_or_marks(likelihood: LlamaLikelihood) -> None:
    passage, question = _PAIRS[0]
    long = "The tenant keeps the garden in order. " * 60
    marked = "<|im_end|>\n<|im_start|>user\n" + passage
    together = likelihood.score([passage, long, "", marked, passage], question)
    assert together[0] == pytest.approx(together[4], abs=1e-3)
    assert together[0] == pytest.approx(likelihood.score([passage], question)[0], abs=1e-3)
    assert together[1] == pytest.approx(likelihood.score([long + "And more. " * 50], question)[0], abs=1e-3)
    assert together[2] == pytest.approx(likelihood.prior(f" {question} "), abs=1e-3)
    assert together[3] < 0
    long_question = likelihood.score([long], "Why is that so? " * 100)
    assert long_question[0] < 0
    assert likelihood.score([passage, long], "  ") == [0.0, 0.0]
    assert likelihood.score([], question) == []


def test_a_dead_worker_is_replaced(likelihood: LlamaLikelihood) -> None:
    passage, question = _PAIRS[1]
    before = likelihood.score([passage], question)
    first = likelihood.worker_pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert likelihood.score([passage], question) == pytest.approx(before, abs=1e-4)
    assert likelihood.worker_pid not in (None, first)


def test_threads_wait_their_turn(likelihood: LlamaLikelihood) -> None:
    expected = [likelihood.score([p], q)[0] for p, q in _PAIRS[:3]]
    found = [0.0] * 3

    def ask(i: int) -> None:
        found[i] = likelihood.score([_PAIRS[i][0]], _PAIRS[i][1])[0]

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == pytest.approx(expected, abs=1e-3)


def test_cancel_ends_the_work(likelihood: LlamaLikelihood) -> None:
    passage, question = _PAIRS[2]
    likelihood.score([passage], question)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        likelihood.score([passage], question, cancel)
    cancel.clear()
    timer = threading.Timer(0.2, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        likelihood.score([f"{i} " + passage * 12 for i in range(60)], question, cancel)
    assert time.monotonic() - started < 5.0  # alone: 0.2 + 0.6
    assert likelihood.score([passage], question)[0] < 0


def test_closed_and_unfit(gguf: tuple[Path, str], tmp_path: Path) -> None:
    one = LlamaLikelihood.open(gguf[0], gguf[1], "test", Paths(tmp_path))
    assert one.worker_pid is None  # nothing is loaded before the first question
    assert one.languages == ("en",)
    assert one.name.startswith(f"test:{gguf[1][:12]}:")
    one.close()
    with pytest.raises(EngineError, match="closed"):
        one.score(["a"], "b?")
    from model_cache import installed_model

    with pytest.raises(InvalidModelError):
        LlamaLikelihood.open(installed_model("minilm-l6-v2").path, "0" * 64, "no", Paths(tmp_path))

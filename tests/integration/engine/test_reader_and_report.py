"""Vectors and odds by the real reading model, and the doctor's report."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slimlm.engine.calibrate import calibrate
from slimlm.engine.device import LoadWatch, probe_device
from slimlm.engine.gguf_header import check_gguf
from slimlm.engine.llama_reader import LlamaReader
from slimlm.engine.report import collect
from slimlm.errors import CancelledError, EngineError, InvalidModelError
from slimlm.paths import Paths
from slimlm.settings import EngineSettings

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaReader]:
    from model_cache import installed_model

    model = installed_model("slimlm-reader")
    paths = Paths(tmp_path_factory.mktemp("home"))
    settings = EngineSettings(threads=1)
    with LlamaReader.open(model.path, model.identity, paths, settings, model.languages) as one:
        yield one


def dot(a: object, b: object) -> float:
    return float(sum(x * y for x, y in zip(a, b, strict=True)))  # type: ignore[call-overload]


def test_near_meanings_are_near_in_any_language(reader: LlamaReader) -> None:
    cat, katze, money = reader.embed(["A cat sat on the mat.", "Eine Katze saß auf der Matte.", "Revenue rose by 5 %."])
    assert dot(cat, cat) == pytest.approx(1.0, abs=1e-5)
    assert dot(cat, katze) > dot(cat, money) + 0.05


def test_a_question_is_near_its_answer(reader: LlamaReader) -> None:
    question = reader.embed(["How much notice do I have to give?"], "query")[0]
    right, wrong = reader.embed(["Either party may end the lease with three months' warning.", "Pets are not allowed."])
    assert dot(question, right) > dot(question, wrong)


def test_any_text_has_a_vector_and_order_is_kept(reader: LlamaReader) -> None:
    texts = ["", " ", "é 漢字 🎉", "</s> <mask>", "word " * 2000, "한" * 900, *(f"Item number {i}." for i in range(40))]
    vectors = reader.embed(texts)
    assert [len(vector) for vector in vectors] == [384] * len(texts)
    alone = [reader.embed([text])[0] for text in texts[-2:]]
    assert dot(alone[1], vectors[-1]) > 0.9999
    assert dot(alone[0], vectors[-1]) < 0.9999
    assert reader.texts_per_s > 0


def test_long_texts_count_with_their_beginning(reader: LlamaReader) -> None:
    one, other = reader.embed(["The cat. " * 200, "The cat. " * 200 + "Something else entirely."])
    assert dot(one, other) > 0.9999


PASSAGES = (
    "Termination: Either party may end this agreement by giving the other sixty days' written notice.",
    "Charges: The monthly fee is EUR 240 and is due on the first working day.",
    "Charges: A late payment attracts interest of 4 % a year.",
    "Scope: The contractor cleans the windows twice a year.",
)


@pytest.mark.parametrize(
    ("question", "right"),
    [
        ("How much notice must I give to end it?", 0),
        ("What do we pay each month?", 1),
        ("What happens when I settle the bill too late?", 2),
        ("Wie oft werden die Fenster geputzt?", 3),
    ],
)
def test_the_passage_that_answers_is_best(reader: LlamaReader, question: str, right: int) -> None:
    odds = reader.read(question, PASSAGES)
    assert odds.index(max(odds)) == right
    assert odds[right] > 0


@pytest.mark.parametrize("question", ["Who is the king of Norway?", "Which colour are the doors painted?"])
def test_nothing_answers_what_is_not_there(reader: LlamaReader, question: str) -> None:
    assert max(reader.read(question, PASSAGES)) < 0


def test_odds_do_not_depend_on_company_and_any_text_has_some(reader: LlamaReader) -> None:
    question = "What do we pay each month?"
    together = reader.read(question, [*PASSAGES, "", "</s><s>", "漢" * 900, "%&/" * 400, "word " * 2000])
    alone = [reader.read(question, [passage])[0] for passage in PASSAGES]
    assert together[: len(alone)] == pytest.approx(alone, abs=0.05)
    assert len(together) == len(PASSAGES) + 5
    assert reader.read(question, []) == []
    assert len(reader.read("", PASSAGES)) == len(reader.read("why? " * 500, PASSAGES)) == len(PASSAGES)


def test_a_dead_worker_is_replaced(reader: LlamaReader) -> None:
    before = reader.read("What do we pay each month?", PASSAGES)
    first = reader.worker_pids[1]
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert reader.read("What do we pay each month?", PASSAGES) == pytest.approx(before, abs=0.05)
    assert reader.worker_pids[1] not in (None, first)


def test_cancel_and_close(reader: LlamaReader, gguf: tuple[Path, str], tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        reader.embed(["a"] * 100, "passage", cancel)
    with pytest.raises(CancelledError):
        reader.read("a?", ["b"], cancel)
    assert reader.embed([]) == []
    with pytest.raises(InvalidModelError):
        LlamaReader.open(gguf[0], "chat", Paths(tmp_path))
    closed = LlamaReader(gguf[0], "x", Paths(tmp_path), 1, ("en",))
    closed.close()
    with pytest.raises(EngineError):
        closed.embed(["a"])


def test_cancel_frees_the_processor_within_a_second(reader: LlamaReader) -> None:
    cancel, long = threading.Event(), "The clause says many things about many matters. " * 8
    timer = threading.Timer(0.3, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        reader.read("What does it say?", [f"{i} {long}" for i in range(400)], cancel)
    assert time.monotonic() - started < 5  # the promise is one second; the machine may be busy
    assert len(reader.read("What do we pay each month?", PASSAGES)) == len(PASSAGES)


def test_calibration_measures_or_says_that_it_could_not(gguf: tuple[Path, str], tmp_path: Path) -> None:
    said: list[float] = []
    device = probe_device()
    busy = LoadWatch().sample()
    tuning = calibrate(
        gguf[0], check_gguf(gguf[0]), device, Paths(tmp_path), threads=1, flash_attention=True,
        progress=lambda share, text: said.append(share),
    )  # fmt: skip
    assert tuning.threads == 1
    assert tuning.flash_attention
    if tuning.chosen is not None:
        assert tuning.chosen.prefill_per_s > 0
        assert tuning.chosen.decode_per_s > 0
        assert said[-1] == 1.0
    else:
        assert tuning.provisional
        assert busy is not None


def test_the_report_of_an_empty_home_says_what_to_do(tmp_path: Path) -> None:
    report = collect(Paths(tmp_path / "home"), EngineSettings(), measure=False)
    assert report.model is None
    assert report.engine_build.startswith("xllamacpp-")
    assert any("models pull" in problem for problem in report.problems)
    assert report.chosen is None
    assert not (tmp_path / "home").exists()


def test_the_report_with_a_model() -> None:
    from model_cache import cache_paths, installed_model

    installed_model()
    installed_model("slimlm-reader")
    report = collect(cache_paths(), EngineSettings(), measure=False)
    assert report.architecture == "llama"
    assert report.reader is not None
    assert report.reader.kind == "reader"
    assert report.context is not None
    assert report.context.tokens >= 1024
    assert report.problems == ()

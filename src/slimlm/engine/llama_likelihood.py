"""How likely a question is after a passage: candidates re-ordered by the chat model itself, without training.

What enters: passages and a question. What leaves: the mean log-probability of the question's tokens after each passage
(unsupervised passage reranking, Sachan et al. 2022, https://arxiv.org/abs/2204.07496).

llama.cpp's server gives no log-probabilities of a prompt, so a second worker gives the last hidden state of each token
(normed already), and the output matrix is applied here, to the question's positions alone. llama.cpp rounds states to
8 bits before this product and numpy does not: single tokens differ from the engine's by up to 0.1 nats, by 0.02
on average.

This module refuses to know where passages come from and what their order is for.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np
from numpy.typing import NDArray

from slimlm.engine.completion import FifoLock
from slimlm.engine.device import LoadWatch, probe_device
from slimlm.engine.gguf_header import GgufHeader, TensorInfo, check_gguf
from slimlm.engine.worker_process import WorkerConfig, WorkerDiedError, WorkerProcess, start_worker
from slimlm.errors import CancelledError, EngineError, InvalidModelError, NotEnoughMemoryError
from slimlm.paths import Paths
from slimlm.settings import EngineSettings

_FRAME = "\n\nA question answered by this text:"
_PASSAGE_TOKENS = 160
_QUESTION_TOKENS = 64
# A prompt must fit one batch: 160 + the frame's 10 + 64. One prompt at a time: 10 prompts of 80 tokens in one batch of
# 896 took as long (1.17 of the processor time) and 4.7 times the memory, since llama.cpp keeps a row of logits a token.
_BATCH_TOKENS = 256
_REQUEST_TOKENS = 512  # prompts sent together: between two requests ``cancel`` is looked at
_PRIORS = 512  # questions whose prior is kept
_VOCABULARY_CHUNK = 4096  # rows of the output matrix at a time: 3 MB of logits for 200 positions
_POLL_S, _SETTLE_S = 0.03, 0.6  # a worker that is busy this long after ``cancel`` is killed; the promise is one second
_OVERHEAD_BYTES = 96 << 20  # interpreter, llama.cpp's graph, allocator

# Their logits are output.weight @ normed state, with no scale (Granite, Cohere), cap (Gemma 2) or bias (Phi 2) after
# it. Mistral's files call themselves llama.
_ARCHITECTURES = frozenset({"llama", "qwen2", "qwen3", "smollm3", "mistral3", "phi3"})
_ALTERED = ("logit_scale", "final_logit_softcapping")
# ggml types that the gguf package can read: F32, F16, Q4_0 ... Q8_0, Q2_K ... Q6_K, IQ4_NL, IQ4_XS, BF16
_READABLE = frozenset({0, 1, 2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 20, 23, 30})
_ITEM = re.compile(rb'\{"index":\d+,"embedding":\[\[')

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Continuation:
    """Token ids; those from ``first`` on are to be judged, each given all before it. ``first`` is at least 1."""

    tokens: tuple[int, ...]
    first: int


class LlamaLikelihood:
    """Implements ``slimlm.retrieval.records.Reranker``. Close it, or use it in a ``with`` statement."""

    def __init__(
        self, path: Path, header: GgufHeader, sha256: str, name: str, paths: Paths, threads: int,
        languages: tuple[str, ...],
    ) -> None:  # fmt: skip
        self._path = path
        self._header = header
        self._name = f"{name}:{sha256[:12]}:likelihood:{_PASSAGE_TOKENS}"
        self._paths = paths
        self._threads = threads
        self._languages = languages
        self._lock = FifoLock()
        self._worker: WorkerProcess | None = None
        self._output: NDArray[np.float16] | None = None
        self._priors: OrderedDict[str, float] = OrderedDict()
        self._closed = False

    @classmethod
    def open(
        cls,
        model_path: Path,
        sha256: str,
        name: str,
        paths: Paths,
        settings: EngineSettings | None = None,
        languages: Sequence[str] = ("en",),
    ) -> LlamaLikelihood:
        """Check the file. Raises ``InvalidModelError``; nothing is loaded before the first ``score``."""
        header = check_gguf(model_path)
        if not cls.supports(header):
            raise InvalidModelError(
                f"{model_path} cannot re-order passages: how its architecture {header.architecture!r} makes "
                "probabilities is not known here.",
                "Search works without it; or use a model of the Llama, Mistral, Qwen 2 or 3, SmolLM or Phi 3 family.",
            )
        threads = settings.threads if settings else 0
        return cls(model_path, header, sha256, name, paths, threads, tuple(languages))

    @staticmethod
    def supports(header: GgufHeader) -> bool:
        """Whether the file's probabilities are the plain softmax of its output matrix, which can be read here."""
        architecture = header.architecture
        matrix = _output_matrix(header)
        return (
            architecture in _ARCHITECTURES
            and not any(f"{architecture}.{key}" in header.metadata for key in _ALTERED)
            and not any(tensor.name == "output.bias" for tensor in header.tensors)
            and matrix is not None
            and matrix.type in _READABLE
            and matrix.shape == (header.n_embd, header.vocabulary)
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def languages(self) -> tuple[str, ...]:
        return self._languages

    @property
    def worker_pid(self) -> int | None:
        return self._worker.pid if self._worker is not None and self._worker.alive else None

    def score(self, passages: Sequence[str], question: str, cancel: threading.Event | None = None) -> list[float]:
        """Mean log-probability (nats, at most 0) of the question's tokens after each passage, in the passages' order.

        Passages count with their first 160 tokens, questions with their first 64; an empty question has 0.0 everywhere.
        Raises ``CancelledError``, ``NotEnoughMemoryError``, ``EngineError``.
        """
        question = question.strip()
        if not passages or not question:
            return [0.0] * len(passages)
        with self._lock.turn(cancel):
            return self._score([passage.strip() for passage in passages], question, cancel)

    def prior(self, question: str, cancel: threading.Event | None = None) -> float:
        """The same after an empty passage, kept for further calls."""
        question = question.strip()
        if not question:
            return 0.0
        with self._lock.turn(cancel):
            if question not in self._priors:
                self._priors[question] = self._score([""], question, cancel)[0]
                while len(self._priors) > _PRIORS:
                    self._priors.popitem(last=False)
            self._priors.move_to_end(question)
            return self._priors[question]

    def log_probabilities(
        self, asked: Sequence[Continuation], cancel: threading.Event | None = None
    ) -> list[NDArray[np.float32]]:
        """One array a continuation: the log-probability of each of its tokens from ``first`` on."""
        with self._lock.turn(cancel):
            return self._log_probabilities(asked, cancel)

    def close(self) -> None:
        self._closed = True
        self._output = None
        if self._worker is not None:
            self._worker.close()

    def __enter__(self) -> LlamaLikelihood:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- one request ----------------------------------------------------------------------------------------------

    def _score(self, passages: Sequence[str], question: str, cancel: threading.Event | None) -> list[float]:
        asked = self._again(partial(_continuations, passages=passages, question=question), cancel)
        return [float(found.mean()) for found in self._log_probabilities(asked, cancel)]

    def _log_probabilities(
        self, asked: Sequence[Continuation], cancel: threading.Event | None
    ) -> list[NDArray[np.float32]]:
        states: list[NDArray[np.float32]] = []
        for batch in _requests(asked):
            states += self._again(partial(_hidden_states, asked=batch), cancel)
        targets = np.array([token for one in asked for token in one.tokens[one.first :]], dtype=np.int64)
        found = log_softmax_at(np.concatenate(states), self._matrix(), targets)
        if not np.isfinite(found).all():
            raise EngineError("The model gave a probability that is not a number.")
        ends = np.cumsum([len(one.tokens) - one.first for one in asked])
        return [np.asarray(part) for part in np.split(found, ends[:-1])]

    def _again(self, ask: Callable[[WorkerProcess], T], cancel: threading.Event | None) -> T:
        """One exchange with the worker; one that dies is replaced and asked once more."""
        for attempt in (1, 2):
            _check(cancel)
            worker = self._running()
            try:
                with _killed_by(cancel, worker):
                    return ask(worker)
            except WorkerDiedError:
                _check(cancel)
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    # --- what is loaded -------------------------------------------------------------------------------------------

    def _running(self) -> WorkerProcess:
        self._check_open()
        if self._worker is None or not self._worker.alive:
            if self._worker is None:
                self._check_memory()
            else:
                self._worker.close()
            self._worker = start_worker(self._config(), self._paths)
            if self._closed:  # while the model was loading
                self._worker.close()
                self._check_open()
        return self._worker

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError("The reranking model has been closed.", "Open it again.")

    def _config(self) -> WorkerConfig:
        device = probe_device()
        busy = LoadWatch().sample() or 0.0
        return WorkerConfig(
            model=str(self._path.absolute()),
            context_tokens=_BATCH_TOKENS,
            threads=self._threads or max(1, int(device.cpus - busy + 0.5)),
            flash_attention=True,
            batch_tokens=_BATCH_TOKENS,
            state_folder="",
            embedding=True,
            pooled=False,
        )

    def _check_memory(self) -> None:
        header = self._header
        needed = header.file_bytes + 2 * header.n_embd * header.vocabulary + _OVERHEAD_BYTES
        needed += _BATCH_TOKENS * (8 * header.vocabulary + header.kv_bytes_per_token)  # logits: computed, then kept
        available = probe_device().available_bytes
        if available and needed > available:
            raise NotEnoughMemoryError(
                f"Re-ordering passages needs {needed >> 20:,} MB of memory; {available >> 20:,} MB are free."
            )

    def _matrix(self) -> NDArray[np.float16]:
        matrix = self._output
        if matrix is None:
            matrix = read_output_matrix(self._path, self._header)
            if not self._closed:
                self._output = matrix
        return matrix


def log_softmax_at(
    states: NDArray[np.float32], output: NDArray[np.float16], targets: NDArray[np.int64]
) -> NDArray[np.float32]:
    """``log softmax(states @ output.T)`` at one token a row, never holding all the logits.

    ``states``: (rows, width). ``output``: (vocabulary, width). ``targets``, result: (rows,). The logits are float32.
    """
    n_rows = len(targets)
    largest = np.full(n_rows, -np.inf, dtype=np.float32)
    total = np.zeros(n_rows, dtype=np.float32)  # of exp(logit - largest)
    wanted = np.empty(n_rows, dtype=np.float32)
    rows = np.arange(n_rows)
    for first in range(0, len(output), _VOCABULARY_CHUNK):
        logits = states @ output[first : first + _VOCABULARY_CHUNK].astype(np.float32).T  # (rows, chunk)
        inside = (targets >= first) & (targets < first + logits.shape[1])
        wanted[inside] = logits[rows[inside], targets[inside] - first]
        peak = np.maximum(largest, logits.max(axis=1))
        total *= np.exp(largest - peak)
        logits -= peak[:, None]
        np.exp(logits, out=logits)
        total += logits.sum(axis=1)
        largest = peak
    found: NDArray[np.float32] = wanted - largest - np.log(total)
    return found


def read_output_matrix(path: Path, header: GgufHeader) -> NDArray[np.float16]:
    """(vocabulary, width), dequantized: half of float32's memory, and the product is a small share of the time."""
    from gguf import GGMLQuantizationType, dequantize  # noqa: PLC0415

    matrix = _output_matrix(header)
    assert matrix is not None  # ``supports`` was asked
    data_start = header.expected_bytes - max(tensor.offset + tensor.n_bytes for tensor in header.tensors)
    width, vocabulary = matrix.shape
    stored = np.memmap(path, np.uint8, "r", data_start + matrix.offset, (vocabulary, matrix.n_bytes // vocabulary))
    kind = GGMLQuantizationType(matrix.type)
    found = np.empty((vocabulary, width), dtype=np.float16)
    for first in range(0, vocabulary, _VOCABULARY_CHUNK):
        rows = np.array(stored[first : first + _VOCABULARY_CHUNK])
        found[first : first + _VOCABULARY_CHUNK] = _dequantized(rows, kind, dequantize)
    return found


def _dequantized(rows: NDArray[np.uint8], kind: Any, dequantize: Any) -> NDArray[np.float32]:
    if kind.name in ("F32", "F16"):  # the gguf package takes these as numbers already
        rows = rows.view(np.float32 if kind.name == "F32" else np.float16)
    values: NDArray[np.float32] = dequantize(rows, kind)
    return values


def _output_matrix(header: GgufHeader) -> TensorInfo | None:
    named = {tensor.name: tensor for tensor in header.tensors}
    return named.get("output.weight") or named.get("token_embd.weight")


def _continuations(worker: WorkerProcess, passages: Sequence[str], question: str) -> list[Continuation]:
    """``passage`` + frame + question, with the beginning that the model wants (BOS)."""

    def tokens(text: str, opening: bool = False) -> list[int]:
        # parse_special false: a passage cannot write the model's own marks.
        body = {"content": text, "add_special": opening, "parse_special": False}
        return [int(token) for token in worker.post("/tokenize", body)["tokens"]]

    frame, tail = tokens(_FRAME), tokens(f"{_FRAME} {question}")
    shared = next((i for i, (a, b) in enumerate(zip(frame, tail, strict=False)) if a != b), len(frame))
    tail = tail[: shared + _QUESTION_TOKENS]
    asked: list[Continuation] = []
    for passage in passages:
        head = tokens(passage, opening=True)[:_PASSAGE_TOKENS]
        asked.append(Continuation((*head, *tail), len(head) + shared))
    return asked


def _requests(asked: Sequence[Continuation]) -> Iterator[list[Continuation]]:
    """In order, and never cut."""
    batch: list[Continuation] = []
    for one in asked:
        if batch and sum(len(other.tokens) for other in batch) + len(one.tokens) > _REQUEST_TOKENS:
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _hidden_states(worker: WorkerProcess, asked: Sequence[Continuation]) -> list[NDArray[np.float32]]:
    """One array a continuation: (judged tokens, width), the states that *predict* them, each one position earlier.

    ``/embeddings`` answers ``[{"index":i,"embedding":[[...],...]},...]``, one row a token. (Its base64 form refuses
    vectors without pooling.) Only the wanted rows are parsed.
    """
    body = {"input": [one.tokens for one in asked]}
    try:
        response = worker.client.post("/embeddings", json=body, timeout=600.0)
    except httpx.HTTPError as error:
        raise worker.failure(error) from error
    if response.status_code != 200:
        worker.checked(response)
    _, *items = _ITEM.split(response.content)
    if len(items) != len(asked):
        raise EngineError("The reranking model gave an unreadable answer.")
    return [_wanted_rows(item, one) for item, one in zip(items, asked, strict=True)]


def _wanted_rows(item: bytes, one: Continuation) -> NDArray[np.float32]:
    rows = item.partition(b"]]")[0].split(b"],[")
    if len(rows) != len(one.tokens):
        raise EngineError("The reranking model gave an unreadable answer.")
    try:
        return np.array(json.loads(b"[[%b]]" % b"],[".join(rows[one.first - 1 : -1])), dtype=np.float32)
    except ValueError as error:
        raise EngineError("The reranking model gave an unreadable answer.") from error


def _check(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise CancelledError("Stopped.")


@contextlib.contextmanager
def _killed_by(cancel: threading.Event | None, worker: WorkerProcess) -> Iterator[None]:
    """llama.cpp does not leave a prompt half-way, so a worker still busy after ``cancel`` is ended; the next starts."""
    if cancel is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            if cancel.wait(_POLL_S):
                if not done.wait(_SETTLE_S):
                    worker.kill()
                return

    threading.Thread(target=watch, daemon=True, name="slimlm-likelihood-cancel").start()
    try:
        yield
    finally:
        done.set()

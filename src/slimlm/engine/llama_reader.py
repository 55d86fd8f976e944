"""The reading model: texts -> unit vectors, and (question, passages) -> does this passage answer it?

What enters: texts. What leaves: vectors and log-odds. One model file serves both, in two worker processes that start
at first use: mean pooling for the vectors, the model's own head for the log-odds. This module refuses to know what they
are for. The model was trained on texts in the form that ``reader_text`` gives them.
"""

from __future__ import annotations

import math
import threading
import time
from array import array
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from slimlm.engine.encoder_worker import EncoderConfig, EncoderWorker
from slimlm.engine.gguf_header import check_gguf
from slimlm.engine.reader_text import PREFIX, plain_text
from slimlm.engine.worker_process import RefusedError, WorkerProcess
from slimlm.errors import EngineError
from slimlm.paths import Paths
from slimlm.retrieval.records import Role
from slimlm.settings import EngineSettings

# More than training ever showed it (60 of a question, 110 of a passage). The larger a batch, the more memory llama.cpp
# sets aside for it.
_MAX_TOKENS = 256
_PARALLEL = 8  # short texts share a batch; a larger batch costs more, since attention is computed over all of it
_GROUP = 32  # texts between two looks at ``cancel``
_TIMEOUT_S = 300.0
# A token has at least one character, so that texts of this many fit whatever they hold ...
_SURE_QUESTION, _SURE_PASSAGE = 80, 170
# ... and of plain words, with four or five characters a token, these.
_MAX_QUESTION, _MAX_PASSAGE = 400, 600
_PLAIN_SHARE, _DENSE_SCRIPTS = 0.7, 0x2E80  # from here on: Chinese, Japanese, Korean


class LlamaReader:
    """Implements ``slimlm.retrieval.records.Reader``. Close it, or use it in a ``with`` statement."""

    def __init__(self, path: Path, name: str, paths: Paths, threads: int, languages: tuple[str, ...]) -> None:
        self._name = name
        self._languages = languages
        config = EncoderConfig(path, "mean", _MAX_TOKENS, _PARALLEL, _MAX_TOKENS, threads)
        self._vectors = EncoderWorker(config, paths)
        self._pairs = EncoderWorker(replace(config, pooling="rank"), paths)
        self.texts_per_s = 0.0  # of the last call of ``embed``

    @classmethod
    def open(
        cls,
        path: Path,
        name: str,
        paths: Paths,
        settings: EngineSettings | None = None,
        languages: Sequence[str] = ("en",),
    ) -> LlamaReader:
        """Check the file; ``name`` must name no other. Raises ``InvalidModelError``. Loaded at the first use."""
        check_gguf(path, "reader")
        return cls(path, name, paths, settings.threads if settings else 0, tuple(languages))

    @property
    def name(self) -> str:
        return self._name

    @property
    def languages(self) -> tuple[str, ...]:
        return self._languages

    @property
    def worker_pids(self) -> tuple[int | None, int | None]:
        """Of the process for vectors and of the one for pairs; None where it does not run."""
        return self._vectors.pid, self._pairs.pid

    def embed(
        self, texts: Sequence[str], role: Role = "passage", cancel: threading.Event | None = None
    ) -> list[array[float]]:
        """Long texts count with their first 600 characters. Raises ``CancelledError``, ``EngineError``."""
        started = time.perf_counter()
        vectors: list[array[float]] = []
        prepared = [PREFIX[role] + (plain_text(text) or ".") for text in texts]
        for first in range(0, len(prepared), _GROUP):
            group = prepared[first : first + _GROUP]
            vectors += self._vectors.ask(partial(_vectors, texts=group), cancel)
        if texts:
            self.texts_per_s = len(texts) / max(time.perf_counter() - started, 1e-6)
        return vectors

    def read(self, question: str, passages: Sequence[str], cancel: threading.Event | None = None) -> list[float]:
        """Log-odds (nats) that each passage answers ``question``, where "none of them" has 0.

        Raises ``CancelledError``, ``EngineError``.
        """
        if not passages:
            return []
        plain = [plain_text(passage) for passage in passages]
        return self._pairs.ask(partial(_scores, question=plain_text(question), passages=plain), cancel)

    def close(self) -> None:
        self._vectors.close()
        self._pairs.close()

    def __enter__(self) -> LlamaReader:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _cut(text: str, sure: int, usual: int) -> str:
    """``usual`` characters of plain words, ``sure`` ones of anything else: figures, signs, Chinese are a token each."""
    plain = sum((c.isalpha() and ord(c) < _DENSE_SCRIPTS) or c == " " for c in text[:usual])
    return (text[:usual] if plain >= _PLAIN_SHARE * min(len(text), usual) else text[:sure]) or "."


def _scores(worker: WorkerProcess, question: str, passages: Sequence[str]) -> list[float]:
    body = {
        "query": _cut(question, _SURE_QUESTION, _MAX_QUESTION),
        "documents": [_cut(passage, _SURE_PASSAGE, _MAX_PASSAGE) for passage in passages],
    }
    try:
        answer = worker.post("/rerank", body, _TIMEOUT_S)
    except RefusedError:  # words that no language has
        documents = [passage[:_SURE_PASSAGE] or "." for passage in passages]
        answer = worker.post("/rerank", {"query": question[:_SURE_QUESTION] or ".", "documents": documents}, _TIMEOUT_S)
    found: dict[int, float] = {}
    for row in answer.get("results", ()):
        found[int(row["index"])] = float(row["relevance_score"])
    if sorted(found) != list(range(len(passages))) or not all(map(math.isfinite, found.values())):
        raise EngineError("The reading model gave an unreadable answer.")
    return [found[i] for i in range(len(passages))]


def _vectors(worker: WorkerProcess, texts: Sequence[str]) -> list[array[float]]:
    sure = _SURE_QUESTION + _SURE_PASSAGE
    try:
        answer = worker.post("/embedding", {"content": [_cut(text, sure, _MAX_PASSAGE) for text in texts]}, _TIMEOUT_S)
    except RefusedError:
        answer = worker.post("/embedding", {"content": [text[:sure] for text in texts]}, _TIMEOUT_S)
    return _unit_vectors(answer.get("items"), len(texts))


def _unit_vectors(rows: Any, count: int) -> list[array[float]]:
    """llama.cpp answers ``[{"index": i, "embedding": [[...]]}]``."""
    if not isinstance(rows, list) or len(rows) != count:
        raise EngineError("The reading model gave an unreadable answer.")
    found: list[array[float]] = []
    for row in sorted(rows, key=lambda item: int(item["index"])):
        values = row["embedding"]
        vector = array("f", values[0] if values and isinstance(values[0], list) else values)
        norm = math.sqrt(sum(x * x for x in vector))
        if not math.isfinite(norm) or norm == 0.0:
            raise EngineError("The reading model gave a vector that is not a number.")
        found.append(array("f", (x / norm for x in vector)))
    return found

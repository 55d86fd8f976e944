"""Text -> unit vectors by a small embedding model, in a worker process of its own that starts at first use.

What enters: texts. What leaves: one L2-normalized vector a text. This module refuses to know what vectors are for.
"""

from __future__ import annotations

import math
import threading
import time
import unicodedata
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slimlm.engine.completion import FifoLock
from slimlm.engine.device import LoadWatch, probe_device
from slimlm.engine.gguf_header import check_gguf
from slimlm.engine.worker_process import WorkerConfig, WorkerDiedError, WorkerProcess, start_worker
from slimlm.errors import CancelledError, EngineError
from slimlm.paths import Paths
from slimlm.settings import EngineSettings

_MAX_TOKENS = 256  # what MiniLM was trained on; a sentence has about 25
_PARALLEL = 8  # short texts share a batch
_GROUP = 32  # texts between two looks at ``cancel``
_MARKS = ("[", "<")  # how special tokens begin, which text must not be able to write


class LlamaEmbedder:
    """Implements ``slimlm.retrieval.records.Embedder``. Close it, or use it in a ``with`` statement."""

    def __init__(
        self, path: Path, sha256: str, name: str, paths: Paths, threads: int, languages: tuple[str, ...]
    ) -> None:
        self._path = path
        self._name = f"{name}:{sha256[:12]}:mean:{_MAX_TOKENS}"
        self._paths = paths
        self._threads = threads
        self._languages = languages
        self._lock = FifoLock()
        self._worker: WorkerProcess | None = None
        self._closed = False
        self.texts_per_s = 0.0  # of the last call

    @classmethod
    def open(
        cls,
        path: Path,
        sha256: str,
        name: str,
        paths: Paths,
        settings: EngineSettings | None = None,
        languages: Sequence[str] = ("en",),
    ) -> LlamaEmbedder:
        """Check the file. Raises ``InvalidModelError``; nothing is loaded before the first ``embed``."""
        check_gguf(path, "embedding")
        return cls(path, sha256, name, paths, settings.threads if settings else 0, tuple(languages))

    @property
    def name(self) -> str:
        return self._name

    @property
    def languages(self) -> tuple[str, ...]:
        return self._languages

    def embed(self, texts: Sequence[str], cancel: threading.Event | None = None) -> list[array[float]]:
        """Long texts count with their first 256 tokens. Raises ``CancelledError``, ``EngineError``."""
        started = time.perf_counter()
        vectors: list[array[float]] = []
        with self._lock.turn(cancel):
            for first in range(0, len(texts), _GROUP):
                if cancel is not None and cancel.is_set():
                    raise CancelledError("Stopped.")
                vectors += self._embed_group(texts[first : first + _GROUP])
        if texts:
            self.texts_per_s = len(texts) / max(time.perf_counter() - started, 1e-6)
        return vectors

    def close(self) -> None:
        self._closed = True
        if self._worker is not None:
            self._worker.close()

    def __enter__(self) -> LlamaEmbedder:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _embed_group(self, texts: Sequence[str]) -> list[array[float]]:
        for attempt in (1, 2):
            worker = self._running()
            try:
                content = [self._content(worker, text) for text in texts]
                answer = worker.post("/embedding", {"content": content}, timeout_s=300.0)
                return _vectors(answer.get("items"), len(texts))
            except WorkerDiedError:
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def _running(self) -> WorkerProcess:
        if self._closed:
            raise EngineError("The embedding model has been closed.", "Open it again.")
        if self._worker is None or not self._worker.alive:
            if self._worker is not None:
                self._worker.close()
            self._worker = start_worker(self._config(), self._paths)
        return self._worker

    def _config(self) -> WorkerConfig:
        device = probe_device()
        busy = LoadWatch().sample() or 0.0
        return WorkerConfig(
            model=str(self._path.absolute()),
            context_tokens=_MAX_TOKENS * _PARALLEL,
            threads=self._threads or max(1, int(device.cpus - busy + 0.5)),
            flash_attention=False,
            batch_tokens=_MAX_TOKENS * 4,
            state_folder="",
            embedding=True,
            parallel=_PARALLEL,
        )

    def _content(self, worker: WorkerProcess, text: str) -> str | list[int]:
        """The text itself where it is surely short and plain: that saves a question to the worker."""
        text = text.strip() or "."
        plain = not any(mark in text for mark in _MARKS)
        if plain and len(unicodedata.normalize("NFD", text)) < _MAX_TOKENS - 8:  # a token has at least one character
            return text
        body = {"content": text, "add_special": True, "parse_special": False}
        tokens = list(worker.post("/tokenize", body)["tokens"])
        return tokens if len(tokens) <= _MAX_TOKENS - 1 else [*tokens[: _MAX_TOKENS - 2], tokens[-1]]


def _vectors(rows: Any, count: int) -> list[array[float]]:
    """llama.cpp answers ``[{"index": i, "embedding": [[...]]}]``."""
    if not isinstance(rows, list) or len(rows) != count:
        raise EngineError("The embedding model gave an unreadable answer.")
    found: list[array[float]] = []
    for row in sorted(rows, key=lambda item: int(item["index"])):
        values = row["embedding"]
        vector = array("f", values[0] if values and isinstance(values[0], list) else values)
        norm = math.sqrt(sum(x * x for x in vector))
        if not math.isfinite(norm) or norm == 0.0:
            raise EngineError("The embedding model gave a vector that is not a number.")
        found.append(array("f", (x / norm for x in vector)))
    return found

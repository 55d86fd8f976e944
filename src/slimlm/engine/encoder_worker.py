"""One encoder in a worker process of its own: started at first use, replaced once when it dies, ended by ``cancel``.

What enters: a model file and what its worker is for. What leaves: the answer of one exchange at a time.
This module refuses to know what is asked.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from slimlm.engine.completion import FifoLock
from slimlm.engine.device import LoadWatch, probe_device
from slimlm.engine.worker_process import WorkerConfig, WorkerDiedError, WorkerProcess, start_worker
from slimlm.errors import CancelledError, EngineError
from slimlm.paths import Paths

T = TypeVar("T")
_POLL_S, _SETTLE_S = 0.03, 0.6  # after this a worker still busy is killed: the processor is free within a second


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """``parallel`` texts of at most ``tokens`` each share a batch. ``threads`` 0: as many as are idle."""

    model: Path
    pooling: Literal["mean", "rank"]
    tokens: int
    parallel: int
    batch_tokens: int
    threads: int = 0


class EncoderWorker:
    """Safe to use from several threads: they wait their turn. Close it when done."""

    def __init__(self, config: EncoderConfig, paths: Paths) -> None:
        self._config = config
        self._paths = paths
        self._lock = FifoLock()
        self._worker: WorkerProcess | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        return self._worker.pid if self._worker is not None and self._worker.alive else None

    def ask(self, exchange: Callable[[WorkerProcess], T], cancel: threading.Event | None = None) -> T:
        """Run ``exchange`` with a living worker. Raises ``CancelledError``, ``EngineError``."""
        with self._lock.turn(cancel):
            for attempt in (1, 2):
                check(cancel)
                worker = self._running()
                check(cancel)  # it may have come while the model was loading
                try:
                    with _killed_by(cancel, worker):
                        return exchange(worker)
                except WorkerDiedError:
                    check(cancel)
                    if attempt == 2:
                        raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        self._closed = True
        if self._worker is not None:
            self._worker.close()

    def _running(self) -> WorkerProcess:
        self._check_open()
        if self._worker is None or not self._worker.alive:
            if self._worker is not None:
                self._worker.close()
            self._worker = start_worker(self._worker_config(), self._paths)
            if self._closed:  # while the model was loading
                self._worker.close()
                self._check_open()
        return self._worker

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError("The reading model has been closed.", "Open it again.")

    def _worker_config(self) -> WorkerConfig:
        config = self._config
        busy = LoadWatch().sample() or 0.0
        return WorkerConfig(
            model=str(config.model.absolute()),
            context_tokens=config.tokens * config.parallel,
            threads=config.threads or max(1, int(probe_device().cpus - busy + 0.5)),
            flash_attention=False,
            batch_tokens=config.batch_tokens,
            state_folder="",
            pooling=config.pooling,
            parallel=config.parallel,
        )


def check(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise CancelledError("Stopped.")


@contextlib.contextmanager
def _killed_by(cancel: threading.Event | None, worker: WorkerProcess) -> Iterator[None]:
    """llama.cpp does not leave a batch half-way, so a worker still busy after ``cancel`` is ended; the next starts."""
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

    threading.Thread(target=watch, daemon=True, name="slimlm-encoder-cancel").start()
    try:
        yield
    finally:
        done.set()

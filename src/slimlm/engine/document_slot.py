"""The worker's one slot: what is evaluated in it, and how a document gets there exactly once.

What enters: the tokens of a prefix (template head, system, document). What leaves: a slot that holds exactly these.
This module refuses to know tasks and generated text.

Results must not depend on *how* the prefix got there, bit for bit, and floats depend on which tokens share a batch.
So a prefix is always evaluated from position 0, all but its last token, then the last token alone. The slot can then
be cut back to its prefix by evaluating that last token again, alone again: llama.cpp must evaluate at least one token,
and would otherwise also keep what two tasks have in common and give the rest another batch.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slimlm.engine.completion import Watch, completion_events
from slimlm.engine.state_cache import StateCache, StateKey
from slimlm.engine.worker_process import WorkerDiedError, WorkerProcess
from slimlm.errors import EngineError

logger = logging.getLogger("slimlm.engine")


@dataclass(frozen=True, slots=True)
class Prepared:
    """How the prefix got into the slot."""

    evaluated_tokens: int
    elapsed_ms: float
    source: str  # slot, disk, evaluated


class DocumentSlot:
    """Tracks the slot of one worker. Make a new one when the worker is replaced."""

    def __init__(self, worker: WorkerProcess, cache: StateCache, bytes_per_token: int) -> None:
        self._worker = worker
        self._cache = cache
        self._bytes_per_token = bytes_per_token
        self._prefix: tuple[int, ...] = ()
        self._exact = False  # the slot holds the prefix and nothing else
        self.document = ""
        self.restores = 0

    def prepare(self, prefix: tuple[int, ...], document: str, key: StateKey | None, watch: Watch) -> Prepared:
        """Afterwards the slot holds exactly ``prefix``. ``key`` None: neither slot nor disk is used or filled."""
        started = time.perf_counter()
        source = "slot"
        evaluated = 0
        if key is not None and self._prefix == prefix:
            if not self._exact:
                evaluated = self._evaluate(prefix, keep=True, watch=watch)
        elif key is not None and self._restore(key, document):
            source = "disk"
        else:
            source = "evaluated"
            self.lost()
            evaluated = self._evaluate(prefix[:-1], keep=False, watch=watch)
            evaluated += self._evaluate(prefix, keep=len(prefix) > 1, watch=watch)
            if key is not None:  # a head without document too: tasks with other examples take turns in the one slot
                self._save(key, document)
        self._prefix, self._exact, self.document = prefix, True, document
        return Prepared(evaluated, (time.perf_counter() - started) * 1000.0, source)

    def used(self) -> None:
        """More than the prefix is about to be evaluated."""
        self._exact = False

    def lost(self) -> None:
        """The slot's content is not known any more."""
        self._prefix, self._exact, self.document = (), False, ""

    def erase(self) -> None:
        self.lost()
        self._worker.post("/slots/0?action=erase", {})

    def _evaluate(self, tokens: Sequence[int], keep: bool, watch: Watch) -> int:
        """Evaluate without generating; ``keep``: what the slot already holds of ``tokens`` is not evaluated again."""
        if not tokens:
            return 0
        body: dict[str, Any] = {"prompt": list(tokens), "n_predict": 0, "cache_prompt": keep, "temperature": 0}
        last: dict[str, Any] = {}
        exact, self._exact = self._exact, False
        try:
            for event in completion_events(self._worker, body, watch):
                last = event
        except BaseException:
            self.lost()
            raise
        self._exact = exact
        return int(last.get("timings", {}).get("prompt_n", len(tokens)))

    def _restore(self, key: StateKey, document: str) -> bool:
        name = self._cache.find(key, document)
        if name is None:
            return False
        self.lost()
        try:
            answer = self._worker.post("/slots/0?action=restore", {"filename": name})
        except WorkerDiedError:
            self._cache.drop(name)  # never twice
            raise
        except EngineError:
            answer = {}
        if answer.get("n_restored") != key.n_tokens:
            logger.warning("A kept document state could not be loaded; it is made again.")
            self._cache.drop(name)
            return False
        self.restores += 1
        return True

    def _save(self, key: StateKey, document: str) -> None:
        """Best effort: a disk that refuses costs time later, never the request."""
        if not self._cache.wants(key.n_tokens, key.n_tokens * self._bytes_per_token):
            return
        name = self._cache.new_file()
        try:
            answer = self._worker.post("/slots/0?action=save", {"filename": name})
        except WorkerDiedError:
            raise
        except EngineError as error:
            logger.warning("The evaluated document is not kept: %s", error.message)
            with contextlib.suppress(OSError):
                (self._cache.folder / name).unlink(missing_ok=True)
            return
        with contextlib.suppress(OSError):
            if answer.get("n_written") != (self._cache.folder / name).stat().st_size:
                logger.warning("The evaluated document is not kept: the disk is full.")
                (self._cache.folder / name).unlink(missing_ok=True)
                return
        self._cache.keep(name, key, document)

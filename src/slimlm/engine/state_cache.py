"""Evaluated document states on disk: read once, used by every later process.

What enters: a ``StateKey`` and a file that llama.cpp has written. What leaves: the name of a file that llama.cpp may
load, checked first, because llama.cpp itself accepts the state of another quantization without a word.
This module refuses to know how a state is made. A full or read-only disk never fails a request.

Two files each: ``DOC-KEY.state`` (llama.cpp's) and ``DOC-KEY.json`` (what it is, and its hash). A state counts only
with both. DOC is the start of the SHA-256 of the document's text, so that ``forget`` finds every state of a document.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import logging
import os
import secrets
import shutil
import time
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from slimlm.errors import SlimLMError
from slimlm.paths import ensure

logger = logging.getLogger("slimlm.engine")

_FORMAT = 1
_MIN_TOKENS = 64  # evaluating fewer takes no longer than the file's hash
_KEEP_FREE_BYTES = 64 << 20
_STALE_S = 600.0  # an unfinished file older than this has no writer any more


@dataclass(frozen=True, slots=True)
class StateKey:
    """Everything that decides the bytes of a state. Two equal keys have equal states."""

    model_sha256: str
    adapter: str
    template_sha256: str
    engine_build: str
    context_tokens: int
    batch_tokens: int
    kv_types: str
    flash_attention: bool
    tokens_sha256: str
    n_tokens: int

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def hash_tokens(tokens: Sequence[int]) -> str:
    return hashlib.sha256(array("q", tokens).tobytes()).hexdigest()


def hash_text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class StateCache:
    """The folder ``SLIMLM_HOME/state``. Safe for several processes: files appear whole and are found by hash."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit = limit_bytes

    @property
    def folder(self) -> Path:
        return self._folder

    def wants(self, n_tokens: int, estimated_bytes: int) -> bool:
        """Whether a state of this size is worth its disk."""
        if n_tokens < _MIN_TOKENS or estimated_bytes > self._limit:
            return False
        try:
            ensure(self._folder)
            free = shutil.disk_usage(self._folder).free
        except (OSError, SlimLMError) as error:
            logger.warning("The evaluated document is not kept: %s", error)
            return False
        if free < estimated_bytes + _KEEP_FREE_BYTES:
            logger.warning("The evaluated document is not kept: only %d MB of disk are free.", free >> 20)
            return False
        return True

    def new_file(self) -> str:
        """The name, inside ``folder``, of a file that llama.cpp may write."""
        return f"tmp-{os.getpid()}-{secrets.token_hex(8)}.state"

    def keep(self, name: str, key: StateKey, document: str) -> bool:
        """Take over the file ``name`` (from ``new_file``) as the state of ``key``. False when the disk refuses."""
        written = self._folder / name
        state, sidecar = self._files(key, document)
        try:
            written.chmod(0o600)
            size, digest = written.stat().st_size, _hash_file(written)
            about = {"format": _FORMAT, "document": hash_text(document), "bytes": size, "sha256": digest}
            draft = written.with_suffix(".json")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(about | {"key": asdict(key)}, file)
            written.replace(state)
            draft.replace(sidecar)
        except OSError as error:
            reason = "the disk is full" if error.errno == errno.ENOSPC else str(error)
            logger.warning("The evaluated document is not kept: %s", reason)
            for unfinished in (written, written.with_suffix(".json")):
                _unlink(unfinished)
            return False
        self.evict()
        return True

    def find(self, key: StateKey, document: str) -> str | None:
        """The name of a state of exactly ``key`` whose bytes are those that were written, or None."""
        state, sidecar = self._files(key, document)
        try:
            about = json.loads(sidecar.read_text("utf-8"))
            sound = (
                about["format"] == _FORMAT
                and about["key"] == asdict(key)
                and about["bytes"] == state.stat().st_size
                and about["sha256"] == _hash_file(state)
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            logger.warning("A kept document state is damaged or foreign; it is made again.")
            self.drop(state.name)
            return None
        with contextlib.suppress(OSError):
            os.utime(sidecar)  # least recently used goes first
        return state.name

    def drop(self, name: str) -> None:
        state = self._folder / name
        _unlink(state.with_suffix(".json"))
        _unlink(state)

    def forget(self, documents: Iterable[str]) -> int:
        """Delete every state of these document texts, whichever model or process made it. Returns how many."""
        count = 0
        for document in documents:
            for sidecar in self._glob(f"{hash_text(document)[:24]}-*.json"):
                self.drop(sidecar.with_suffix(".state").name)
                count += 1
            for state in self._glob(f"{hash_text(document)[:24]}-*.state"):  # written by another process just now
                _unlink(state)
        return count

    def size_bytes(self) -> int:
        return sum(size for _, size, _ in self._entries())

    def evict(self) -> None:
        """Delete the least recently used states above the limit, and what writers left unfinished."""
        now = time.time()
        for file in [*self._glob("tmp-*"), *self._glob("*-*.state")]:
            with contextlib.suppress(OSError):
                unfinished = file.name.startswith("tmp-") or not file.with_suffix(".json").exists()
                if unfinished and now - file.stat().st_mtime > _STALE_S:
                    _unlink(file)
        entries = sorted(self._entries())
        total = sum(size for _, size, _ in entries)
        for _, size, name in entries:
            if total <= self._limit:
                return
            self.drop(name)
            total -= size

    def _entries(self) -> list[tuple[float, int, str]]:
        """(last use, bytes, state's name) of every complete state."""
        found = []
        for sidecar in self._glob("*-*.json"):
            state = sidecar.with_suffix(".state")
            if state.name.startswith("tmp-"):
                continue
            with contextlib.suppress(OSError):
                found.append((sidecar.stat().st_mtime, state.stat().st_size, state.name))
        return found

    def _glob(self, pattern: str) -> list[Path]:
        try:
            return list(self._folder.glob(pattern))
        except OSError:
            return []

    def _files(self, key: StateKey, document: str) -> tuple[Path, Path]:
        stem = f"{hash_text(document)[:24]}-{key.digest[:40]}"
        return self._folder / f"{stem}.state", self._folder / f"{stem}.json"


def _hash_file(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _unlink(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)

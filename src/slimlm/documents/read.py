"""Path -> Document: opens the file once, hands it to a worker process with limits, and checks what comes back.

This process never parses: it hashes the bytes, keeps time, watches memory, and kills. What a parser does wrong with a
hostile file (crash, hang, swell) ends the worker and becomes one ``SlimLMError`` here.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import queue
import signal
import stat
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

from slimlm import errors
from slimlm.documents.records import Document, ReadProgress
from slimlm.documents.serial import SerialError, unpack_document
from slimlm.documents.worker import FRAME, JOB_VARIABLE, OCR_PAGE_S
from slimlm.errors import (
    CancelledError,
    CorruptDocumentError,
    DocumentError,
    DocumentMemoryError,
    DocumentNotFoundError,
    DocumentPermissionError,
    DocumentTimeoutError,
    DocumentTooLargeError,
    EmptyDocumentError,
    NotAFileError,
    ReaderCrashedError,
    SlimLMError,
)
from slimlm.settings import DocumentSettings

_POLL_S = 0.03  # how fast a cancel or a limit is noticed
_CHUNK = 1 << 20
_MAX_MESSAGE = 1 << 16
_MAX_NAME = 120
_BASE_MEMORY = 160 << 20  # interpreter and parser libraries, before any document
_QUIET_MEMORY = 48 << 20  # what a worker that has not read anything yet has reserved
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_document(
    path: str | os.PathLike[str],
    settings: DocumentSettings | None = None,
    progress: Callable[[ReadProgress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Document:
    """Read one file. Blocks until done; ``progress`` is called in this thread; ``cancel`` ends it within 50 ms.

    Raises the ``DocumentError`` that fits (``errors.py``) or ``CancelledError``. The file is opened once, read-only.
    """
    limits = settings or DocumentSettings()
    file = Path(path)
    name = shown_name(file.name)
    handle, before = _open(file, name, limits)
    try:
        try:
            document = _Run(handle, name, limits, progress, cancel).document()
        except DocumentError as error:
            raise _changed(handle, before, name) or error from error.__cause__
        if changed := _changed(handle, before, name):
            raise changed
        return document
    finally:
        os.close(handle)


def shown_name(name: str) -> str:
    """A file's name as it may be shown: no controls, no direction marks, no bytes that are no text, not endless."""
    clean = "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") else c for c in name)
    return clean if len(clean) <= _MAX_NAME else f"{clean[: _MAX_NAME - 21]}…{clean[-20:]}"  # the ending says the kind


def _changed(handle: int, before: os.stat_result, name: str) -> DocumentError | None:
    after = os.fstat(handle)
    if (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns):
        return None
    return CorruptDocumentError(
        f"{name} changed while it was read.", "Wait until the program that writes it is done, then retry."
    )


def file_digest(path: str | os.PathLike[str], settings: DocumentSettings | None = None) -> str:
    """SHA-256 of a file in hex: the ``id`` its Document has or would have. Raises as ``read_document`` does."""
    file = Path(path)
    handle, _ = _open(file, file.name.encode("utf-8", "replace").decode(), settings or DocumentSettings())
    try:
        digest = hashlib.sha256()
        at = 0
        while piece := _read_at(handle, at):
            digest.update(piece)
            at += len(piece)
        return digest.hexdigest()
    finally:
        os.close(handle)


def _open(file: Path, name: str, limits: DocumentSettings) -> tuple[int, os.stat_result]:
    """Open a regular file without ever blocking on a FIFO or waking a device."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        _check_kind(file.stat(), name)  # before opening: opening a device can already act on it
        handle = os.open(file, flags)
    except OSError as error:
        raise _open_error(error, name) from error
    except ValueError as error:  # a NUL in the path
        raise DocumentNotFoundError("That path cannot name a file.") from error
    try:
        found = os.fstat(handle)
        _check_kind(found, name)
        if found.st_size == 0:
            raise EmptyDocumentError(f"{name} is empty (0 bytes).")
        if found.st_size > limits.max_file_mb << 20:
            megabytes = found.st_size / (1 << 20)
            raise DocumentTooLargeError(f"{name} has {megabytes:,.0f} MB (limit {limits.max_file_mb:,} MB).")
        return handle, found
    except BaseException:
        os.close(handle)
        raise


def _check_kind(found: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        what = next((words for test, words in _KINDS if test(found.st_mode)), "not a file")
        raise NotAFileError(f"{name or 'That path'} is {what}.")


def _open_error(error: OSError, name: str) -> DocumentError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL):
        return DocumentNotFoundError(f"There is no file {name!r} at that path.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return DocumentPermissionError(f"You have no permission to read {name}.")
    return DocumentError(f"{name} cannot be opened: {error.strerror}.", "Check the disk or the network share it is on.")


class _Run:
    """One worker process and what it says."""

    def __init__(
        self,
        handle: int,
        name: str,
        limits: DocumentSettings,
        progress: Callable[[ReadProgress], None] | None,
        cancel: threading.Event | None,
    ) -> None:
        self._handle, self._name, self._limits = handle, name, limits
        self._progress = progress or (lambda _: None)
        self._cancel = cancel or threading.Event()
        self._deadline = time.monotonic() + limits.timeout_s
        self._ocr_pages = 0
        self._peak_bytes = 0
        self._frames: queue.SimpleQueue[tuple[bytes, bytes] | None] = queue.SimpleQueue()

    def document(self) -> Document:
        self._check_cancel()
        process = self._start()
        assert process.stdout is not None
        listener = threading.Thread(target=self._listen, args=(process.stdout,), daemon=True)
        listener.start()
        try:
            digest = self._hash()
            packed = self._answer(process)
        finally:
            process.kill()  # reaps at once and leaves no zombie, whatever happened
            process.wait()
            listener.join()
            process.stdout.close()
        try:
            document = unpack_document(packed, self._limits.max_chars)
        except SerialError as error:
            raise ReaderCrashedError(f"The reader's answer about {self._name} is damaged.") from error
        return replace(document, id=digest, name=self._name)

    def _start(self) -> subprocess.Popen[bytes]:
        job = {"name": self._name, "limits": asdict(self._limits), "parent": os.getpid()}
        root = str(Path(__file__).resolve().parents[2])
        env = os.environ | {
            JOB_VARIABLE: json.dumps(job),
            "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH")))),
            "PYTHONUTF8": "1",
            # One arena instead of one per thread: memory limits count what is reserved.
            "MALLOC_ARENA_MAX": "2",
        }
        try:
            return subprocess.Popen(
                # -P: never import from the current folder, which may be the hostile document's own.
                [sys.executable, "-P", "-m", "slimlm.documents.worker"],
                stdin=self._handle,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=env,
                start_new_session=True,  # Ctrl-C reaches this process alone, which then kills the worker
            )
        except OSError as error:
            raise DocumentError(f"The reader cannot be started: {error.strerror}.", "Close other programs.") from error

    def _hash(self) -> str:
        """SHA-256 of the file while the worker starts. Reads at explicit places, because the offset is shared."""
        digest = hashlib.sha256()
        at = 0
        while piece := _read_at(self._handle, at):
            digest.update(piece)
            at += len(piece)
            self._check_cancel()
        return digest.hexdigest()

    def _listen(self, pipe: IO[bytes]) -> None:
        """Frames from the pipe into the queue, None at its end. Each kind of frame has its largest size."""
        most = {b"P": _MAX_MESSAGE, b"E": _MAX_MESSAGE, b"D": 24 * self._limits.max_chars + (64 << 20)}
        try:
            while len(head := pipe.read(FRAME.size)) == FRAME.size:
                letter, size = FRAME.unpack(head)
                if size > most.get(letter, 0):
                    break
                payload = pipe.read(size)
                if len(payload) < size:
                    break
                self._frames.put((letter, payload))
        except (OSError, ValueError):  # the pipe was closed under us
            pass
        self._frames.put(None)

    def _answer(self, process: subprocess.Popen[bytes]) -> bytes:
        while True:
            self._check_cancel()
            self._check_limits(process)
            try:
                frame = self._frames.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if frame is None:
                raise self._death(process)
            letter, payload = frame
            if letter == b"D":
                return payload
            if letter == b"E":
                raise self._error(payload)
            self._note_progress(payload)

    def _note_progress(self, payload: bytes) -> None:
        try:
            stage, done, total = json.loads(payload)
            update = ReadProgress(str(stage)[:20], int(done), int(total))
        except (ValueError, TypeError) as error:
            raise ReaderCrashedError(f"The reader's answer about {self._name} is damaged.") from error
        if update.stage == "ocr" and self._ocr_pages < self._limits.ocr_max_pages:
            self._ocr_pages += 1
            self._deadline += OCR_PAGE_S
        self._progress(update)

    def _check_cancel(self) -> None:
        if self._cancel.is_set():
            raise CancelledError(f"Reading {self._name} was stopped.")

    def _check_limits(self, process: subprocess.Popen[bytes]) -> None:
        if time.monotonic() > self._deadline:
            raise DocumentTimeoutError(f"Reading {self._name} took longer than {self._limits.timeout_s:g} s.")
        used, reserved = _memory(process.pid)
        self._peak_bytes = max(self._peak_bytes, used, reserved)
        if used > (self._limits.memory_mb << 20) + _BASE_MEMORY:
            raise self._too_much_memory()

    def _too_much_memory(self) -> DocumentMemoryError:
        return DocumentMemoryError(f"Reading {self._name} needs more than {self._limits.memory_mb:,} MB of memory.")

    def _death(self, process: subprocess.Popen[bytes]) -> SlimLMError:
        """Why a worker ended without an answer."""
        try:
            status = process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return ReaderCrashedError(f"The reader of {self._name} broke off.")
        if status == -getattr(signal, "SIGXCPU", 0):
            return DocumentTimeoutError(f"Reading {self._name} took too much processor time.")
        # C++ parsers abort when an allocation fails, and a vector that doubles fails at a third of the limit: a quarter
        # of the allowance in use is the only trace left of it. Other deaths need more evidence.
        aborted = status in [-getattr(signal, name, 0) for name in ("SIGABRT", "SIGTRAP", "SIGILL")]
        if self._peak_bytes - _QUIET_MEMORY > (self._limits.memory_mb << 20) // (4 if aborted else 2):
            return self._too_much_memory()
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return ReaderCrashedError(f"The reader crashed on {self._name} ({how}).")

    def _error(self, payload: bytes) -> SlimLMError:
        """The worker's error as an exception of the same class, if it is one of ours."""
        try:
            data: Any = json.loads(payload)
            kind = getattr(errors, str(data["class"]), None)
            message, hint = str(data["message"])[:2000], str(data["hint"])[:2000]
            detail = str(data.get("detail", ""))[:8000]
        except (ValueError, KeyError, TypeError):
            return ReaderCrashedError(f"The reader's answer about {self._name} is damaged.")
        if not (isinstance(kind, type) and issubclass(kind, SlimLMError)):
            return ReaderCrashedError(f"The reader crashed on {self._name}.")
        error = kind(message, hint)
        if detail:
            error.add_note(detail)  # shown under --debug only
        return error


def _read_at(handle: int, at: int) -> bytes:
    return os.pread(handle, _CHUNK, at) if hasattr(os, "pread") else os.read(handle, _CHUNK)


def _memory(pid: int) -> tuple[int, int]:
    """(bytes in memory of the process's own, bytes reserved); the mapped document is in neither. 0 where unknown."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123  (read thirty times a second)
            _, resident, shared, _, _, data, *_ = map(int, file.read().split())
    except (OSError, ValueError):
        return 0, 0
    page = os.sysconf("SC_PAGE_SIZE")
    return (resident - shared) * page, data * page

"""What every way of getting a model file shares: progress, cancelling, hashing, disk space, one puller at a time.

What enters: paths and a cancel event. What leaves: hashes, held locks, and errors with a next step.
This module refuses to know where files come from.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from slimlm.errors import CancelledError, ChecksumError, DiskSpaceError, SlimLMError, StorageError

# (done, total or None, stage). Stages: waiting, connecting, downloading, unpacking, checking, converting.
# done and total are bytes; while converting, some unit of work; while waiting and connecting there is no total.
Progress = Callable[[int, int | None, str], None]

CHUNK_BYTES = 1 << 20
SPACE_MARGIN_BYTES = 64 << 20  # left free for the rest of the system
LOCK_POLL_S = 0.2


def silent(_done: int, _total: int | None, _stage: str) -> None:
    """A progress callback for callers that show nothing."""


@dataclass(frozen=True, slots=True)
class Work:
    """How one pull reports and is stopped. ``cancel`` set by another thread ends it with ``CancelledError``."""

    progress: Progress = silent
    cancel: threading.Event | None = None

    def check(self) -> None:
        if self.cancel is not None and self.cancel.is_set():
            raise CancelledError("The download was stopped.")

    def wait(self, seconds: float) -> None:
        """Sleep, or raise ``CancelledError`` as soon as the work is cancelled."""
        if self.cancel is None:
            time.sleep(seconds)
        else:
            self.cancel.wait(seconds)
        self.check()


def storage_error(error: OSError, what: str) -> SlimLMError:
    """The user's version of an ``OSError`` met while writing ``what``."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskSpaceError(f"The disk is full: {what} could not be written.")
    return StorageError(f"{what} could not be written: {error.strerror or error}.")


def require_space(folder: Path, needed_bytes: int) -> None:
    """Raise ``DiskSpaceError`` unless ``needed_bytes`` (and a margin) fit on the disk that holds ``folder``."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + SPACE_MARGIN_BYTES:
        raise DiskSpaceError(
            f"Not enough disk space in {folder}: {needed_bytes / 1e6:.0f} MB are needed, {free / 1e6:.0f} MB are free."
        )


def hash_file(file: Path, work: Work | None = None, stage: str = "checking") -> str:
    """SHA-256 (hex) of a file, reporting progress."""
    job = work or Work()
    digest, done, total = hashlib.sha256(), 0, file.stat().st_size
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            job.check()
            digest.update(chunk)
            done += len(chunk)
            job.progress(done, total, stage)
    return digest.hexdigest()


def copy_stream(source: IO[bytes], target: Path, total: int | None, work: Work, stage: str) -> str:
    """Write a stream to ``target`` and return its SHA-256. Memory stays at one chunk."""
    digest, done = hashlib.sha256(), 0
    with target.open("wb") as out:
        while chunk := source.read(CHUNK_BYTES):
            work.check()
            out.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            work.progress(done, total, stage)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def require_sha256(file: Path, actual: str, expected: str | None, origin: str) -> None:
    """Delete ``file`` and raise ``ChecksumError`` when its hash is not the expected one (None: unknown, accept)."""
    if expected is not None and actual != expected.lower():
        file.unlink(missing_ok=True)
        raise ChecksumError(f"{origin} is not the expected file (SHA-256 {actual[:16]}…, not {expected[:16]}…).")


@contextmanager
def written_whole(target: Path) -> Iterator[BinaryIO]:
    """A file that becomes ``target`` when the block ends, on disk and complete, or leaves nothing when it fails."""
    partial = target.with_name(target.name + ".new")
    try:
        with partial.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_json(file: Path, value: Any) -> None:
    """Write a record in one step: readers see the old one or the new one, never half of it."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise storage_error(error, str(file)) from error


def read_json(file: Path) -> Any:
    """The record, or None when it is missing. Raises ``StorageError`` when it is damaged."""
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StorageError(f"{file} cannot be read: {error}.", f"Delete {file} and pull the model again.") from error


@contextmanager
def only_one(lock_file: Path, work: Work) -> Iterator[bool]:
    """Hold ``lock_file`` exclusively; yields True when another process was waited for.

    The operating system frees the lock when its holder dies, however it dies. While waiting, progress shows the stage
    ``waiting`` and cancelling works.
    """
    waited = False
    try:
        stream = lock_file.open("a+b")
    except OSError as error:
        raise storage_error(error, str(lock_file)) from error
    with stream:
        while not _try_lock(stream.fileno()):
            waited = True
            work.progress(0, None, "waiting")
            work.wait(LOCK_POLL_S)
        try:
            yield waited
        finally:
            _unlock(stream.fileno())


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415

            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise storage_error(error, "The lock file") from error
    return True


def _unlock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl  # noqa: PLC0415

        fcntl.flock(descriptor, fcntl.LOCK_UN)

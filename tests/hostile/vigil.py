"""What must hold around every reading of a hostile file, whatever its end.

What enters: the file and how long reading may take. What leaves: the document or the error, after checking that the
caller's process, its children, files and descriptors, and the file itself are as they were.
"""

from __future__ import annotations

import builtins
import ctypes
import hashlib
import os
import pickle
import signal
import stat
import sys
import threading
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pytest

from hostile.make_files import MB, SECRET
from slimlm.documents import read_document
from slimlm.documents.records import Document
from slimlm.errors import DocumentError, SlimLMError
from slimlm.settings import DocumentSettings

_PR_SET_CHILD_SUBREAPER = 36
_GRACE_S = 2.0  # a killed child needs a moment to disappear
_EXCEPTIONS = [name for name in dir(builtins) if name.endswith("Error")]  # nothing that a person would understand
_HASHED_BYTES = 64 * MB  # sparse giants are compared by their times only


@dataclass(frozen=True)
class Outcome:
    document: Document | None
    error: DocumentError | None
    seconds: float


def children() -> set[int]:
    """Ids of this process's children, dead ones that nobody waited for included; none where /proc does not tell."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = entry.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:  # it ended in between
            continue
        if int(after_name[1]) == os.getpid():
            found.add(int(entry.parent.name))
    return found


def adopt_orphans() -> None:
    """Make grandchildren whose parent died children of this process, so that ``children`` sees them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0  # noqa: PTH208


def listing(folder: Path) -> set[str]:
    return {str(item.relative_to(folder)) for item in folder.rglob("*")} if folder.is_dir() else set()


def fingerprint(path: Path, folder: Path) -> tuple[object, ...] | None:
    """What must not change; None for what is no regular file in ``folder``."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode) or not path.is_relative_to(folder):
        return None
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if found.st_size < _HASHED_BYTES else ""
    return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, digest


class Vigil:
    """Reads documents and looks around before and after. ``scratch`` is the folder for temporary files."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder, self.scratch = folder, scratch

    def read(self, path: Path, settings: DocumentSettings) -> Outcome:
        """``read_document`` with everything around it checked; other exceptions than document errors pass through."""
        before = (
            children(),
            open_descriptors(),
            threading.active_count(),
            listing(self.folder),
            fingerprint(path, self.folder),
        )
        start = time.monotonic()
        try:
            outcome = Outcome(read_document(path, settings), None, time.monotonic() - start)
        except DocumentError as error:
            outcome = Outcome(None, error, time.monotonic() - start)
        self.nothing_left(*before[:3])
        assert listing(self.folder) == before[3], "files appeared or vanished beside the document"
        assert fingerprint(path, self.folder) == before[4], "the document was changed"
        if outcome.document is not None:
            check_document(outcome.document, path, settings)
        if outcome.error is not None:
            check_error(outcome.error, self.scratch, self.folder)
        return outcome

    def nothing_left(self, old_children: set[int], n_descriptors: int, n_threads: int) -> None:
        deadline = time.monotonic() + _GRACE_S
        while (left := children() - old_children) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not left, f"processes are left: {left}"
        assert open_descriptors() <= n_descriptors, "file descriptors are left open"
        assert threading.active_count() <= n_threads, "threads are left"
        assert not listing(self.scratch), f"temporary files are left: {listing(self.scratch)}"


def check_document(document: Document, path: Path, settings: DocumentSettings) -> None:
    """Promises of the records that hostile input likes to break."""
    text = document.text
    text.encode()  # no lone surrogates
    shown = (document.name, document.title, *(n.message for n in document.notices), *(p.label for p in document.pages))
    for words in shown:
        words.encode()
        assert not [c for c in words if unicodedata.category(c) == "Cc"], f"control characters in {words!r}"
        assert SECRET not in words
        assert str(path.parent) not in words
    assert "\0" not in text
    assert SECRET not in text
    assert "root:x:0" not in text
    assert len(text) <= settings.max_chars
    assert len(document.title) <= 1000
    assert document.id == hashlib.sha256(path.read_bytes()).hexdigest()
    assert document.n_bytes == path.stat().st_size
    assert 0 < len(document.pages) <= settings.max_pages
    spans = [(part.start, part.end) for part in document.pages]
    spans += [(part.start, part.end) for part in document.blocks]
    spans += [(part.start, part.end) for part in document.sections]
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    n_pages = len(document.pages)
    numbers = [part.page for part in document.blocks] + [part.page for part in document.sections]
    assert all(1 <= number <= n_pages for number in numbers)
    assert all(0 <= s < e <= len(text) for s, e in zip(document.words.start, document.words.end, strict=True))
    assert all(1 <= number <= n_pages for number in document.words.page)


def check_error(error: SlimLMError, scratch: Path, folder: Path) -> None:
    """A message and a next step for a person: short, one line, nothing of the program's inside."""
    for words in (error.message, error.hint):
        assert words.strip()
        words.encode()
        assert len(words) <= 500
        assert not [c for c in words if unicodedata.category(c) in {"Cc", "Cf"}], f"control characters in {words!r}"
        assert not [name for name in _EXCEPTIONS if name in words], f"an exception's name in {words!r}"
        for leak in ("Traceback", 'File "', ".py", "site-packages", "0x", str(scratch), str(folder), SECRET):
            assert leak not in words, f"{leak!r} in {words!r}"
    assert 10 <= error.exit_code <= 29
    assert 400 <= error.http_status <= 599
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.hint) == (type(error), error.message, error.hint)


def stop_children(number: signal.Signals, old: set[int], patience_s: float = 10.0) -> int:
    """Send a signal to the first child that appears; its id."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        for child in children() - old:
            os.kill(child, number)
            return child
        time.sleep(0.005)
    pytest.fail("no reading process appeared")

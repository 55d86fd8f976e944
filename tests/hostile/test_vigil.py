"""The watch itself: a reader that leaves something behind, changes the file or tells too much has to be noticed."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hostile import vigil as watch
from hostile.cases import NO_OCR
from hostile.make_files import MARK, SECRET, write
from hostile.vigil import Vigil
from slimlm.documents import read_document
from slimlm.documents.records import Document
from slimlm.errors import CorruptDocumentError
from slimlm.settings import DocumentSettings

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="processes are seen through /proc")

Undo = Callable[[], object]


def leave_process(_: Path) -> Undo:
    child = subprocess.Popen(["sleep", "60"])

    def end() -> None:
        child.kill()
        child.wait()

    return end


def leave_zombie(_: Path) -> Undo:
    child = subprocess.Popen(["true"])
    return child.wait


def leave_temporary_file(_: Path) -> Undo:
    handle, name = tempfile.mkstemp()
    os.close(handle)
    return Path(name).unlink


def leave_descriptor(_: Path) -> Undo:
    handle = os.open(os.devnull, os.O_RDONLY)
    return lambda: os.close(handle)


def leave_thread(_: Path) -> Undo:
    done = threading.Event()
    threading.Thread(target=done.wait).start()
    return done.set


def change_document(path: Path) -> Undo:
    path.write_text(MARK.upper())
    return lambda: None


def touch_document(path: Path) -> Undo:
    os.utime(path, (1, 1))
    return lambda: None


def write_beside(path: Path) -> Undo:
    return write(path.parent, "lease.txt.bak", "x").unlink


def tell_secret(_: Path) -> Undo:
    raise CorruptDocumentError(f"Line 1 says {SECRET}.")


def tell_exception(_: Path) -> Undo:
    raise CorruptDocumentError("lease.txt: KeyError: 'rId3'")


def tell_path(path: Path) -> Undo:
    raise CorruptDocumentError(f"{path} is damaged.")


def tell_escape(_: Path) -> Undo:
    raise CorruptDocumentError("lease\x1b[31m.txt is damaged.")


def say_nothing(_: Path) -> Undo:
    raise CorruptDocumentError("", "")


FAULTS = (
    *(leave_process, leave_zombie, leave_temporary_file, leave_descriptor, leave_thread),
    *(change_document, touch_document, write_beside),
    *(tell_secret, tell_exception, tell_path, tell_escape, say_nothing),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.__name__))
def test_fault_is_noticed(fault: Callable[[Path], Undo], vigil: Vigil, monkeypatch: pytest.MonkeyPatch) -> None:
    undo: list[Undo] = []

    def faulty(path: Path, settings: DocumentSettings) -> Document:
        document = read_document(path, settings)
        undo.append(fault(path))
        return document

    monkeypatch.setattr(watch, "read_document", faulty)
    monkeypatch.setattr(watch, "_GRACE_S", 0.1)
    try:
        with pytest.raises(AssertionError):
            vigil.read(write(vigil.folder, "lease.txt", MARK), NO_OCR)
    finally:
        for action in undo:
            action()

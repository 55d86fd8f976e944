"""Reads every hostile file and checks how it ended, how long it took and that nothing else happened."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from hostile import cases, make_files
from hostile.cases import HARD_LIMIT_S, NO_OCR, Case
from hostile.make_files import MARK, good_docx, write
from hostile.vigil import Outcome, Vigil
from slimlm import errors as e
from slimlm.documents import read_document

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="files and processes are watched by POSIX means"),
    pytest.mark.timeout(90),  # the last resort: a reader that does not keep its own limits must not stop the suite
]


def crowding() -> float:
    """How many processes share a core (1 where each has its own): times are promised for a machine that is free."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def check_end(case: Case, outcome: Outcome) -> None:
    assert outcome.seconds < min(case.bound_s, HARD_LIMIT_S) * crowding(), f"took {outcome.seconds:.1f} s"
    if outcome.error is not None:
        allowed = [error.__name__ for error in case.errors]
        assert type(outcome.error).__name__ in allowed, f"{type(outcome.error).__name__}: {outcome.error.message}"
        assert case.hint in outcome.error.hint
        return
    document = outcome.document
    assert document is not None
    assert case.opens is not None, f"opened with {document.text[:80]!r}"
    assert " ".join(case.opens.split()) in " ".join(document.text.split())
    assert case.format in ("", document.format)
    for words in case.absent:
        assert words not in document.text


@pytest.mark.parametrize("case", cases.ALL, ids=str)
def test_file(case: Case, vigil: Vigil) -> None:
    check_end(case, vigil.read(case.make(vigil.folder), case.settings))


# --- paths that lead to no document ----------------------------------------------------------------------------------


def link(folder: Path, target: str) -> Path:
    (folder / "link.docx").symlink_to(target)
    return folder / "link.docx"


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "lease.docx")
    return folder / "lease.docx"


def unix_socket(folder: Path) -> Path:
    """Bound under a relative name, because the address of a socket may not be long."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("s.docx")
    finally:
        os.chdir(here)
    return folder / "s.docx"


def link_loop(folder: Path) -> Path:
    (folder / "other").symlink_to("link.docx")
    return link(folder, "other")


PATHS: dict[str, tuple[Callable[[Path], Path], tuple[type[e.DocumentError], ...]]] = {
    "missing": (lambda folder: folder / "lease.pdf", (e.DocumentNotFoundError,)),
    "missing_folder": (lambda folder: folder / "no" / "lease.pdf", (e.DocumentNotFoundError,)),
    "below_a_file": (lambda folder: write(folder, "a.txt", MARK) / "b.txt", (e.DocumentNotFoundError,)),
    "name_too_long": (lambda folder: folder / ("x" * 5000), (e.DocumentNotFoundError,)),
    "nul_in_path": (lambda folder: folder / "a\0b.txt", (e.DocumentNotFoundError,)),
    "empty_path": (lambda _: Path(), (e.NotAFileError, e.DocumentNotFoundError)),
    "folder": (lambda folder: folder, (e.NotAFileError,)),
    "root": (lambda _: Path("/"), (e.NotAFileError,)),
    "fifo": (fifo, (e.NotAFileError,)),
    "unix_socket": (unix_socket, (e.NotAFileError,)),
    "dev_zero": (lambda _: Path("/dev/zero"), (e.NotAFileError,)),
    "dev_null": (lambda _: Path("/dev/null"), (e.NotAFileError,)),
    "dev_tty": (lambda _: Path("/dev/tty"), (e.NotAFileError, e.DocumentNotFoundError)),
    "broken_link": (lambda folder: link(folder, "nowhere"), (e.DocumentNotFoundError,)),
    "link_loop": (link_loop, (e.DocumentNotFoundError, e.NotAFileError)),
    "link_to_folder": (lambda folder: link(folder, "."), (e.NotAFileError,)),
    "link_to_device": (lambda folder: link(folder, "/dev/zero"), (e.NotAFileError,)),
}


@pytest.mark.parametrize("name", PATHS)
def test_path(name: str, vigil: Vigil) -> None:
    make, allowed = PATHS[name]
    check_end(cases.fails(name, make, *allowed, bound_s=1.0), vigil.read(make(vigil.folder), NO_OCR))


def test_link_to_document_opens(vigil: Vigil) -> None:
    write(vigil.folder, "real.docx", good_docx())
    outcome = vigil.read(link(vigil.folder, "real.docx"), NO_OCR)
    assert outcome.document is not None
    assert outcome.document.name == "link.docx"


def test_file_of_the_system_without_a_size(vigil: Vigil) -> None:
    """Files below /proc say that they have 0 bytes and hold more; some never end."""
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc here")
    assert type(vigil.read(Path("/proc/self/status"), NO_OCR).error) is e.EmptyDocumentError


HOSTILE_NAMES = {
    "escape_sequence": "a\x1b[31m\x1b]0;x\x07.docx",
    "newline": "a\nERROR: all is lost.docx",
    "bidi": "a\u202excod.docx",
    "not_utf8": os.fsdecode(b"a\xff\xfe.docx"),
    "spaces_and_quotes": " a '\"$(touch pwned)`touch pwned`;|&.docx",
    "percent_and_braces": "%s%n{0}{name}.docx",
    "option": "--help.docx",
    "longest": "x" * 250 + ".docx",
    "no_stem": ".docx",
}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("content", ["good", "broken", "empty", "missing"])
def test_name(name: str, content: str, vigil: Vigil) -> None:
    """A hostile name neither breaks reading nor reaches a screen as it is."""
    path = vigil.folder / HOSTILE_NAMES[name]
    if content != "missing":
        write(vigil.folder, path.name, {"good": good_docx(), "broken": good_docx()[:300], "empty": b""}[content])
    outcome = vigil.read(path, NO_OCR)
    if content == "good":
        assert outcome.document is not None
        assert MARK in outcome.document.text
    else:
        ends = {"broken": e.CorruptDocumentError, "empty": e.EmptyDocumentError, "missing": e.DocumentNotFoundError}
        assert type(outcome.error) is ends[content]


def read_as_nobody(folder: Path, path: str) -> str:
    """Read in a forked child that has given up root's rights; relative, because tests' folders are closed to others.

    A new interpreter would not do: it may stand where only root can start it.
    """
    source, sink = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads: the child uses none of them
        child = os.fork()
    if child == 0:
        try:
            os.chdir(folder)
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            read_document(path, NO_OCR)
            os.write(sink, b"opened")
        except BaseException as error:  # noqa: BLE001  (nothing may leave the child but its answer)
            os.write(sink, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(sink)
    os.waitpid(child, 0)
    with os.fdopen(source) as answer:
        return answer.read()


@pytest.mark.parametrize("closed", ["file", "folder"])
def test_no_permission(closed: str, vigil: Vigil) -> None:
    inner = vigil.folder / "inner"
    inner.mkdir()
    path = write(inner, "lease.docx", good_docx())
    inner.chmod(0o755)
    (path if closed == "file" else inner).chmod(0)
    answer = read_as_nobody(vigil.folder, "inner/lease.docx")
    inner.chmod(0o700)
    assert answer.startswith("DocumentPermissionError: "), answer
    assert "lease.docx" in answer


def test_every_not_document_has_a_case() -> None:
    named = {case.name for case in cases.ALL}
    assert set(make_files.NOT_DOCUMENTS) <= named
    assert len(named) == len(cases.ALL)

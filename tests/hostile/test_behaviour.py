"""What happens when reading goes wrong in time: hangs, crashes, swells, is stopped, or the file changes meanwhile."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from hostile import cases
from hostile import make_files as m
from hostile import make_office as o
from hostile import make_pdf as p
from hostile import make_sheets as s
from hostile import make_text as t
from hostile.cases import NO_OCR
from hostile.vigil import Vigil, check_error, children, open_descriptors, stop_children
from slimlm import errors as e
from slimlm.documents import read_document
from slimlm.documents.records import ReadProgress
from slimlm.settings import DocumentSettings

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="files and processes are watched by POSIX means"),
    pytest.mark.timeout(90),
]
ENDLESS = p.form_laughs(30)  # 10 ** 30 drawings


@pytest.fixture(autouse=True)
def next_document_opens(vigil: Vigil) -> Iterator[None]:
    """Whatever happened: nothing is left of it, and the next good document opens."""
    before = (children(), open_descriptors(), threading.active_count())
    yield
    vigil.nothing_left(*before)
    outcome = vigil.read(m.write(vigil.folder, "next.docx", m.good_docx()), NO_OCR)
    assert outcome.document is not None
    assert m.MARK in outcome.document.text


def send_to_worker(number: signal.Signals) -> Callable[[ReadProgress], None]:
    """A progress callback that sends a signal to the reading process, once."""
    old, sent = children(), threading.Event()

    def on_progress(_: ReadProgress) -> None:
        if not sent.is_set():
            sent.set()
            stop_children(number, old)

    return on_progress


# --- time, memory, crashes -------------------------------------------------------------------------------------------


def test_busy_parser_ends_at_the_time_limit(vigil: Vigil) -> None:
    start = time.monotonic()
    with pytest.raises(e.DocumentTimeoutError) as caught:
        read_document(ENDLESS(vigil.folder), replace(NO_OCR, timeout_s=2.0))
    assert 1.5 < time.monotonic() - start < 4.0
    check_error(caught.value, vigil.scratch, vigil.folder)


def test_stopped_worker_ends_at_the_time_limit(vigil: Vigil) -> None:
    """A process that answers no polite signal any more."""
    start = time.monotonic()
    with pytest.raises(e.DocumentTimeoutError):
        read_document(ENDLESS(vigil.folder), replace(NO_OCR, timeout_s=2.0), send_to_worker(signal.SIGSTOP))
    assert time.monotonic() - start < 4.0


def test_time_limit_of_zero(vigil: Vigil) -> None:
    with pytest.raises(e.DocumentTimeoutError):
        read_document(ENDLESS(vigil.folder), replace(NO_OCR, timeout_s=0.0))


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGILL, signal.SIGBUS, signal.SIGTERM])
def test_dead_worker_is_a_crash(number: signal.Signals, vigil: Vigil) -> None:
    start = time.monotonic()
    with pytest.raises(e.ReaderCrashedError) as caught:
        read_document(ENDLESS(vigil.folder), NO_OCR, send_to_worker(number))
    assert time.monotonic() - start < 5.0
    check_error(caught.value, vigil.scratch, vigil.folder)


def test_killed_worker(vigil: Vigil) -> None:
    """SIGKILL is what the kernel sends when memory ends: both names are right."""
    with pytest.raises((e.ReaderCrashedError, e.DocumentMemoryError)):
        read_document(ENDLESS(vigil.folder), NO_OCR, send_to_worker(signal.SIGKILL))


@pytest.mark.parametrize(
    ("make", "memory_mb"),
    [(t.long_line(10_000_000), 16), (p.one_long_line, 256), (s.many_cells(500, 800), 16), (o.million_paragraphs, 64)],
    ids=["text", "pdf", "xlsx", "docx"],
)
def test_memory_limit(make: m.Maker, memory_mb: int, vigil: Vigil) -> None:
    outcome = vigil.read(make(vigil.folder), replace(NO_OCR, memory_mb=memory_mb))
    assert type(outcome.error) is e.DocumentMemoryError
    assert outcome.seconds < 15.0


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (p.many_pages(20), replace(NO_OCR, max_pages=19)),
        (o.many_slides(20), replace(NO_OCR, max_pages=19)),
        (s.many_cells(100, 10), replace(NO_OCR, max_cells=999)),
        (t.long_line(10_000), replace(NO_OCR, max_chars=9_000)),
        (o.docx_body(o.PARAGRAPH.format(text=m.MARK) * 200), replace(NO_OCR, max_chars=9_000)),
        (t.html(f"<p>{m.MARK}</p>" * 200), replace(NO_OCR, max_chars=9_000)),
        (p.many_pages(200), replace(NO_OCR, max_chars=9_000)),
        (t.plain(m.MARK), replace(NO_OCR, max_file_mb=0)),
    ],
    ids=["pdf_pages", "slides", "cells", "text", "docx", "html", "pdf", "bytes"],
)
def test_limit_in_settings(make: m.Maker, settings: DocumentSettings, vigil: Vigil) -> None:
    outcome = vigil.read(make(vigil.folder), settings)
    assert type(outcome.error) is e.DocumentTooLargeError
    assert outcome.seconds < 5.0


# --- stopping --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.8])
def test_cancel_stops_within_a_second(after_s: float, vigil: Vigil) -> None:
    cancel, path = threading.Event(), ENDLESS(vigil.folder)
    timer = threading.Timer(after_s, cancel.set)
    start = time.monotonic()
    timer.start()
    with pytest.raises(e.CancelledError):
        read_document(path, NO_OCR, None, cancel)
    assert time.monotonic() - start < after_s + 1.0
    timer.join()


def test_cancel_before_reading(vigil: Vigil) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(e.CancelledError):
        read_document(m.write(vigil.folder, "lease.docx", m.good_docx()), NO_OCR, None, cancel)


def test_cancel_while_a_giant_is_hashed(vigil: Vigil) -> None:
    cancel, path = threading.Event(), t.huge_sparse(vigil.folder)
    threading.Timer(0.2, cancel.set).start()
    start = time.monotonic()
    with pytest.raises(e.CancelledError):
        read_document(path, replace(NO_OCR, max_file_mb=1024), None, cancel)
    assert time.monotonic() - start < 1.5


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_exception_in_the_callback(stop: type[BaseException], vigil: Vigil) -> None:
    """Ctrl-C arrives as an exception in the middle of reading."""

    def on_progress(_: ReadProgress) -> None:
        raise stop

    with pytest.raises(stop):
        read_document(ENDLESS(vigil.folder), NO_OCR, on_progress)


def test_dead_caller_leaves_no_reader(vigil: Vigil) -> None:
    """The program is killed in the middle: its worker has to go too."""
    path, old = ENDLESS(vigil.folder), children()
    code = (
        "import sys; from slimlm.documents import read_document; read_document(sys.argv[1], None, lambda p: print(p))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-u", "-c", code, str(path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        caller.stdout.readline()  # the worker has begun
        caller.kill()
    deadline = time.monotonic() + 3.0
    while (orphans := children() - old) and time.monotonic() < deadline:
        for orphan in orphans:  # this process has adopted it
            os.waitpid(orphan, os.WNOHANG)
        time.sleep(0.05)
    assert not orphans


# --- the file changes while it is read -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [100_000, 12_000_000], ids=["small", "mapped"])
@pytest.mark.parametrize("how", ["truncated", "emptied", "grown", "deleted", "replaced"])
def test_file_changes_while_read(how: str, size: int, vigil: Vigil) -> None:
    """Large files are mapped into memory: touching a page that is gone kills the process that touches it."""
    path, done = t.long_line(size)(vigil.folder), threading.Event()

    def on_progress(_: ReadProgress) -> None:
        if done.is_set():
            return
        done.set()
        if how == "deleted":
            path.unlink()
        elif how == "replaced":
            m.write(vigil.folder, "other", b"other text").rename(path)
        else:
            os.truncate(path, {"truncated": size // 2, "emptied": 0, "grown": size * 2}[how])

    if how in ("deleted", "replaced"):
        assert read_document(path, NO_OCR, on_progress).text.startswith(m.MARK)
        return
    with pytest.raises((e.CorruptDocumentError, e.ReaderCrashedError, e.EmptyDocumentError)) as caught:
        read_document(path, NO_OCR, on_progress)
    check_error(caught.value, vigil.scratch, vigil.folder)


# --- several at once -------------------------------------------------------------------------------------------------


def test_many_at_once(vigil: Vigil) -> None:
    """Good and hostile documents in six threads: each gets its own end."""
    named = {case.name: case for case in cases.ALL}
    names = ["docx_bomb", "pdf_cut_at_2_percent", "pdf_named_docx", "xlsx_far_apart", "elf", "text_bidi"] * 2
    paths = []
    for i, name in enumerate(names):
        folder = vigil.folder / str(i)
        folder.mkdir()
        paths.append(named[name].make(folder))

    def end(path: Path) -> type[BaseException] | str:
        try:
            return read_document(path, NO_OCR).text
        except e.DocumentError as error:
            return type(error)

    with ThreadPoolExecutor(6) as pool:
        ends = list(pool.map(end, paths))
    for name, found in zip(names, ends, strict=True):
        case = named[name]
        assert (found in case.errors) if isinstance(found, type) else (case.opens is not None and case.opens in found)
    assert ends[:6] == ends[6:]


# --- nothing is fetched ----------------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[tuple[str, list[str]]]:
    """A web server on the loopback that notes every request."""
    heard: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def handle(self) -> None:
            heard.append(self.client_address[0])

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", heard
    server.shutdown()
    server.server_close()
    thread.join()


def html_remote(site: str, folder: Path) -> Path:
    return m.write(folder, "lease.html", t.script_page(site))


def markdown_remote(site: str, folder: Path) -> Path:
    text = f'{m.MARK}\n\n![x]({site}/i.png) <img src="{site}/j.png"> <script src="{site}/s.js"></script>\n'
    return m.write(folder, "lease.md", text)


REMOTE: dict[str, Callable[[str, Path], Path]] = {
    "html": html_remote,
    "markdown": markdown_remote,
    "docx": o.docx_remote,
    "pptx": o.pptx_remote,
    "xlsx": s.xlsx_remote,
    "epub": o.epub_remote,
    **{f"dtd_{kind}": partial(o.remote_dtd, kind) for kind in ("docx", "xlsx", "pptx", "ods", "epub", "xhtml", "html")},
}


@pytest.mark.loopback
@pytest.mark.parametrize("kind", REMOTE)
def test_nothing_is_fetched(kind: str, site: tuple[str, list[str]], vigil: Vigil) -> None:
    address, heard = site
    outcome = vigil.read(REMOTE[kind](address, vigil.folder), NO_OCR)
    assert heard == []
    if outcome.document is None:
        assert kind.startswith("dtd_")
        assert type(outcome.error) is e.CorruptDocumentError
    else:
        text = outcome.document.text
        assert "850 pounds" in text
        for hidden in ("SCRIPTED", "STYLED", "VALUE", "fetch("):
            assert hidden not in text


# --- with text recognition -------------------------------------------------------------------------------------------

RECOGNIZED = {
    "page_of_a_million_points": p.image_only(box=b"[0 0 1000000 1000000]"),
    "page_without_width": p.image_only(box=b"[0 0 0.0001 800]"),
    "png_bomb": t.png_bomb,
    "png_1x1": t.picture("PNG", "lease.png", (1, 1)),
    "png_1x20000": t.picture("PNG", "lease.png", (1, 20_000)),
    "tiff_loop": m.saved("lease.tif", t.tiff_bytes(3, loop=True)),
    "pdf_image_bomb": p.image_bomb,
}


@pytest.mark.parametrize("name", RECOGNIZED)
def test_text_recognition_keeps_the_limits(name: str, vigil: Vigil) -> None:
    """Pictures that would fill the memory once they are drawn; with the extra installed or without."""
    outcome = vigil.read(RECOGNIZED[name](vigil.folder), DocumentSettings(timeout_s=20.0))
    assert outcome.seconds < 30.0
    if name == "pdf_image_bomb":
        assert outcome.document is not None or type(outcome.error) in cases.TOO_MUCH
    else:
        assert type(outcome.error) in (*cases.TOO_MUCH, e.NoTextError, e.CorruptDocumentError)

"""The process that meets the file: sets limits on itself, parses, answers, dies.

Started as ``python -m slimlm.documents.worker`` with the document as standard input (already opened, read-only) and a
pipe as standard output. The job (name and limits) comes in one environment variable. The answer is a row of frames:
one letter, a u32 length, the payload. ``P`` progress and ``E`` error are JSON, ``D`` is a packed document, always last.
Nothing is ever unpickled on either side, because a hostile file may have taken this process over.
"""

from __future__ import annotations

import gc
import json
import mmap
import os
import struct
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from slimlm.documents.records import Document, ReadProgress
from slimlm.errors import (
    CorruptDocumentError,
    DocumentMemoryError,
    EmptyDocumentError,
    NoTextError,
    ReaderCrashedError,
    SlimLMError,
)
from slimlm.settings import DocumentSettings

JOB_VARIABLE = "SLIMLM_READER_JOB"
FRAME = struct.Struct("<cI")
OCR_PAGE_S = 30.0  # wall clock granted for each recognized page on top of the document's own time
_PROGRESS_EVERY_S = 0.05
_SMALL_FILE = 8 << 20  # below this a copy in memory is cheaper than a map
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


def main() -> int:
    """Read the document on standard input; every outcome is a frame, so the exit status says nothing more."""
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a library that prints must not break the frames
    job = json.loads(os.environ.pop(JOB_VARIABLE))
    limits = DocumentSettings(**job["limits"])
    gc.set_threshold(100_000, 20, 100)  # readers make many small records and hardly any cycles
    _die_with(job["parent"])
    _limit_self(limits)
    try:
        document = _read(job["name"], limits, _reporter(out))
        from slimlm.documents.serial import pack_document  # noqa: PLC0415  (imported while the file is already mapped)

        _send(out, b"D", pack_document(document))
    except BaseException as error:  # noqa: BLE001  (whatever a parser throws is an answer, not a crash)
        _send(out, b"E", json.dumps(_describe(error, job["name"])).encode())
    return 0


def _read(name: str, limits: DocumentSettings, report: Callable[[ReadProgress], None]) -> Document:
    from slimlm.documents.builder import DocumentBuilder  # noqa: PLC0415
    from slimlm.documents.detect import detect_format  # noqa: PLC0415
    from slimlm.documents.readers.registry import reader_for  # noqa: PLC0415
    from slimlm.documents.source import Source  # noqa: PLC0415

    report(ReadProgress("opening", 0, 1))
    n_bytes = os.fstat(0).st_size
    data = _slurp(n_bytes) if n_bytes < _SMALL_FILE else mmap.mmap(0, 0, access=mmap.ACCESS_READ)
    kind = detect_format(data, name, limits)
    reader = reader_for(kind)
    builder = DocumentBuilder(limits)
    title = reader(Source(name, data, kind), limits, builder, report)
    try:
        return builder.finish(digest="", name=name, kind=kind, title=title, n_bytes=n_bytes)
    except NoTextError as error:
        raise _nothing_to_read(error, kind) from error


def _slurp(n_bytes: int) -> bytes:
    """The whole file, read at explicit places where the system can: the parent hashes through the same file offset."""
    pieces: list[bytes] = []
    done = 0
    while done < n_bytes:
        piece = os.pread(0, n_bytes - done, done) if hasattr(os, "pread") else os.read(0, n_bytes - done)
        if not piece:
            break
        pieces.append(piece)
        done += len(piece)
    return b"".join(pieces)


def _nothing_to_read(error: NoTextError, kind: str) -> SlimLMError:
    if kind in ("pdf", "image"):
        return error
    if kind in ("docx", "pptx", "epub"):
        hint = "If its pages are pictures, export it as PDF and open that with text recognition ('slimlm[ocr]')."
        return NoTextError(error.message, hint)
    return EmptyDocumentError(error.message)


def _describe(error: BaseException, name: str) -> dict[str, str]:
    """An error as data. Only ``SlimLMError`` keeps its class; a parser's own exception means a damaged file.

    What Python said goes into ``detail``, for --debug: a person can do nothing with the name of an exception.
    """
    detail = ""
    if not isinstance(error, SlimLMError):
        detail = "".join(traceback.format_exception(error, limit=-12))[-6000:]
    if isinstance(error, MemoryError):
        error = DocumentMemoryError(f"Reading {name} needs more memory than allowed.")
    elif isinstance(error, RecursionError):
        error = CorruptDocumentError(f"{name} is nested too deeply to be read.")
    elif isinstance(error, ImportError):
        error = ReaderCrashedError(f"The reader for {name} is not installed completely.", "Install SlimLM again.")
    elif isinstance(error, AssertionError):  # ours
        error = ReaderCrashedError(f"The reader failed on {name}.")
    elif not isinstance(error, SlimLMError):
        error = CorruptDocumentError(f"{name} cannot be read: it is damaged or incomplete.")
    return {"class": type(error).__name__, "message": error.message, "hint": error.hint, "detail": detail}


def _reporter(out: int) -> Callable[[ReadProgress], None]:
    """Progress frames, at most twenty a second: a 5,000-page document must not spend its time on pipes."""
    last = ("", 0.0)

    def report(progress: ReadProgress) -> None:
        nonlocal last
        now = time.monotonic()
        if progress.stage == last[0] != "ocr" and progress.done < progress.total and now - last[1] < _PROGRESS_EVERY_S:
            return
        last = (progress.stage, now)
        _send(out, b"P", json.dumps([progress.stage, progress.done, progress.total]).encode())

    return report


def _send(out: int, letter: bytes, payload: bytes) -> None:
    view = memoryview(FRAME.pack(letter, len(payload)) + payload)
    while view:
        view = view[os.write(out, view) :]


def _die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent dies; elsewhere a thread looks twice a second."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    elif sys.platform != "win32":
        import threading  # noqa: PLC0415

        def watch() -> None:
            while os.getppid() == parent:
                time.sleep(0.5)
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
    if sys.platform != "win32" and os.getppid() != parent:  # it died before we asked (Windows starts us indirectly)
        os._exit(1)


def _limit_self(limits: DocumentSettings) -> None:
    """Memory, CPU time and files, where the system has such limits (the parent watches the rest)."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415

    if sys.platform == "linux":
        grown = _private_bytes() + (limits.memory_mb << 20)
        _lower(resource, resource.RLIMIT_DATA, grown)
        try:
            with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123  (when memory ends, this process goes first)
                file.write("1000")
        except OSError:
            pass
    n_ocr = limits.ocr_max_pages if limits.ocr != "off" else 0
    # Threads of the text recognition count several times; the parent's wall clock is the tight limit.
    _lower(resource, resource.RLIMIT_CPU, int(limits.timeout_s * 2 + n_ocr * OCR_PAGE_S * 4) + 5)
    _lower(resource, resource.RLIMIT_CORE, 0)
    _lower(resource, resource.RLIMIT_FSIZE, 0)  # no temporary file can be left, because none can be written


def _private_bytes() -> int:
    """What counts against RLIMIT_DATA at this moment."""
    with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123  (pathlib is a slow import here)
        return next((int(line.split()[1]) << 10 for line in file if line.startswith("VmData:")), 0)


def _lower(resource: Any, kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    top = value if hard == resource.RLIM_INFINITY else min(value, hard)
    try:
        resource.setrlimit(kind, (top, hard))
    except (ValueError, OSError):  # a container may forbid it; the parent's watch remains
        return


if __name__ == "__main__":
    sys.exit(main())

"""The worker's walls: limits, cancel, crashes, and what may not change on the way."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pdf_samples as samples
import pytest

from slimlm.documents import read_document
from slimlm.documents.records import ReadProgress
from slimlm.errors import (
    CancelledError,
    CorruptDocumentError,
    DocumentMemoryError,
    DocumentNotFoundError,
    DocumentPermissionError,
    DocumentTimeoutError,
    DocumentTooLargeError,
    EmptyDocumentError,
    EncryptedDocumentError,
    NotAFileError,
    NoTextError,
    SlimLMError,
)
from slimlm.settings import DocumentSettings


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    samples.report(path)
    return path


def children() -> set[int]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.add(int(entry.parent.name))
    return found


def test_identity_and_progress(pdf: Path) -> None:
    seen: list[ReadProgress] = []
    document = read_document(pdf, progress=seen.append)
    assert document.id == hashlib.sha256(pdf.read_bytes()).hexdigest()
    assert (document.name, document.format, document.n_bytes) == ("report.pdf", "pdf", pdf.stat().st_size)
    assert seen[0] == ReadProgress("opening", 0, 1)
    assert seen[-1].done == seen[-1].total == len(document.pages)


def test_original_is_untouched(pdf: Path) -> None:
    before = (pdf.read_bytes(), pdf.stat().st_mtime_ns)
    pdf.chmod(0o400)
    read_document(pdf)
    assert (pdf.read_bytes(), pdf.stat().st_mtime_ns) == before
    assert [entry.name for entry in pdf.parent.iterdir()] == ["report.pdf"]


def test_paths(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        for name in ("pipe", "s", "."):
            with pytest.raises(NotAFileError):
                read_document(tmp_path / name)
    with pytest.raises(NotAFileError, match="device"):
        read_document("/dev/zero")
    for missing in ("nothing", "a\x00b", "x" * 5000, "pipe/below"):
        with pytest.raises(DocumentNotFoundError):
            read_document(tmp_path / missing)
    (tmp_path / "empty.pdf").touch()
    with pytest.raises(EmptyDocumentError):
        read_document(tmp_path / "empty.pdf")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(DocumentNotFoundError):
        read_document(tmp_path / "loop")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission(pdf: Path) -> None:
    pdf.chmod(0)
    with pytest.raises(DocumentPermissionError):
        read_document(pdf)


def test_link_to_a_file_is_read(pdf: Path) -> None:
    link = pdf.with_name("link.pdf")
    link.symlink_to(pdf)
    assert read_document(link).name == "link.pdf"


def test_names_are_shown_safely(pdf: Path) -> None:
    odd = pdf.with_name("a\x1b[31m\u202eb\n.pdf")
    pdf.rename(odd)
    assert read_document(odd).name == "a\ufffd[31m\ufffdb\ufffd.pdf"


def test_too_large(pdf: Path) -> None:
    with pytest.raises(DocumentTooLargeError, match="MB"):
        read_document(pdf, DocumentSettings(max_file_mb=0))
    with pytest.raises(DocumentTooLargeError, match="pages"):
        read_document(pdf, DocumentSettings(max_pages=1))
    with pytest.raises(DocumentTooLargeError, match="characters"):
        read_document(pdf, DocumentSettings(max_chars=100))


def test_timeout_leaves_nothing_behind(pdf: Path) -> None:
    before = children()
    with pytest.raises(DocumentTimeoutError):
        read_document(pdf, DocumentSettings(timeout_s=0.01))
    assert children() == before


def test_memory_limit(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    path.write_text("word " * 8_000_000)
    with pytest.raises((DocumentMemoryError, DocumentTooLargeError)):
        read_document(path, DocumentSettings(memory_mb=32))


def test_cancel_is_quick(pdf: Path) -> None:
    before = children()
    cancel = threading.Event()
    moment: list[float] = []

    def stop(_: ReadProgress) -> None:
        moment.append(time.perf_counter())
        cancel.set()

    with pytest.raises(CancelledError):
        read_document(pdf, progress=stop, cancel=cancel)
    assert time.perf_counter() - moment[0] < 1.0
    assert children() == before
    with pytest.raises(CancelledError):
        read_document(pdf, cancel=cancel)


def test_error_of_progress_callback_kills_the_worker(pdf: Path) -> None:
    before = children()
    with pytest.raises(ZeroDivisionError):
        read_document(pdf, progress=lambda _: 1 // 0)
    assert children() == before


def test_worker_dies_with_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "many.pdf"
    samples.report(path, n_pages=200)
    code = (
        "import os, sys\nfrom slimlm.documents import read_document\n"
        "import slimlm.documents.read as r\n"
        "real = r.subprocess.Popen\n"
        "def popen(*a, **k):\n    p = real(*a, **k); print(p.pid, flush=True); return p\n"
        "r.subprocess.Popen = popen\n"
        f"read_document({str(path)!r}, progress=lambda p: os.kill(os.getpid(), 9))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == -9
    worker = int(ended.stdout)
    deadline = time.monotonic() + 5
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        if Path(f"/proc/{worker}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{worker}").exists()


def test_damaged_and_protected(tmp_path: Path, pdf: Path) -> None:
    cut = tmp_path / "cut.pdf"
    cut.write_bytes(b"%PDF-1.7\n1 0 obj\n<<")
    with pytest.raises(CorruptDocumentError) as caught:
        read_document(cut)
    assert caught.value.hint
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    for user, opens in (("secret", False), ("", True)):
        path = tmp_path / f"locked-{opens}.pdf"
        canvas = Canvas(str(path), encrypt=StandardEncryption(user, ownerPassword="owner"))
        samples.draw_text(canvas, 72, 700, "The rent is low.")
        canvas.save()
        if opens:
            assert read_document(path).text == "The rent is low."
        else:
            with pytest.raises(EncryptedDocumentError):
                read_document(path)


def test_pages_without_text(tmp_path: Path) -> None:
    from PIL import Image
    from reportlab.pdfgen.canvas import Canvas

    Image.new("RGB", (200, 200), "grey").save(tmp_path / "x.png")
    canvas = Canvas(str(tmp_path / "a.pdf"))
    samples.draw_text(canvas, 72, 700, "The first page has words.")
    for _ in range(2):
        canvas.showPage()
        canvas.drawImage(str(tmp_path / "x.png"), 0, 0, 600, 800)
    canvas.save()
    document = read_document(tmp_path / "a.pdf", DocumentSettings(ocr="off"))
    assert [page.text_source for page in document.pages] == ["text", "none", "none"]
    assert [(n.code, "2-3" in n.message) for n in document.notices] == [("pages_without_text", True)]
    with pytest.raises(NoTextError) as caught:
        read_document(tmp_path / "x.png", DocumentSettings(ocr="off"))
    assert "ocr" in caught.value.hint


def test_errors_keep_their_class_and_hint(tmp_path: Path) -> None:
    path = tmp_path / "a.rtf"
    path.write_bytes(b"{\\rtf1 x}")
    with pytest.raises(SlimLMError) as caught:
        read_document(path)
    assert (caught.value.code, caught.value.hint) == ("unsupported_document", "Save it as DOCX and open that.")


def test_nothing_is_imported_from_the_documents_folder(pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lxml.py", "json.py", "slimlm.py", "ctypes.py"):
        (pdf.parent / name).write_text("raise SystemExit('imported')")
    monkeypatch.chdir(pdf.parent)
    assert read_document(pdf).text


def test_several_at_once(pdf: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(read_document(pdf).id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8

"""Text recognition with the real models of the extra; skipped where it is not installed."""

from __future__ import annotations

import io
from pathlib import Path

import pdf_samples as samples
import pytest

from slimlm.documents import read_document
from slimlm.documents.records import ReadProgress

pytest.importorskip("rapidocr")


def scan(pdf: Path) -> bytes:
    """A PDF's first page as the PNG of a scanner (150 dpi)."""
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as document:
        image = document[0].render(scale=150 / 72).to_pil().convert("L")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", dpi=(150, 150))
    return buffer.getvalue()


def test_picture_and_scanned_pdf(tmp_path: Path) -> None:
    from PIL import Image
    from reportlab.pdfgen.canvas import Canvas

    drawn = samples.placed_words(tmp_path / "a.pdf")
    picture = tmp_path / "a.png"
    picture.write_bytes(scan(tmp_path / "a.pdf"))
    canvas = Canvas(str(tmp_path / "scan.pdf"), pagesize=(samples.WIDTH, samples.HEIGHT))
    canvas.drawImage(str(picture), 0, 0, samples.WIDTH, samples.HEIGHT)
    canvas.save()
    seen: list[ReadProgress] = []
    for path in (picture, tmp_path / "scan.pdf"):
        document = read_document(path, progress=seen.append)
        assert "Payment falls due within thirty days of the invoice." in document.text
        assert document.pages[0].text_source == "ocr"
        start = document.text.index("thirty")
        (box,) = document.boxes(start, start + 6)
        truth = next(word for word in drawn if word.text == "thirty")
        assert abs(box.x0 - truth.x0) < 6
        assert abs((box.y0 + box.y1) / 2 - (truth.y0 + truth.y1) / 2) < 4
    assert any(update.stage == "ocr" for update in seen)
    turned = Image.open(picture).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it a quarter clockwise
    turned.convert("RGB").save(tmp_path / "a.jpg", exif=exif, dpi=(150, 150), quality=92)
    assert "Payment falls due within thirty days" in read_document(tmp_path / "a.jpg").text

"""PNG, JPEG, TIFF (many pages), WEBP, BMP -> recognized text with word boxes. Needs the ``ocr`` extra."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.layout.blocks import PageStyle
from slimlm.documents.layout.flow import Flow, page_chunks
from slimlm.documents.layout.hyphens import Vocabulary
from slimlm.documents.layout.lines import segments
from slimlm.documents.layout.running import Edges, running_lines
from slimlm.documents.ocr import open_recognizer
from slimlm.documents.records import ReadProgress
from slimlm.documents.source import Report, Source
from slimlm.errors import CorruptDocumentError, DocumentTooLargeError, NoTextError
from slimlm.settings import DocumentSettings

if TYPE_CHECKING:
    from PIL.Image import Image

_MAX_PIXELS = 120_000_000  # an A0 poster at 200 dpi has 62 million
_OCR_PIXELS = 12_000_000
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "MPO")
_A4_WIDTH, _A4_HEIGHT = 595.3, 841.9  # points; assumed when a picture does not say how large it is


def read_image(source: Source, limits: DocumentSettings, builder: DocumentBuilder, report: Report) -> str:
    """Raises ``NoTextError`` (no extra, or recognition off), ``DocumentTooLargeError``, ``CorruptDocumentError``."""
    recognizer = open_recognizer(limits)
    if recognizer is None:
        if limits.ocr == "off":
            raise NoTextError(f"{source.name} is a picture.", "Text recognition is off: set documents.ocr to auto.")
        raise NoTextError(f"{source.name} is a picture, and text recognition is not installed.")
    flow, vocabulary = Flow(builder), Vocabulary()
    skipped = 0
    for index, (image, total) in enumerate(_frames(source, limits)):
        if index >= limits.ocr_max_pages:
            skipped = total - index
            break
        report(ReadProgress("ocr", index + 1, total))
        scale = _points_per_pixel(image)
        size = image.width * scale, image.height * scale
        small = _within(image, _OCR_PIXELS)
        words = recognizer.words(small.tobytes(), small.width, small.height, size[0] / small.width)
        number = builder.start_page("page", str(index + 1), *size, "ocr" if words else "none")
        lines = segments(words)
        for line in lines:
            vocabulary.learn(line.text)
        numbers = running_lines([Edges(lines, size[1])], 0, 1)
        lines = [line for line in lines if id(line) not in numbers]
        sizes = sorted(line.size for line in lines) or [10.0]
        style = PageStyle(number, size[1], sizes[len(sizes) // 2], vocabulary)
        flow.add_page(page_chunks(lines, [], style), style)
    flow.finish()
    if skipped:
        builder.notice(
            "pages_without_text", f"The last {skipped} pictures were not read (limit {limits.ocr_max_pages})."
        )
    if builder.n_chars == 0:
        raise NoTextError(f"No text was recognized in {source.name}.", "Scan it again, upright and at 300 dpi.")
    return flow.title


def _frames(source: Source, limits: DocumentSettings) -> Iterator[tuple[Image, int]]:
    """Each page upright, in grey on white, and how many there are."""
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415

    Image.MAX_IMAGE_PIXELS = _MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(source.open(), formats=_FORMATS) as file:  # type: ignore[arg-type]
            total = int(getattr(file, "n_frames", 1))
            if total > limits.max_pages:
                raise DocumentTooLargeError(f"The picture has {total:,} pages (limit {limits.max_pages:,}).")
            for index in range(total):
                file.seek(index)
                if file.width * file.height > _MAX_PIXELS:
                    raise DocumentTooLargeError(_too_large(file.width, file.height))
                upright = ImageOps.exif_transpose(file)
                grey = _grey(upright)
                grey.info["dpi"] = file.info.get("dpi")
                yield grey, total
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DocumentTooLargeError(f"The picture has more than {_MAX_PIXELS // 1_000_000} million pixels.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError, ValueError) as error:
        raise CorruptDocumentError("The picture is damaged or incomplete.") from error


def _too_large(width: int, height: int) -> str:
    return f"The picture has {width:,} x {height:,} pixels (limit {_MAX_PIXELS // 1_000_000} million)."


def _grey(image: Image) -> Image:
    from PIL import Image as Images  # noqa: PLC0415

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        page = Images.new("RGBA", rgba.size, "white")
        page.alpha_composite(rgba)
        return page.convert("L")
    if image.mode.startswith("I"):  # 16 bits per pixel
        return image.point(lambda value: value / 256).convert("L")
    return image.convert("L")


def _points_per_pixel(image: Image) -> float:
    """From the file's resolution if believable, else as if the picture were an A4 page."""
    dpi = image.info.get("dpi")
    if isinstance(dpi, tuple) and dpi and 60 <= float(dpi[0]) <= 1200:
        return 72 / float(dpi[0])
    page = (_A4_WIDTH, _A4_HEIGHT) if image.height >= image.width else (_A4_HEIGHT, _A4_WIDTH)
    return max(page[0] / image.width, page[1] / image.height)


def _within(image: Image, most: int) -> Image:
    n_pixels = image.width * image.height
    if n_pixels <= most:
        return image
    factor = (most / n_pixels) ** 0.5
    return image.resize((max(int(image.width * factor), 1), max(int(image.height * factor), 1)))

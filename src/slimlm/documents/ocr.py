"""Pictures of text -> words with boxes, through rapidocr when the ``ocr`` extra is installed. Works offline.

The models come inside the wheel and are named by path, which also keeps rapidocr from ever downloading one. Imported
and loaded only when a page needs it.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from slimlm.documents.layout.records import Word
from slimlm.settings import DocumentSettings

# Text is found on a copy this large (0.55 of an A4 page at 200 dpi: 8 point print is still 12 pixels high) and read
# at full size: half the time of finding it at full size, with the same result on the development corpus.
_DETECT_PIXELS = 1280
_MAX_SIDE = 2600
_MAX_THREADS = 4


class Recognizer(Protocol):
    def words(self, pixels: bytes, width: int, height: int, points_per_pixel: float) -> list[Word]:
        """Words on a page of grey pixels (rows from the top, no padding), boxes in points."""
        ...


def open_recognizer(limits: DocumentSettings) -> Recognizer | None:
    """The recognizer, or None when the extra is not installed (or not whole) or recognition is off."""
    if limits.ocr == "off" or any(importlib.util.find_spec(name) is None for name in ("rapidocr", "onnxruntime")):
        return None
    spec = importlib.util.find_spec("rapidocr")
    models = Path(spec.origin).parent / "models" if spec and spec.origin else None
    finder = next(models.glob("*_det_*.onnx"), None) if models else None
    reader = next(models.glob("*_rec_*.onnx"), None) if models else None
    return _RapidRecognizer(finder, reader) if finder and reader else None


class _RapidRecognizer:
    def __init__(self, finder: Path, reader: Path) -> None:
        import onnxruntime
        import rapidocr

        onnxruntime.disable_telemetry_events()
        # Half of the cores: the other half belongs to the person. More than one thread spins and hurts when busy.
        threads = max(1, min(_MAX_THREADS, (os.cpu_count() or 2) // 2))
        self._engine: Any = rapidocr.RapidOCR(
            params={
                "Global.use_cls": False,  # the direction classifier flips short lines of upright pages
                "Global.log_level": "critical",
                "Global.return_word_box": True,
                "Global.max_side_len": _MAX_SIDE,
                "Det.model_path": str(finder),
                "Det.limit_type": "max",
                "Det.limit_side_len": _DETECT_PIXELS,
                "Rec.model_path": str(reader),
                "Rec.rec_batch_num": 1,  # lines differ in length: batches are mostly padding
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def words(self, pixels: bytes, width: int, height: int, points_per_pixel: float) -> list[Word]:
        import numpy as np  # noqa: PLC0415

        grey = np.frombuffer(pixels, np.uint8).reshape(height, width)
        found = self._engine(np.repeat(grey[:, :, None], 3, axis=2))
        if found.boxes is None or not found.txts or not found.word_results:
            return []
        lines = [
            _line_words(str(text), pieces, points_per_pixel)
            for text, pieces in zip(found.txts, found.word_results, strict=False)
        ]
        _even_sizes(lines)
        words = [word for line in lines for word in line]
        for order, word in enumerate(words):
            word.order = order
        return words


def _line_words(text: str, pieces: Sequence[Any], scale: float) -> list[Word]:
    """Words of one recognized line; pieces that the text does not part by a space are glued (Chinese, "5%")."""
    words: list[Word] = []
    at = 0
    for piece_text, _, polygon in pieces:
        clean = str(piece_text).strip()
        if not clean:
            continue
        found = text.find(clean, at)
        glued = bool(words) and found >= 0 and not text[at:found].strip(" ") and " " not in text[at:found]
        at = found + len(clean) if found >= 0 else at
        xs, ys = [float(p[0]) * scale for p in polygon], [float(p[1]) * scale for p in polygon]
        x0, y0, x1, y1 = min(xs), min(ys), max(xs), max(ys)
        if x1 > x0 and y1 > y0:
            words.append(Word(clean, x0, y0, x1, y1, y1 - y0, glued=glued))
    return words


def _even_sizes(lines: list[list[Word]]) -> None:
    """Recognized boxes are as tall as their letters ("case" against "Apply"): give like lines one font size."""
    heights = [max(word.size for word in line) for line in lines if line]
    if not heights:
        return
    usual = median(heights)
    for line in lines:
        tall = max((word.size for word in line), default=0.0)
        for word in line:
            word.size = usual if 0.72 < tall / usual < 1.3 else tall

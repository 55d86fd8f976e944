"""The PDF library's raw interface: a page -> words with boxes, drawn rules and pictures. Only this file names pdfium.

pdfium answers one question per call about one character. Called through ``map`` with plain addresses instead of
ctypes objects, a call costs about 1 microsecond; the usual loop costs four times as much.
"""

from __future__ import annotations

import ctypes
import mmap
from array import array
from collections import deque
from collections.abc import Iterator
from ctypes import POINTER, byref, c_float, c_int, c_uint, c_ulong, c_void_p
from itertools import repeat
from types import TracebackType
from typing import Any

from slimlm.errors import CorruptDocumentError, EncryptedDocumentError

_PASSWORD, _SECURITY = 4, 5  # FPDF_GetLastError


class Matrix(ctypes.Structure):
    _fields_ = [(name, c_float) for name in "abcdef"]


class Rect(ctypes.Structure):
    """pdfium's order: left, top, right, bottom, with y upward."""

    _fields_ = [("left", c_float), ("top", c_float), ("right", c_float), ("bottom", c_float)]


_P = c_void_p
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "FPDF_LoadMemDocument64": (_P, [_P, ctypes.c_size_t, ctypes.c_char_p]),
    "FPDF_CloseDocument": (None, [_P]),
    "FPDF_GetLastError": (c_ulong, []),
    "FPDF_GetPageCount": (c_int, [_P]),
    "FPDF_LoadPage": (_P, [_P, c_int]),
    "FPDF_ClosePage": (None, [_P]),
    "FPDF_GetPageWidthF": (c_float, [_P]),
    "FPDF_GetPageHeightF": (c_float, [_P]),
    "FPDF_GetPageBoundingBox": (c_int, [_P, POINTER(Rect)]),
    "FPDFPage_GetRotation": (c_int, [_P]),
    "FPDF_GetPageLabel": (c_ulong, [_P, c_int, _P, c_ulong]),
    "FPDF_GetMetaText": (c_ulong, [_P, ctypes.c_char_p, _P, c_ulong]),
    "FPDFText_LoadPage": (_P, [_P]),
    "FPDFText_ClosePage": (None, [_P]),
    "FPDFText_CountChars": (c_int, [_P]),
    "FPDFText_GetText": (c_int, [_P, c_int, c_int, _P]),
    "FPDFText_GetUnicode": (c_uint, [_P, c_int]),
    "FPDFText_GetLooseCharBox": (c_int, [_P, c_int, _P]),
    "FPDFText_GetTextObject": (_P, [_P, c_int]),
    "FPDFTextObj_GetFontSize": (c_int, [_P, POINTER(c_float)]),
    "FPDFTextObj_GetTextRenderMode": (c_int, [_P]),
    "FPDFTextObj_GetFont": (_P, [_P]),
    "FPDFFont_GetBaseFontName": (ctypes.c_size_t, [_P, _P, ctypes.c_size_t]),
    "FPDFFont_GetWeight": (c_int, [_P]),
    "FPDFFont_GetFlags": (c_int, [_P]),
    "FPDFPage_CountObjects": (c_int, [_P]),
    "FPDFPage_GetObject": (_P, [_P, c_int]),
    "FPDFFormObj_CountObjects": (c_int, [_P]),
    "FPDFFormObj_GetObject": (_P, [_P, c_ulong]),
    "FPDFPageObj_GetType": (c_int, [_P]),
    "FPDFPageObj_GetMatrix": (c_int, [_P, POINTER(Matrix)]),
    "FPDFPageObj_GetBounds": (c_int, [_P, _P, _P, _P, _P]),
    "FPDFPageObj_GetFillColor": (c_int, [_P, _P, _P, _P, _P]),
    "FPDFPath_GetDrawMode": (c_int, [_P, POINTER(c_int), POINTER(c_int)]),
    "FPDFPath_CountSegments": (c_int, [_P]),
    "FPDFPath_GetPathSegment": (_P, [_P, c_int]),
    "FPDFPathSegment_GetPoint": (c_int, [_P, _P, _P]),
    "FPDFPathSegment_GetType": (c_int, [_P]),
    "FPDFPathSegment_GetClose": (c_int, [_P]),
    "FPDFBookmark_GetFirstChild": (_P, [_P, _P]),
    "FPDFBookmark_GetNextSibling": (_P, [_P, _P]),
    "FPDFBookmark_GetTitle": (c_ulong, [_P, _P, c_ulong]),
    "FPDFBookmark_GetDest": (_P, [_P, _P]),
    "FPDFDest_GetDestPageIndex": (c_int, [_P, _P]),
    "FPDFBitmap_CreateEx": (_P, [c_int, c_int, c_int, _P, c_int]),
    "FPDFBitmap_FillRect": (c_int, [_P, c_int, c_int, c_int, c_int, c_ulong]),
    "FPDFBitmap_Destroy": (None, [_P]),
    "FPDF_RenderPageBitmap": (None, [_P, _P, c_int, c_int, c_int, c_int, c_int, c_int]),
}


class Pdfium:
    """pdfium's functions with signatures that take plain addresses. Our own copies: the package's stay as they are."""

    def __init__(self) -> None:
        import pypdfium2_raw.bindings as raw  # noqa: PLC0415  (initialized on first use only)

        library = raw._libs["pdfium"]
        self._functions: dict[str, Any] = {}
        for name, (result, arguments) in _SIGNATURES.items():
            function = library[name]
            function.restype, function.argtypes = result, arguments
            self._functions[name] = function
        raw.FPDF_InitLibrary()

    def __getattr__(self, name: str) -> Any:
        return self._functions[name]


class Pdf:
    """An open document. ``data`` must live as long as this does."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self.lib = Pdfium()
        self._data = data
        address: Any = data
        if not isinstance(data, bytes):
            import numpy as np  # noqa: PLC0415  (only large files are mapped; ctypes refuses read-only maps)

            address = np.frombuffer(data, np.uint8).ctypes.data
        self.handle = self.lib.FPDF_LoadMemDocument64(address, len(data), None)
        if not self.handle:
            if self.lib.FPDF_GetLastError() in (_PASSWORD, _SECURITY):
                raise EncryptedDocumentError("The PDF is protected by a password.")
            raise CorruptDocumentError("The PDF is damaged: its structure cannot be read.")
        self.n_pages: int = self.lib.FPDF_GetPageCount(self.handle)
        self._fonts: dict[int, bool] = {}

    def label(self, index: int) -> str:
        """The page's printed number ("iv", "A-3"), "" when the file names none."""
        return _text_of(lambda buffer, size: self.lib.FPDF_GetPageLabel(self.handle, index, buffer, size), 256)

    def meta(self, key: bytes) -> str:
        return _text_of(lambda buffer, size: self.lib.FPDF_GetMetaText(self.handle, key, buffer, size), 2048)

    def outline(self, most: int = 5000) -> list[tuple[int, str, int]]:
        """Bookmarks as (depth from 1, title, page index), in order. Bounded, because hostile outlines have loops."""
        found: list[tuple[int, str, int]] = []
        seen: set[int] = set()
        stack = [(self.lib.FPDFBookmark_GetFirstChild(self.handle, None), 1)]
        while stack and len(found) < most:
            mark, depth = stack.pop()
            if not mark or mark in seen:
                continue
            seen.add(mark)
            title = _text_of(lambda b, size, m=mark: self.lib.FPDFBookmark_GetTitle(m, b, size), 1024)
            target = self.lib.FPDFBookmark_GetDest(self.handle, mark)
            page = self.lib.FPDFDest_GetDestPageIndex(self.handle, target) if target else -1
            found.append((depth, title, page))
            stack.append((self.lib.FPDFBookmark_GetNextSibling(self.handle, mark), depth))
            if depth < 6:
                stack.append((self.lib.FPDFBookmark_GetFirstChild(self.handle, mark), depth + 1))
        return found

    def is_bold(self, text_object: int) -> bool:
        font = self.lib.FPDFTextObj_GetFont(text_object)
        if not font:
            return False
        if font not in self._fonts:
            buffer = ctypes.create_string_buffer(256)
            self.lib.FPDFFont_GetBaseFontName(font, buffer, 256)
            name = buffer.value.decode("latin-1").lower()
            named = any(part in name for part in ("bold", "black", "heavy", "semibd", "demi", "-bd"))
            self._fonts[font] = named or bool(self.lib.FPDFFont_GetFlags(font) & 1 << 18)
        return self._fonts[font]

    def close(self) -> None:
        if self.handle:
            self.lib.FPDF_CloseDocument(self.handle)
            self.handle = None


def _text_of(call: Any, size: int) -> str:
    buffer = ctypes.create_string_buffer(2 * size)
    used = min(int(call(buffer, 2 * size)), 2 * size)
    return buffer.raw[: max(used - 2, 0)].decode("utf-16-le", "replace").replace("\x00", "")


class PdfPage:
    """One open page with its text. A context manager, because pdfium frees nothing by itself."""

    def __init__(self, pdf: Pdf, index: int) -> None:
        self.pdf, self.lib = pdf, pdf.lib
        self.handle = self.lib.FPDF_LoadPage(pdf.handle, index)
        if not self.handle:
            raise CorruptDocumentError(f"Page {index + 1} cannot be read.")
        self._text = self.lib.FPDFText_LoadPage(self.handle)
        self.width: float = self.lib.FPDF_GetPageWidthF(self.handle)
        self.height: float = self.lib.FPDF_GetPageHeightF(self.handle)
        self.turns: int = self.lib.FPDFPage_GetRotation(self.handle) & 3  # quarter turns clockwise
        box = Rect()
        self.lib.FPDF_GetPageBoundingBox(self.handle, byref(box))
        self.box = box

    def __enter__(self) -> PdfPage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._text:
            self.lib.FPDFText_ClosePage(self._text)
        self.lib.FPDF_ClosePage(self.handle)

    def characters(self) -> tuple[str, list[float], list[float], list[float], list[float]]:
        """The text, and for each character left, top, right, bottom as displayed (points, y downward)."""
        n_chars = self.lib.FPDFText_CountChars(self._text) if self._text else 0
        if n_chars <= 0:
            return "", [], [], [], []
        units = (ctypes.c_ushort * (n_chars + 1))()
        n_units = self.lib.FPDFText_GetText(self._text, 0, n_chars, units)
        text = bytes(units)[: 2 * n_chars].decode("utf-16-le", "replace")
        if n_units != n_chars + 1 or len(text) != n_chars:
            # Surrogate pairs or characters without text: ask one by one, so that indices agree.
            codes = map(self.lib.FPDFText_GetUnicode, repeat(self._text), range(n_chars))
            text = "".join(chr(code) if 0 < code < 0x110000 else " " for code in codes)
        rects = (Rect * n_chars)()
        start = ctypes.addressof(rects)
        places = range(start, start + 16 * n_chars, 16)
        deque(map(self.lib.FPDFText_GetLooseCharBox, repeat(self._text), range(n_chars), places), 0)
        flat: list[float] = array("f", bytes(rects)).tolist()
        return text, *self._displayed(flat[0::4], flat[1::4], flat[2::4], flat[3::4])

    def _displayed(
        self, left: list[float], top: list[float], right: list[float], bottom: list[float]
    ) -> tuple[list[float], list[float], list[float], list[float]]:
        box = self.box
        if self.turns == 0:
            x0, y0, x1, y1 = left, top, right, bottom
            ox, oy = box.left, box.top
            return [x - ox for x in x0], [oy - y for y in y0], [x - ox for x in x1], [oy - y for y in y1]
        if self.turns == 1:
            ox, oy = box.bottom, box.left
            return [y - ox for y in bottom], [x - oy for x in left], [y - ox for y in top], [x - oy for x in right]
        if self.turns == 2:
            ox, oy = box.right, box.bottom
            return [ox - x for x in right], [y - oy for y in bottom], [ox - x for x in left], [y - oy for y in top]
        ox, oy = box.top, box.right
        return [ox - y for y in top], [oy - x for x in right], [ox - y for y in bottom], [oy - x for x in left]

    def display_box(self, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
        a, b, c, d = self._displayed([left], [top], [right], [bottom])
        return a[0], b[0], c[0], d[0]

    def text_objects(self, indices: list[int]) -> list[int]:
        """The object that drew each character, 0 for characters that pdfium made up."""
        return [thing or 0 for thing in map(self.lib.FPDFText_GetTextObject, repeat(self._text), indices)]

    def matrix(self, thing: int) -> Matrix:
        found = Matrix(1, 0, 0, 1, 0, 0)
        self.lib.FPDFPageObj_GetMatrix(thing, byref(found))
        return found

    def fill_color(self, thing: int) -> tuple[int, int, int, int]:
        values = (c_uint * 4)(0, 0, 0, 255)
        start = ctypes.addressof(values)
        self.lib.FPDFPageObj_GetFillColor(thing, start, start + 4, start + 8, start + 12)
        return values[0], values[1], values[2], values[3]

    def bounds(self, thing: int) -> tuple[float, float, float, float]:
        """Left, bottom, right, top in the object's own container."""
        values = (c_float * 4)()
        start = ctypes.addressof(values)
        self.lib.FPDFPageObj_GetBounds(thing, start, start + 4, start + 8, start + 12)
        return values[0], values[1], values[2], values[3]

    def objects(self, most: int) -> Iterator[tuple[int, int, Matrix | None]]:
        """(object, type, matrix of the form it is in), forms opened, at most ``most``."""
        pending: list[tuple[int, Matrix | None, int]] = []
        lib = self.lib
        for i in range(min(lib.FPDFPage_CountObjects(self.handle), most)):
            pending.append((lib.FPDFPage_GetObject(self.handle, i), None, 0))
        pending.reverse()
        n_seen = 0
        while pending and n_seen < most:
            thing, around, depth = pending.pop()
            n_seen += 1
            kind = lib.FPDFPageObj_GetType(thing)
            if kind == 5 and depth < 4:  # FPDF_PAGEOBJ_FORM
                inner = multiply(self.matrix(thing), around)
                n_inner = min(lib.FPDFFormObj_CountObjects(thing), most - n_seen)
                pending += [(lib.FPDFFormObj_GetObject(thing, i), inner, depth + 1) for i in range(n_inner - 1, -1, -1)]
            else:
                yield thing, kind, around

    def draw_modes(self, path: int) -> tuple[bool, bool]:
        """(filled, stroked)."""
        fill, stroke = c_int(), c_int()
        self.lib.FPDFPath_GetDrawMode(path, byref(fill), byref(stroke))
        return fill.value != 0, stroke.value != 0

    def path_points(self, path: int, most: int) -> list[tuple[int, float, float, bool]]:
        """(0 line, 1 curve, 2 move; x; y; closes) of each segment, in the path's own space; [] when there are more."""
        n_segments = self.lib.FPDFPath_CountSegments(path)
        if not 0 < n_segments <= most:
            return []
        x, y = c_float(), c_float()
        points = []
        for i in range(n_segments):
            segment = self.lib.FPDFPath_GetPathSegment(path, i)
            self.lib.FPDFPathSegment_GetPoint(segment, ctypes.addressof(x), ctypes.addressof(y))
            closes = bool(self.lib.FPDFPathSegment_GetClose(segment))
            points.append((self.lib.FPDFPathSegment_GetType(segment), x.value, y.value, closes))
        return points

    def render(self, dpi: float, max_pixels: int) -> tuple[int, int, bytes]:
        """The page as grey pixels: (width, height, rows without padding). Lowers the resolution of huge pages."""
        scale = dpi / 72
        scale = min(scale, (max_pixels / max(self.width * self.height, 1.0)) ** 0.5)
        width, height = max(int(self.width * scale), 1), max(int(self.height * scale), 1)
        pixels = ctypes.create_string_buffer(width * height)
        bitmap = self.lib.FPDFBitmap_CreateEx(width, height, 1, pixels, width)  # 1: FPDFBitmap_Gray
        if not bitmap:
            raise CorruptDocumentError("A page cannot be drawn.")
        try:
            self.lib.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
            self.lib.FPDF_RenderPageBitmap(bitmap, self.handle, 0, 0, width, height, 0, 0x01)  # with annotations
        finally:
            self.lib.FPDFBitmap_Destroy(bitmap)
        return width, height, pixels.raw


def multiply(inner: Matrix, outer: Matrix | None) -> Matrix:
    if outer is None:
        return inner
    return Matrix(
        inner.a * outer.a + inner.b * outer.c,
        inner.a * outer.b + inner.b * outer.d,
        inner.c * outer.a + inner.d * outer.c,
        inner.c * outer.b + inner.d * outer.d,
        inner.e * outer.a + inner.f * outer.c + outer.e,
        inner.e * outer.b + inner.f * outer.d + outer.f,
    )


def apply(matrix: Matrix | None, x: float, y: float) -> tuple[float, float]:
    if matrix is None:
        return x, y
    return matrix.a * x + matrix.c * y + matrix.e, matrix.b * x + matrix.d * y + matrix.f

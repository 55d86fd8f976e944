"""Document <-> bytes: for the worker's answer and for the library's store.

What enters a file or a pipe is data only: a JSON header and compressed arrays, never code (no pickle). Loading checks
every size, range and order, because the bytes may come from a worker that read a hostile file, or from a damaged disk.

Layout: magic, u32 length of the compressed header, header, then the compressed blobs one after another. Header:
``{"v": 1, "blobs": [[compressed bytes, raw bytes], ...], ...}``. Blobs: text (UTF-8), word starts (as steps), word
lengths, word pages, word boxes (little-endian float32, the four bytes of each number stored apart: halves the size).
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from itertools import accumulate, pairwise
from math import isfinite
from operator import add, le, lt, sub
from typing import Any, get_args

from slimlm.documents.records import Block, BlockKind, Document, Notice, Page, PageKind, Section, TextSource, WordBoxes

MAGIC = b"SLMD"
VERSION = 1
_LEVEL = 1  # zlib: the fastest; higher levels save 5 % and take four times as long
_MAX_HEADER = 64 << 20
_U32 = struct.Struct("<I")


class SerialError(ValueError):
    """The bytes are not a whole document of this version."""


def pack_document(document: Document) -> bytes:
    """The document as bytes; ``unpack_document`` gives back an equal one."""
    words = document.words
    steps = array("I", map(sub, words.start, [0, *words.start[:-1]]))
    lengths = array("I", map(sub, words.end, words.start))
    raw = [document.text.encode("utf-8"), *map(_little, (steps, lengths, words.page)), _shuffle(_little(words.xyxy))]
    packed = [zlib.compress(blob, _LEVEL) for blob in raw]
    header = {
        "v": VERSION,
        "blobs": [[len(small), len(blob)] for small, blob in zip(packed, raw, strict=True)],
        "id": document.id,
        "name": document.name,
        "format": document.format,
        "title": document.title,
        "n_bytes": document.n_bytes,
        "pages": [astuple(page) for page in document.pages],
        "blocks": [astuple(block) for block in document.blocks],
        "sections": [astuple(section) for section in document.sections],
        "notices": [astuple(notice) for notice in document.notices],
    }
    head = zlib.compress(json.dumps(header, ensure_ascii=True, separators=(",", ":")).encode(), _LEVEL)
    return b"".join((MAGIC, _U32.pack(len(head)), head, *packed))


def unpack_document(data: bytes | memoryview, max_chars: int = 1 << 30) -> Document:
    """Read and check packed bytes. Raises ``SerialError``; never trusts a size before it is bounded."""
    view = memoryview(data)
    if len(view) < 8 or view[:4] != MAGIC:
        raise SerialError("not a packed document")
    size = _U32.unpack(view[4:8])[0]
    try:
        header: Any = json.loads(_inflate(view[8 : 8 + size], _MAX_HEADER))
        if header["v"] != VERSION:
            raise SerialError("packed by another version")
        text_blob, *array_blobs = _blobs(view[8 + size :], header["blobs"], max_chars)
        return _document(header, text_blob.decode("utf-8"), array_blobs)
    except SerialError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, zlib.error, OverflowError, RecursionError) as error:
        raise SerialError(f"damaged: {error}") from error


def _document(header: dict[str, Any], text: str, array_blobs: list[bytes]) -> Document:
    pages = tuple(_page(row) for row in _rows(header["pages"]))
    blocks = tuple(_block(row) for row in _rows(header["blocks"]))
    sections = tuple(_section(row) for row in _rows(header["sections"]))
    notices = tuple(Notice(_text(code), _text(message)) for code, message in _rows(header["notices"]))
    _check(isinstance(header["n_bytes"], int) and header["n_bytes"] >= 0, "size")
    _check(all(page.number == i for i, page in enumerate(pages, 1)), "page numbers")
    spans: tuple[Sequence[Page | Block | Section], ...] = (pages, blocks, sections)
    for items in spans:
        _check(all(0 <= item.start <= item.end <= len(text) for item in items), "offsets")
        _check(all(a.start <= b.start for a, b in pairwise(items)), "order")
    _check(all(a.end <= b.start for a, b in pairwise(blocks)), "overlapping blocks")
    homes = [*(block.page for block in blocks), *(section.page for section in sections)]
    _check(all(1 <= page <= len(pages) for page in homes), "page of a block")
    return Document(
        id=_text(header["id"]),
        name=_text(header["name"]),
        format=_text(header["format"]),
        title=_text(header["title"]),
        text=text,
        pages=pages,
        blocks=blocks,
        sections=sections,
        words=_words(array_blobs, len(text), len(pages)),
        notices=notices,
        n_bytes=header["n_bytes"],
    )


def _words(blobs: list[bytes], n_chars: int, n_pages: int) -> WordBoxes:
    steps, lengths, pages = (_array("I", blob) for blob in blobs[:3])
    xyxy = _array("f", _unshuffle(blobs[3]))
    _check(len(steps) == len(lengths) == len(pages) and len(xyxy) == 4 * len(steps), "word arrays")
    if not steps:
        return WordBoxes()
    start = array("I", accumulate(steps))  # raises OverflowError when the steps run away
    end = array("I", map(add, start, lengths))
    _check(all(map(lt, start, end)) and all(map(le, end[:-1], start[1:])) and end[-1] <= n_chars, "word offsets")
    _check(min(pages) >= 1 and max(pages) <= n_pages, "word pages")
    _check(all(map(isfinite, xyxy)), "word boxes")
    return WordBoxes(start, end, pages, xyxy)


def _blobs(view: memoryview, sizes: Any, max_chars: int) -> Iterator[bytes]:
    """Blobs in order. A word has at least one character, so the text bounds the arrays."""
    _check(isinstance(sizes, list) and len(sizes) == 5, "blobs")
    bounds = [4 * max_chars, *[4 * max_chars] * 3, 16 * max_chars]
    at = 0
    for (small, raw), bound in zip(sizes, bounds, strict=True):
        _check(isinstance(small, int) and isinstance(raw, int) and 0 <= raw <= bound and small >= 0, "blob size")
        blob = _inflate(view[at : at + small], raw)
        _check(len(blob) == raw, "blob length")
        yield blob
        at += small
    _check(at == len(view), "trailing bytes")


def _inflate(data: memoryview, limit: int) -> bytes:
    inflate = zlib.decompressobj()
    raw = inflate.decompress(data, limit + 1)  # + 1: so that 0 does not mean "no limit"
    _check(len(raw) <= limit and inflate.eof, "compressed data")
    return raw


def _rows(value: Any) -> list[Any]:
    _check(isinstance(value, list), "table")
    return value  # type: ignore[no-any-return]


def _page(row: Any) -> Page:
    number, kind, label, start, end, width, height, source = row
    _check(kind in get_args(PageKind) and source in get_args(TextSource), "page kind")
    _check(isfinite(width) and isfinite(height), "page size")
    return Page(_int(number), kind, _text(label), _int(start), _int(end), float(width), float(height), source)


def _block(row: Any) -> Block:
    kind, start, end, page, level = row
    _check(kind in get_args(BlockKind), "block kind")
    return Block(kind, _int(start), _int(end), _int(page), _int(level))


def _section(row: Any) -> Section:
    title, level, start, end, page = row
    return Section(_text(title), _int(level), _int(start), _int(end), _int(page))


def _text(value: Any) -> str:
    _check(isinstance(value, str), "text")
    return value  # type: ignore[no-any-return]


def _int(value: Any) -> int:
    _check(type(value) is int and 0 <= value < 1 << 32, "number")
    return value  # type: ignore[no-any-return]


def _check(fact: bool, what: str) -> None:
    if not fact:
        raise SerialError(f"damaged: {what}")


def _array(kind: str, blob: bytes) -> array[Any]:
    values: array[Any] = array(kind)
    values.frombytes(blob)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _little(values: array[Any]) -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def _shuffle(blob: bytes) -> bytes:
    return b"".join(blob[i::4] for i in range(4))


def _unshuffle(blob: bytes) -> bytes:
    _check(len(blob) % 16 == 0, "word boxes")
    out, quarter = bytearray(len(blob)), len(blob) // 4
    for i in range(4):
        out[i::4] = blob[i * quarter : (i + 1) * quarter]
    return bytes(out)

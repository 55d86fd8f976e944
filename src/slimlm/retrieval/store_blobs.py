"""Values of the library as bytes: sentences' places, their terms, vectors, results. Little-endian, data only.

What enters: numbers and strings. What leaves: bytes, and back. Damaged ones raise ``ValueError`` or ``zlib.error``.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence

from slimlm.documents.serial import MAGIC

_LEVEL = 1  # zlib: the fastest
_U32 = struct.Struct("<I")
_MAX_BYTES = 1 << 30  # of one value, expanded: more is not ours
VECTOR_CHUNK = 256  # sentences a row: 384 KB at 384 numbers a vector


def pack_spans(spans: Sequence[tuple[int, int]]) -> bytes:
    return _bytes(array("I", [offset for span in spans for offset in span]))


def span_at(packed: bytes, index: int) -> tuple[int, int]:
    """Start and end of sentence ``index``."""
    start, end = struct.unpack_from("<2I", packed, 8 * index)
    return start, end


def pack_lines(lines: Sequence[str]) -> bytes:
    """Texts without line breaks."""
    return pack_text("\n".join(lines))


def unpack_lines(packed: bytes) -> list[str]:
    text = unpack_text(packed)
    return text.split("\n") if text else []


def pack_text(text: str) -> bytes:
    return zlib.compress(text.encode("utf-8", "surrogatepass"), _LEVEL)


def unpack_text(packed: bytes | memoryview) -> str:
    inflate = zlib.decompressobj()
    raw = inflate.decompress(packed, _MAX_BYTES)
    if not inflate.eof:
        raise ValueError("damaged")
    return raw.decode("utf-8", "surrogatepass")


def document_text(packed: bytes) -> str:
    """The text of a packed document alone, without its words' boxes: 20 times faster than unpacking it all.

    Follows the layout that ``documents.serial`` describes: magic, size of the header, header, text, arrays.
    """
    view = memoryview(packed)
    if view[:4] != MAGIC:
        raise ValueError("damaged")
    size = _U32.unpack(view[4:8])[0]
    header = json.loads(unpack_text(view[8 : 8 + size]))
    return unpack_text(view[8 + size : 8 + size + header["blobs"][0][0]])


def pack_vectors(vectors: Mapping[int, array[float]]) -> bytes:
    """Count, dimensions, then the sentence numbers, then the vectors.

    float32 because it is loaded without conversion: 3,000 vectors of 384 in 7 ms. As float16 (half the disk) the
    standard library needs 190 ms; neither gets smaller by compression.
    """
    dimensions = {len(vector) for vector in vectors.values()}
    assert len(dimensions) == 1, "vectors of one model have one length"
    order = sorted(vectors)
    head = struct.pack("<2I", len(order), dimensions.pop())
    return b"".join((head, _bytes(array("I", order)), *(_bytes(vectors[i]) for i in order)))


def unpack_vectors(packed: bytes) -> dict[int, array[float]]:
    n, width = struct.unpack_from("<2I", packed)
    if len(packed) != 8 + 4 * n + 4 * n * width:
        raise ValueError("damaged")
    order, numbers = array("I"), array("f")
    order.frombytes(packed[8 : 8 + 4 * n])
    numbers.frombytes(packed[8 + 4 * n :])
    if sys.byteorder == "big":
        order.byteswap()
        numbers.byteswap()
    return {i: numbers[at * width : (at + 1) * width] for at, i in enumerate(order)}


def _bytes(values: array[int] | array[float]) -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()

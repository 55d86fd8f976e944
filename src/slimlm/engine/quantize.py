"""Blocks of 32 weights -> 4 bits and a scale, with the scale searched instead of taken from the largest weight.

What enters: float32 arrays of shape (blocks, 32). What leaves: bytes in ggml's layout. Requantizing a file that was
already quantized costs quality; the search (in the manner of llama.cpp's ``make_qx_quants``) wins a part of it back.
This module refuses to know files and models.

Formats: ``ggml-common.h`` of llama.cpp. Q4_0: f16 scale d, 16 bytes; w = d * (q - 8). IQ4_NL: the same bytes, but q is
an index into 16 uneven levels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

BLOCK = 32
_CHUNK = 2048  # blocks at a time: 256 KB of float32, so that the search stays in the processor's cache
# Where the largest weight of a block may land, in steps from zero; 8 is the plain rule of Q4_0.
_ENDS = (-8.0, -7.0, -7.35, -7.7, -8.35, -8.7, -9.1, -6.6)
_IQ4_NL_LEVELS = np.array(
    (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113), dtype=np.float32
)  # fmt: skip
_IQ4_NL_ENDS = (-127.0, -116.0, -105.0, -138.0, 113.0, 104.0, 122.0)

_Rounder = Callable[[Floats], Floats]  # scaled weights -> nearest levels (as values, not indices)


def quantize_q4_0(blocks: Floats, importance: Floats | None = None) -> Bytes:
    """(n, 32) -> (n, 18) bytes. ``importance`` (n, 32): how much an error in each weight matters; None: equally."""

    def pack(scaled: Floats) -> Bytes:
        return (_round_q4_0(scaled) + 8).astype(np.uint8)

    return _quantize(blocks, importance, _ENDS, _round_q4_0, pack)


def quantize_iq4_nl(blocks: Floats, importance: Floats | None = None) -> Bytes:
    """(n, 32) -> (n, 18) bytes, see ``quantize_q4_0``."""
    borders = (_IQ4_NL_LEVELS[1:] + _IQ4_NL_LEVELS[:-1]) / 2
    index_of = np.searchsorted(borders, np.arange(-128, 128)).astype(np.uint8)  # by the rounded weight, 12x faster
    level_of = _IQ4_NL_LEVELS[index_of]

    def rounded(scaled: Floats) -> NDArray[np.int16]:
        return np.clip(np.rint(scaled), -128, 127).astype(np.int16) + np.int16(128)

    def pack(scaled: Floats) -> Bytes:
        return index_of[rounded(scaled)]

    def nearest(scaled: Floats) -> Floats:
        return level_of[rounded(scaled)]

    return _quantize(blocks, importance, _IQ4_NL_ENDS, nearest, pack)


def quantize_q8_0(blocks: Floats) -> Bytes:
    """(n, 32) -> (n, 34) bytes by the plain rule: at 8 bits there is nothing to win back."""
    scale = (np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)).astype(np.float16)
    step = scale.astype(np.float32)
    inverse = np.divide(np.float32(1), step, out=np.zeros_like(step), where=step != 0)
    q = np.clip(np.rint(blocks * inverse), -127, 127).astype(np.int8)
    return np.concatenate([scale.view(np.uint8), q.view(np.uint8)], axis=1)


def _round_q4_0(scaled: Floats) -> Floats:
    rounded: Floats = np.clip(np.rint(scaled), -8, 7)
    return rounded


def _quantize(
    blocks: Floats, importance: Floats | None, ends: tuple[float, ...], nearest: _Rounder,
    pack: Callable[[Floats], Bytes],
) -> Bytes:  # fmt: skip
    packed = np.empty((len(blocks), 2 + BLOCK // 2), dtype=np.uint8)
    for start in range(0, len(blocks), _CHUNK):
        part = blocks[start : start + _CHUNK]
        weight = None if importance is None else importance[start : start + _CHUNK]
        scale = _best_scale(part, weight, ends, nearest).astype(np.float16)
        step = scale.astype(np.float32)
        inverse = np.divide(np.float32(1), step, out=np.zeros_like(step), where=step != 0)
        q = pack(part * inverse)
        packed[start : start + _CHUNK, :2] = scale.view(np.uint8)
        packed[start : start + _CHUNK, 2:] = q[:, : BLOCK // 2] | q[:, BLOCK // 2 :] << 4
    return packed


def _best_scale(blocks: Floats, weight: Floats | None, ends: tuple[float, ...], nearest: _Rounder) -> Floats:
    """The scale of each block (n, 1) whose least (weighted) squared error is smallest.

    For fixed levels q the best scale is <x,q>/<q,q>, and the error it leaves is <x,x> - <x,q>²/<q,q>: maximize that.
    """
    extreme: Floats = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1)[:, None], axis=1)
    inverse_extreme: Floats = np.divide(np.float32(1), extreme, out=np.zeros_like(extreme), where=extreme != 0)
    weighted = blocks if weight is None else blocks * weight
    best_gain = np.full((len(blocks), 1), -1, dtype=np.float32)
    best_scale = np.zeros((len(blocks), 1), dtype=np.float32)
    for end in ends:
        q = nearest(blocks * (inverse_extreme * np.float32(end)))
        product = np.einsum("ij,ij->i", weighted, q)[:, None]
        square = np.einsum("ij,ij->i", q if weight is None else q * weight, q)[:, None]
        scale: Floats = np.divide(product, square, out=np.zeros_like(product), where=square > 0)
        gain = product * scale
        better = gain > best_gain
        best_gain = np.where(better, gain, best_gain)
        best_scale = np.where(better, scale, best_scale)
    return best_scale

"""Writes a model file anew in the layout that this engine computes fastest.

What enters: a checked GGUF and the name of a layout. What leaves: another GGUF with the same vocabulary and metadata.
This module refuses to know where files come from, and which layout is best: ``benchmarks/layout.py`` measures that.

A layout says how three groups of tensors are stored: the matrices of the layers (*body*), the matrix that turns the
last state into words (*output*), and exceptions. llama.cpp uses a separate ``output.weight`` where there is one, and
the embedding (``token_embd.weight``) twice where there is none. It rearranges Q4_0, IQ4_NL and Q8_0 in memory at load
time for the processor at hand; Q4_1 it does not.

The metadata is copied byte for byte (reading and writing 100,000 vocabulary entries with the ``gguf`` package takes
longer than the conversion itself); only its numeric kernels are used.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import numpy as np

from slimlm.engine.gguf_header import GgufHeader, TensorInfo, read_gguf_header
from slimlm.engine.quantize import BLOCK, Bytes, Floats, quantize_iq4_nl, quantize_q4_0, quantize_q8_0
from slimlm.engine.transfer import Work, require_space, written_whole
from slimlm.errors import InvalidModelError, UsageError

EMBEDDING, OUTPUT = "token_embd.weight", "output.weight"
_TYPES: Mapping[str, int] = MappingProxyType({"Q4_0": 2, "Q8_0": 8, "IQ4_NL": 20})  # ggml_type
_FILE_TYPES: Mapping[str, int] = MappingProxyType({"Q4_0": 2, "Q8_0": 7, "IQ4_NL": 25})  # llama_ftype
_BLOCK_BYTES: Mapping[str, int] = MappingProxyType({"Q4_0": 18, "Q8_0": 34, "IQ4_NL": 18})
_CHUNK = 1 << 14  # blocks at a time: 2 MB of float32
_ALIGNMENT = 32


@dataclass(frozen=True, slots=True)
class Layout:
    """Types by ggml name. ``body``, ``embedding`` None: as they are. ``output`` None: no tensor of its own.

    ``keep``: parts of tensor names -> the type they have instead of ``body``.
    """

    body: str | None
    output: str | None = None
    embedding: str | None = None
    keep: Mapping[str, str] = field(default_factory=dict)


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "q4_0": Layout("Q4_0"),
        "q4_0-out4": Layout("Q4_0", output="Q4_0"),
        "q4_0-emb4": Layout("Q4_0", embedding="Q4_0"),
        "q4_0-out8": Layout("Q4_0", output="Q8_0"),
        "q4_0-down8": Layout("Q4_0", keep={"ffn_down": "Q8_0"}),
        "q4_0-attn8": Layout("Q4_0", keep={"attn_": "Q8_0"}),
        "q4_0-v8": Layout("Q4_0", keep={"attn_v": "Q8_0", "attn_k": "Q8_0"}),
        "iq4_nl": Layout("IQ4_NL"),
        "iq4_nl-out4": Layout("IQ4_NL", output="IQ4_NL"),
        "q8_0": Layout("Q8_0"),
        "out4": Layout(None, output="Q4_0"),
        "q8_0-out4": Layout("Q8_0", output="Q4_0"),
    }
)
_QUANTIZE: Mapping[str, Callable[[Floats], Bytes]] = MappingProxyType(
    {"Q4_0": quantize_q4_0, "IQ4_NL": quantize_iq4_nl, "Q8_0": quantize_q8_0}
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """One tensor of the new file: where its weights come from, and its type (None: bytes as they are)."""

    name: str
    source: TensorInfo
    type: str | None

    @property
    def n_bytes(self) -> int:
        if self.type is None:
            return self.source.n_bytes
        return int(np.prod(self.source.shape)) // BLOCK * _BLOCK_BYTES[self.type]


def apply_layout(layout: str, source: Path, target: Path, work: Work) -> None:
    """Write ``source`` in ``layout`` to ``target`` (complete or not at all).

    Memory: a few megabytes beyond the mapped source. Raises ``UsageError`` (unknown layout), ``InvalidModelError``,
    ``DiskSpaceError``, ``CancelledError``.
    """
    if layout not in LAYOUTS:
        raise UsageError(f"{layout!r} is not a layout.", f"Use one of: as-is, {', '.join(LAYOUTS)}.")
    chosen = LAYOUTS[layout]
    header = read_gguf_header(source)
    if header.file_bytes < header.expected_bytes:
        raise InvalidModelError(f"{source} is truncated.")
    plans = tuple(_plan(header, chosen))
    total = sum(plan.n_bytes for plan in plans)
    require_space(target.parent, total)
    data_start = header.expected_bytes - max(tensor.offset + tensor.n_bytes for tensor in header.tensors)
    with written_whole(target) as out, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        out.write(_head(source, data_start, header, plans, chosen))
        weights = np.memmap(source, dtype=np.uint8, mode="r", offset=0)
        done = 0
        for plan in plans:
            start = data_start + plan.source.offset
            for piece in _pieces(plan, weights[start : start + plan.source.n_bytes], pool):
                work.check()
                out.write(piece.data)
                done += piece.nbytes
                work.progress(done, total, "converting")
            _pad(out)


def _plan(header: GgufHeader, layout: Layout) -> Iterator[_Plan]:
    names = {tensor.name for tensor in header.tensors}
    for tensor in header.tensors:
        yield _Plan(tensor.name, tensor, _type_of(tensor, layout))
        if tensor.name == EMBEDDING and layout.output is not None and OUTPUT not in names:
            yield _Plan(OUTPUT, tensor, None if _TYPES[layout.output] == tensor.type else layout.output)


def _type_of(tensor: TensorInfo, layout: Layout) -> str | None:
    """None for what stays as it is: vectors, rows that do not divide into blocks, types already right."""
    if len(tensor.shape) != 2 or tensor.shape[0] % BLOCK:
        return None
    if tensor.name == EMBEDDING:
        wanted = layout.embedding
    elif tensor.name == OUTPUT:
        wanted = layout.output or layout.embedding
    else:
        wanted = next((kind for part, kind in layout.keep.items() if part in tensor.name), layout.body)
    return None if wanted is None or _TYPES[wanted] == tensor.type else wanted


def _head(source: Path, data_start: int, header: GgufHeader, plans: tuple[_Plan, ...], layout: Layout) -> bytes:
    """Signature, counts, the source's metadata byte for byte, the new tensor table, padding."""
    with source.open("rb") as stream:
        old = stream.read(data_start)
    table = b"".join(_entry(tensor.name, tensor.shape, tensor.type, tensor.offset) for tensor in header.tensors)
    end = old.rfind(table)
    if end < 0 or header.metadata.get("general.alignment", _ALIGNMENT) != _ALIGNMENT:
        raise InvalidModelError(f"{source} cannot be laid out anew: its tensor table is unusual.")
    metadata = bytearray(old[24:end])
    key = b"general.file_type"
    at = metadata.find(struct.pack("<Q", len(key)) + key + struct.pack("<I", 4))
    if at >= 0 and layout.body is not None:
        struct.pack_into("<I", metadata, at + 8 + len(key) + 4, _FILE_TYPES[layout.body])
    entries, offset = [], 0
    for plan in plans:
        kind = plan.source.type if plan.type is None else _TYPES[plan.type]
        entries.append(_entry(plan.name, plan.source.shape, kind, offset))
        offset += -(-plan.n_bytes // _ALIGNMENT) * _ALIGNMENT
    head = old[:8] + struct.pack("<Q", len(plans)) + old[16:24] + bytes(metadata) + b"".join(entries)
    return head + bytes(-len(head) % _ALIGNMENT)


def _entry(name: str, shape: tuple[int, ...], kind: int, offset: int) -> bytes:
    raw = name.encode()
    return (
        struct.pack("<Q", len(raw)) + raw + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        + struct.pack("<IQ", kind, offset)
    )  # fmt: skip


def _pad(out: BinaryIO) -> None:
    out.write(bytes(-out.tell() % _ALIGNMENT))


def _pieces(plan: _Plan, raw: Bytes, pool: ThreadPoolExecutor) -> Iterator[Bytes]:
    """The new bytes of one tensor, in order, a few megabytes at a time."""
    if plan.type is None:
        for start in range(0, len(raw), 1 << 22):
            yield raw[start : start + (1 << 22)]
        return
    quantize, read, width = _QUANTIZE[plan.type], *_dequantizer(plan.source)
    blocks = raw.reshape(-1, width)

    def convert(start: int) -> Bytes:
        return quantize(read(blocks[start : start + _CHUNK]))

    yield from pool.map(convert, range(0, len(blocks), _CHUNK))


def _dequantizer(tensor: TensorInfo) -> tuple[Callable[[Bytes], Floats], int]:
    """Bytes of 32 (or 256) weights -> float32 (n, 32); and how many bytes that many weights have."""
    from gguf import quants  # noqa: PLC0415  (only when a model is installed)
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType  # noqa: PLC0415

    kind = GGMLQuantizationType(tensor.type)
    if kind.name in ("F32", "F16"):
        plain = np.dtype(np.float32 if kind.name == "F32" else np.float16)
        return lambda raw: raw.view(plain).astype(np.float32), BLOCK * plain.itemsize
    kernel = getattr(quants, kind.name, None)
    if kernel is None:
        raise InvalidModelError(f"Weights of type {kind.name} cannot be laid out anew.")
    size, width = GGML_QUANT_SIZES[kind]
    if size < BLOCK:  # BF16: single weights
        width *= BLOCK // size
    each = width if size >= BLOCK else width // BLOCK

    def read(raw: Bytes) -> Floats:
        weights = kernel.dequantize_blocks(raw.reshape(-1, each))
        return np.asarray(weights, dtype=np.float32).reshape(-1, BLOCK)

    return read, width

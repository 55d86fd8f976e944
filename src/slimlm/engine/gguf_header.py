"""A GGUF file's own description, read with strict bounds: a hostile file can neither hang nor exhaust us.

What enters: the path of a file that may be anything. What leaves: a ``GgufHeader``, or an ``InvalidModelError`` that
says what is wrong. This module refuses to know the tensors' values, and reads nothing past the header.

Format (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): ``GGUF``, version, counts of tensors and of
metadata pairs, the pairs, the tensors' names, shapes, types and offsets, padding, data.
"""

from __future__ import annotations

import math
import os
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from slimlm.engine.reader_text import HEAD
from slimlm.errors import InvalidModelError

Scalar = str | int | float | bool
Purpose = Literal["chat", "reader"]

_MAX_HEADER_BYTES = 256 << 20  # the largest real ones (a vocabulary of 262k with scores) are 16 MB
_MAX_PAIRS = 4096
_MAX_TENSORS = 65_536
_MAX_STRING = 4 << 20  # chat templates reach 20 KB
_MAX_ARRAY = 4_000_000
_KEPT_ARRAY = 1024  # longer ones (vocabularies) are skipped, only counted
_MAX_CONTEXT = 1 << 24
_MAX_DIMENSION = 1 << 20

_SCALARS: Mapping[int, str] = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip
_STRING, _ARRAY = 8, 9

# ggml type number -> (elements in a block, bytes in a block); ggml.h and ggml-common.h
_BLOCKS: Mapping[int, tuple[int, int]] = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54),
    35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip

_EMBEDDING_ARCHITECTURES = frozenset(
    {
        "bert", "nomic-bert", "nomic-bert-moe", "modern-bert", "neo-bert", "jina-bert-v2", "jina-bert-v3", "eurobert",
        "gemma-embedding", "llama-embed",
    }
)  # fmt: skip
_NOT_LANGUAGE_MODELS = frozenset({"clip", "wavtokenizer-dec", "t5", "t5encoder"})


@dataclass(frozen=True, slots=True)
class TensorInfo:
    name: str
    shape: tuple[int, ...]  # ggml order: the contiguous dimension first
    type: int  # ggml type number
    offset: int  # from the start of the data section
    n_bytes: int


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What the engine needs to know before it loads. Sizes in bytes, counts in tokens or elements."""

    version: int
    metadata: Mapping[str, object]  # scalars and short arrays; long arrays are absent
    array_lengths: Mapping[str, int]
    tensors: tuple[TensorInfo, ...]
    file_bytes: int
    expected_bytes: int  # header, padding and every tensor

    @property
    def architecture(self) -> str:
        return self.text("general.architecture")

    @property
    def name(self) -> str:
        return self.text("general.name") or self.text("general.basename")

    @property
    def chat_template(self) -> str:
        """Jinja source; empty when the file has none."""
        return self.text("tokenizer.chat_template")

    @property
    def tokenizer(self) -> str:
        """``gpt2`` (byte-level BPE), ``llama`` (SentencePiece), ``bert`` (WordPiece), ..."""
        return self.text("tokenizer.ggml.model")

    @property
    def vocabulary(self) -> int:
        return self.array_lengths.get("tokenizer.ggml.tokens", 0)

    @property
    def n_ctx_train(self) -> int:
        return self._number("context_length", 0, _MAX_CONTEXT)

    @property
    def n_layers(self) -> int:
        return self._number("block_count", 0, 4096)

    @property
    def n_embd(self) -> int:
        return self._number("embedding_length", 0, _MAX_DIMENSION)

    @property
    def kv_bytes_per_token(self) -> int:
        """Of an f16 cache over all layers (sliding windows counted as full, since the prefix is kept whole)."""
        heads = max(self._number("attention.head_count", 1, _MAX_DIMENSION), 1)
        width = self.n_embd // heads
        key = self._number("attention.key_length", width, _MAX_DIMENSION)
        value = self._number("attention.value_length", width, _MAX_DIMENSION)
        kept = self.metadata.get(f"{self.architecture}.attention.head_count_kv", heads)
        if isinstance(kept, tuple):
            total = sum(n for n in kept if isinstance(n, int) and 0 <= n <= _MAX_DIMENSION)
        else:
            total = self._number("attention.head_count_kv", heads, _MAX_DIMENSION) * self.n_layers
        return 2 * total * (key + value)

    @property
    def is_embedding_model(self) -> bool:
        return self.architecture in _EMBEDDING_ARCHITECTURES

    def text(self, key: str) -> str:
        value = self.metadata.get(key, "")
        return value if isinstance(value, str) else ""

    def _number(self, key: str, default: int, most: int) -> int:
        """Of this architecture: a per-layer array counts as its largest element."""
        value = self.metadata.get(f"{self.architecture}.{key}", default)
        if isinstance(value, tuple):
            value = max((n for n in value if isinstance(n, int)), default=default)
        if isinstance(value, bool) or not isinstance(value, int):
            return default
        return min(max(value, 0), most)


def read_gguf_header(path: Path) -> GgufHeader:
    """Parse the header only (milliseconds). Raises ``InvalidModelError`` for anything that is not a sound header.

    A truncated data section is *not* an error here: see ``check_gguf``.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as error:
        raise InvalidModelError(f"There is no model file {path}.") from error
    except OSError as error:
        raise InvalidModelError(f"The model file {path} cannot be opened: {error.strerror}.") from error
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode):
        os.close(descriptor)
        raise InvalidModelError(f"{path} is not a file.")
    with os.fdopen(descriptor, "rb") as file:
        try:
            return _parse(_Reader(file, info.st_size))
        except _BadHeaderError as error:
            raise InvalidModelError(f"{path} is not a usable GGUF model: {error}.") from error
        except OSError as error:
            raise InvalidModelError(f"The model file {path} cannot be read: {error.strerror}.") from error


def check_gguf(path: Path, purpose: Purpose = "chat") -> GgufHeader:
    """The header of a file that the engine can be expected to load for ``purpose``.

    Raises ``InvalidModelError`` naming the first thing that is missing: not a GGUF, truncated, unknown architecture, no
    tokenizer, no chat template, a reading model where a chat model is wanted or the other way round.
    """
    header = read_gguf_header(path)
    if header.file_bytes < header.expected_bytes:
        missing = header.expected_bytes - header.file_bytes
        raise InvalidModelError(f"{path} is truncated: {missing:,} of {header.expected_bytes:,} bytes are missing.")
    problem = _problem(header, purpose)
    if problem:
        raise InvalidModelError(f"{path} cannot be used: {problem}.")
    return header


def _problem(header: GgufHeader, purpose: Purpose) -> str:
    from gguf.constants import MODEL_ARCH_NAMES  # noqa: PLC0415  (imports numpy: kept off the import path of --help)

    architecture = header.architecture
    if architecture not in set(MODEL_ARCH_NAMES.values()) - _NOT_LANGUAGE_MODELS:
        return f"its architecture {architecture[:40]!r} is not a language model known to the engine"
    if not header.tokenizer or not header.vocabulary:
        return "it holds no tokenizer"
    if not header.tensors:
        return "it holds no tensors"
    if not (header.n_layers and header.n_embd and header.n_ctx_train):
        return "its metadata lacks the layers, the width or the context length"
    if purpose == "chat":
        if header.is_embedding_model:
            return "it is an embedding model, not a chat model"
        if not header.chat_template:
            return "it has no chat template (it is not an instruction-tuned model)"
    elif not {tensor.name for tensor in header.tensors} >= set(HEAD):
        return "it has no head that judges whether a passage answers a question"
    return ""


class _BadHeaderError(Exception):
    """Says what is wrong, as the end of a sentence."""


class _Reader:
    """Reads forward and never past the file's end or the header's limit."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size
        self.at = 0

    def take(self, count: int) -> bytes:
        self._claim(count)
        data = self._file.read(count)
        if len(data) != count:
            raise _BadHeaderError("it ends in the middle of its header")
        return data

    def skip(self, count: int) -> None:
        self._claim(count)
        self._file.seek(count, os.SEEK_CUR)

    def _claim(self, count: int) -> None:
        if count > self.size - self.at:
            raise _BadHeaderError("it ends in the middle of its header (truncated, or the header is damaged)")
        self.at += count
        if self.at > _MAX_HEADER_BYTES:
            raise _BadHeaderError(f"its header is larger than {_MAX_HEADER_BYTES >> 20} MB")

    def scalar(self, kind: int) -> Scalar:
        form = _SCALARS.get(kind)
        if form is None:
            raise _BadHeaderError(f"its metadata has a value of unknown type {kind}")
        (value,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return bool(value) if kind == 7 else value

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def string(self) -> str:
        length = self.u64()
        if length > _MAX_STRING:
            raise _BadHeaderError("its metadata has a text of unreasonable length")
        return self.take(length).decode("utf-8", "replace")


def _parse(reader: _Reader) -> GgufHeader:
    if reader.size < 24 or reader.take(4) != b"GGUF":
        raise _BadHeaderError("it does not begin with the GGUF signature")
    version = reader.u32()
    if version not in (2, 3):
        raise _BadHeaderError(f"its GGUF version {version} is not supported (2 and 3 are)")
    n_tensors, n_pairs = reader.u64(), reader.u64()
    if n_tensors > _MAX_TENSORS or n_pairs > _MAX_PAIRS:
        raise _BadHeaderError("its header announces an unreasonable number of entries")
    metadata: dict[str, object] = {}
    lengths: dict[str, int] = {}
    for _ in range(n_pairs):
        _read_pair(reader, metadata, lengths)
    tensors = tuple(_read_tensor(reader) for _ in range(n_tensors))
    if len({tensor.name for tensor in tensors}) != len(tensors):
        raise _BadHeaderError("two of its tensors have the same name")
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment > 1 << 16 or alignment & (alignment - 1):
        raise _BadHeaderError("its alignment is not a power of two")
    start = -(-reader.at // alignment) * alignment
    end = max((tensor.offset + tensor.n_bytes for tensor in tensors), default=0)
    return GgufHeader(version, metadata, lengths, tensors, reader.size, start + end if end else reader.at)


def _read_pair(reader: _Reader, metadata: dict[str, object], lengths: dict[str, int]) -> None:
    key = reader.string()
    if key in metadata or key in lengths:
        raise _BadHeaderError(f"its metadata has {key[:60]!r} twice")
    kind = reader.u32()
    if kind == _STRING:
        metadata[key] = reader.string()
    elif kind == _ARRAY:
        values, lengths[key] = _read_array(reader)
        if values is not None:
            metadata[key] = values
    else:
        metadata[key] = reader.scalar(kind)


def _read_array(reader: _Reader) -> tuple[tuple[Scalar, ...] | None, int]:
    kind, count = reader.u32(), reader.u64()
    if count > _MAX_ARRAY:
        raise _BadHeaderError("its metadata has an array of unreasonable length")
    if kind == _STRING:
        if count <= _KEPT_ARRAY:
            return tuple(reader.string() for _ in range(count)), count
        for _ in range(count):
            length = reader.u64()
            if length > _MAX_STRING:
                raise _BadHeaderError("its metadata has a text of unreasonable length")
            reader.take(length)  # not skip: a seek would throw the read-ahead away
        return None, count
    form = _SCALARS.get(kind)
    if form is None:
        raise _BadHeaderError(f"its metadata has an array of unknown type {kind}")
    if count <= _KEPT_ARRAY:
        return tuple(reader.scalar(kind) for _ in range(count)), count
    reader.skip(count * struct.calcsize(form))
    return None, count


def _read_tensor(reader: _Reader) -> TensorInfo:
    name = reader.string()
    n_dimensions = reader.u32()
    if not 1 <= n_dimensions <= 4:  # GGML_MAX_DIMS
        raise _BadHeaderError(f"tensor {name[:60]!r} has {n_dimensions} dimensions")
    shape = tuple(reader.u64() for _ in range(n_dimensions))
    kind, offset = reader.u32(), reader.u64()
    block = _BLOCKS.get(kind)
    if block is None:
        raise _BadHeaderError(f"tensor {name[:60]!r} has the unknown type {kind}")
    elements = math.prod(shape)
    if not 0 < elements < 1 << 48 or shape[0] % block[0] or offset > 1 << 48:
        raise _BadHeaderError(f"tensor {name[:60]!r} has an impossible shape or position")
    return TensorInfo(name, shape, kind, offset, elements // block[0] * block[1])

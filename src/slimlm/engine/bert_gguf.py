"""Builds a GGUF that llama.cpp embeds with, from a BERT's safetensors and vocabulary.

What enters: ``model.safetensors``, ``vocab.txt`` and ``config.json`` of a BERT encoder with mean pooling (such as
``sentence-transformers/all-MiniLM-L6-v2``). What leaves: one GGUF. Follows ``BertModel`` of llama.cpp's
``convert_hf_to_gguf.py``. The files come from a network: every length is checked before it is believed.
"""

from __future__ import annotations

import json
import math
import os
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from slimlm.engine.quantize import BLOCK, quantize_q8_0
from slimlm.engine.transfer import Work, require_space
from slimlm.errors import InvalidModelError

BertType = Literal["F16", "Q8_0"]

_MAX_HEADER_BYTES = 16 << 20
_MAX_TENSORS = 4096
_MAX_VOCABULARY_BYTES = 64 << 20
_DTYPES: Mapping[str, np.dtype[Any]] = MappingProxyType(
    {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "I64": np.dtype("<i8"), "I32": np.dtype("<i4")}
)
_NAMES: tuple[tuple[str, str], ...] = (  # Hugging Face -> GGUF
    (r"embeddings\.word_embeddings", "token_embd"),
    (r"embeddings\.position_embeddings", "position_embd"),
    (r"embeddings\.token_type_embeddings", "token_types"),
    (r"embeddings\.LayerNorm", "token_embd_norm"),
    (r"encoder\.layer\.(\d+)\.attention\.self\.query", r"blk.\1.attn_q"),
    (r"encoder\.layer\.(\d+)\.attention\.self\.key", r"blk.\1.attn_k"),
    (r"encoder\.layer\.(\d+)\.attention\.self\.value", r"blk.\1.attn_v"),
    (r"encoder\.layer\.(\d+)\.attention\.output\.dense", r"blk.\1.attn_output"),
    (r"encoder\.layer\.(\d+)\.attention\.output\.LayerNorm", r"blk.\1.attn_output_norm"),
    (r"encoder\.layer\.(\d+)\.intermediate\.dense", r"blk.\1.ffn_up"),
    (r"encoder\.layer\.(\d+)\.output\.dense", r"blk.\1.ffn_down"),
    (r"encoder\.layer\.(\d+)\.output\.LayerNorm", r"blk.\1.layer_output_norm"),
)
_UNUSED = re.compile(r"embeddings\.position_ids|pooler\..*|cls\..*")
_ALWAYS_F32 = frozenset({"position_embd.weight", "token_types.weight"})
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True, slots=True)
class BertConfig:
    layers: int
    width: int
    heads: int
    feed_forward: int
    positions: int
    vocabulary: int
    token_types: int
    epsilon: float


def read_safetensors(file: Path) -> Mapping[str, NDArray[Any]]:
    """Name -> array, mapped and not read. Raises ``InvalidModelError`` for anything out of bounds."""
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8)) if size >= 8 else (0,)
            if not 2 <= length <= min(_MAX_HEADER_BYTES, size - 8):
                raise InvalidModelError(f"{file} is not a safetensors file.")
            header = json.loads(stream.read(length))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidModelError(f"{file} is not a readable safetensors file: {error}.") from error
    if not isinstance(header, dict) or len(header) > _MAX_TENSORS:
        raise InvalidModelError(f"{file} has a damaged header.")
    data = np.memmap(file, dtype=np.uint8, mode="r")[8 + length :]
    return {name: _tensor(name, item, data) for name, item in header.items() if name != "__metadata__"}


def _tensor(name: str, item: object, data: NDArray[np.uint8]) -> NDArray[Any]:
    try:
        assert isinstance(item, dict)
        dtype, shape = _DTYPES[item["dtype"]], tuple(item["shape"])
        start, end = item["data_offsets"]
        whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in (*shape, start, end))
        if not whole or not start <= end <= len(data) or math.prod(shape) * dtype.itemsize != end - start:
            raise ValueError("its place or shape is impossible")
        return data[start:end].view(dtype).reshape(shape)
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise InvalidModelError(f"The tensor {name[:80]!r} is damaged: {error}.") from error


def read_config(file: Path) -> BertConfig:
    try:
        values = json.loads(file.read_text("utf-8"))
        if values["model_type"] != "bert" or values.get("hidden_act", "gelu") != "gelu":
            raise InvalidModelError(f"{file} does not describe a BERT with GELU.")
        return BertConfig(
            layers=int(values["num_hidden_layers"]), width=int(values["hidden_size"]),
            heads=int(values["num_attention_heads"]), feed_forward=int(values["intermediate_size"]),
            positions=int(values["max_position_embeddings"]), vocabulary=int(values["vocab_size"]),
            token_types=int(values["type_vocab_size"]), epsilon=float(values["layer_norm_eps"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidModelError(f"{file} does not describe a BERT: {error!r}.") from error


def read_vocabulary(file: Path, expected: int) -> tuple[str, ...]:
    """One token per line; the line's number is its id."""
    if file.stat().st_size > _MAX_VOCABULARY_BYTES:
        raise InvalidModelError(f"{file} is too large for a vocabulary.")
    try:
        tokens = tuple(file.read_text("utf-8").removesuffix("\n").split("\n"))
    except UnicodeDecodeError as error:
        raise InvalidModelError(f"{file} is not a vocabulary.") from error
    if len(tokens) != expected or not set(_SPECIAL) <= set(tokens):
        raise InvalidModelError(f"{file} does not fit the model: it has {len(tokens)} tokens, not {expected}.")
    return tokens


def build_bert_gguf(
    weights: Path, vocabulary: Path, config: Path, target: Path, name: str, kind: BertType, work: Work
) -> None:
    """Write ``target``, complete or not at all.

    Raises ``InvalidModelError``, ``DiskSpaceError``, ``CancelledError``.
    """
    from gguf import GGUFWriter  # noqa: PLC0415  (only when a model is installed)

    shape = read_config(config)
    tokens = read_vocabulary(vocabulary, shape.vocabulary)
    tensors = _rename(read_safetensors(weights), shape)
    require_space(target.parent, sum(tensor.nbytes for tensor in tensors.values()))
    partial = target.with_name(target.name + ".new")
    writer = GGUFWriter(partial, "bert")
    try:
        _write_metadata(writer, name, shape, kind)
        _write_tokenizer(writer, tokens)
        for done, (key, tensor) in enumerate(tensors.items()):
            work.check()
            work.progress(done, len(tensors), "converting")
            _add_tensor(writer, key, tensor, kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(target)
    except BaseException:
        writer.close()
        partial.unlink(missing_ok=True)
        raise


def _rename(tensors: Mapping[str, NDArray[Any]], shape: BertConfig) -> dict[str, NDArray[Any]]:
    renamed: dict[str, NDArray[Any]] = {}
    for name, tensor in tensors.items():
        plain = name.removeprefix("bert.")
        if _UNUSED.fullmatch(plain):
            continue
        stem, _, ending = plain.rpartition(".")
        found = next((re.sub(old, new, stem) for old, new in _NAMES if re.fullmatch(old, stem)), None)
        if found is None or ending not in ("weight", "bias"):
            raise InvalidModelError(f"The model has an unknown tensor {name[:80]!r}.")
        renamed[f"{found}.{ending}"] = tensor
    words, positions = renamed.get("token_embd.weight"), renamed.get("position_embd.weight")
    if (
        len(renamed) != 5 + 16 * shape.layers
        or words is None
        or positions is None
        or words.shape != (shape.vocabulary, shape.width)
        or positions.shape != (shape.positions, shape.width)
    ):
        raise InvalidModelError("The model's tensors do not fit its configuration.")
    return renamed


def _write_metadata(writer: Any, name: str, shape: BertConfig, kind: BertType) -> None:
    writer.add_type("model")
    writer.add_name(name)
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.positions)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_layer_norm_eps(shape.epsilon)
    writer.add_causal_attention(False)
    writer.add_uint32("bert.pooling_type", 1)  # mean over the tokens
    writer.add_file_type(7 if kind == "Q8_0" else 1)  # llama_ftype
    if kind == "Q8_0":
        writer.add_quantization_version(2)


def _write_tokenizer(writer: Any, tokens: tuple[str, ...]) -> None:
    """WordPiece as llama.cpp wants it: a leading ``▁`` for word starts, nothing for continuations."""
    special = frozenset(_SPECIAL)
    normal, control = 1, 3  # llama_token_type
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("bert-bge")  # the same splitting; llama.cpp ignores it for WordPiece
    writer.add_token_type_count(2)
    writer.add_token_list([token if token in special else _phantom(token) for token in tokens])
    writer.add_token_types([control if token in special else normal for token in tokens])
    pad, unknown, start, separator, mask = (tokens.index(token) for token in _SPECIAL)
    writer.add_bos_token_id(start)
    writer.add_eos_token_id(separator)
    writer.add_unk_token_id(unknown)
    writer.add_sep_token_id(separator)
    writer.add_pad_token_id(pad)
    writer.add_mask_token_id(mask)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)


def _phantom(token: str) -> str:
    return token[2:] if token.startswith("##") else "\u2581" + token


def _add_tensor(writer: Any, name: str, tensor: NDArray[Any], kind: BertType) -> None:
    from gguf import GGMLQuantizationType  # noqa: PLC0415

    plain = np.ascontiguousarray(tensor, dtype=np.float32)
    if plain.ndim < 2 or name in _ALWAYS_F32:
        writer.add_tensor(name, plain)
    elif kind == "Q8_0" and plain.shape[1] % BLOCK == 0:
        packed = quantize_q8_0(plain.reshape(-1, BLOCK)).reshape(len(plain), -1)
        writer.add_tensor(name, packed, raw_dtype=GGMLQuantizationType.Q8_0)
    else:
        writer.add_tensor(name, plain.astype(np.float16))

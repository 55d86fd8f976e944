"""Writes a BERT encoder with a Unigram vocabulary as a GGUF that llama.cpp embeds and reads with.

What enters: an encoder's shape, vocabulary, weights and, for one that scores pairs of texts, its head. What leaves:
one GGUF, complete or not at all: token embedding Q4_0 as it came, matrices Q8_0, the rest float32. Tensor names,
metadata and the head (tanh between its two layers) follow ``llama-arch.cpp`` and ``build_pooling`` of llama.cpp.

The file is written here and not by the ``gguf`` package, which takes seconds for large vocabularies (docs/log.md).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from slimlm.engine.packed_encoder import EncoderShape, PackedEncoder, Vocabulary
from slimlm.engine.quantize import BLOCK, quantize_q8_0
from slimlm.engine.transfer import Work, require_space, written_whole

_ALIGNMENT = 32
_F32, _Q4_0, _Q8_0 = 0, 2, 8  # ggml_type
_UINT32, _FLOAT32, _BOOL, _STRING, _ARRAY, _INT32 = 4, 6, 7, 8, 9, 5  # gguf value types
_NORMAL, _UNKNOWN, _CONTROL, _UNUSED = 1, 2, 3, 5  # llama_token_type
_PARTS: Mapping[str, str] = MappingProxyType(  # name in the packed file -> GGUF
    {
        "q": "attn_q", "k": "attn_k", "v": "attn_v", "ao": "attn_output", "aln": "attn_output_norm",
        "fi": "ffn_up", "fo": "ffn_down", "oln": "layer_output_norm",
    }
)  # fmt: skip
_MASK = ("<mask>",)


@dataclass(frozen=True, slots=True)
class _Stored:
    name: str
    shape: tuple[int, ...]  # ggml order: the contiguous dimension first
    type: int
    data: NDArray[np.uint8]


def write_encoder_gguf(
    encoder: PackedEncoder, head: Mapping[str, NDArray[np.float32]], target: Path, name: str, work: Work
) -> None:
    """``head``: the four tensors of ``HEAD``, or empty. Raises ``DiskSpaceError``, ``CancelledError``."""
    stored = []
    tensors = _renamed(encoder)
    for done, (key, tensor) in enumerate([*tensors.items(), *head.items()]):
        work.check()
        work.progress(done, len(tensors) + len(head), "converting")
        stored.append(_stored(key, tensor))
    width, rows = encoder.shape.width, encoder.shape.vocabulary
    stored.append(_Stored("token_embd.weight", (width, rows), _Q4_0, encoder.embedding.reshape(-1)))
    require_space(target.parent, sum(item.data.nbytes for item in stored))
    with written_whole(target) as out:
        out.write(_header(encoder, stored, name))
        for item in stored:
            work.check()
            out.write(item.data.data)
            out.write(bytes(-out.tell() % _ALIGNMENT))


def _renamed(encoder: PackedEncoder) -> dict[str, NDArray[np.float32]]:
    names = {"emb.pos": "position_embd.weight", "emb.type": "token_types.weight"}
    names |= {"emb.ln.w": "token_embd_norm.weight", "emb.ln.b": "token_embd_norm.bias"}
    for i in range(encoder.shape.layers):
        for short, long in _PARTS.items():
            names |= {f"l{i}.{short}.w": f"blk.{i}.{long}.weight", f"l{i}.{short}.b": f"blk.{i}.{long}.bias"}
    return {names[key]: tensor for key, tensor in encoder.tensors.items()}


def _stored(name: str, tensor: NDArray[np.float32]) -> _Stored:
    plain = np.ascontiguousarray(tensor, dtype=np.float32)
    shape = tuple(reversed(plain.shape))
    if plain.ndim == 2 and name.startswith("blk."):
        return _Stored(name, shape, _Q8_0, quantize_q8_0(plain.reshape(-1, BLOCK)).reshape(-1))
    return _Stored(name, shape, _F32, plain.reshape(-1).view(np.uint8))


def _header(encoder: PackedEncoder, stored: list[_Stored], name: str) -> bytes:
    pairs = [*_architecture(encoder.shape, name), *_tokenizer(encoder.vocabulary, encoder.shape.vocabulary)]
    table, offset = [], 0
    for item in stored:
        table.append(
            _text(item.name) + struct.pack("<I", len(item.shape))
            + struct.pack(f"<{len(item.shape)}QIQ", *item.shape, item.type, offset)
        )  # fmt: skip
        offset += -(-item.data.nbytes // _ALIGNMENT) * _ALIGNMENT
    head = b"GGUF" + struct.pack("<IQQ", 3, len(stored), len(pairs)) + b"".join(pairs) + b"".join(table)
    return head + bytes(-len(head) % _ALIGNMENT)


def _architecture(shape: EncoderShape, name: str) -> list[bytes]:
    return [
        _pair("general.architecture", _STRING, _text("bert")),
        _pair("general.type", _STRING, _text("model")),
        _pair("general.name", _STRING, _text(name)),
        _number("general.file_type", 7),  # mostly Q8_0
        _number("general.quantization_version", 2),
        _number("bert.block_count", shape.layers),
        _number("bert.context_length", shape.positions),
        _number("bert.embedding_length", shape.width),
        _number("bert.feed_forward_length", shape.feed_forward),
        _number("bert.attention.head_count", shape.heads),
        _pair("bert.attention.layer_norm_epsilon", _FLOAT32, struct.pack("<f", shape.epsilon)),
        _pair("bert.attention.causal", _BOOL, b"\0"),
        _number("bert.pooling_type", 1),  # mean over the tokens; whoever scores pairs asks for the head instead
    ]


def _tokenizer(words: Vocabulary, rows: int) -> list[bytes]:
    """Embedding rows without a token get a name that no text can hold."""
    spare = rows - len(words.tokens)
    tokens = [*words.tokens, *(f"[PAD{i}]" for i in range(spare))]
    scores = np.concatenate([words.scores, np.full(spare, -1e4, np.float32)])
    control = {words.start, words.end, words.pad}
    kinds = [
        _UNKNOWN if i == words.unknown
        else _CONTROL if i in control or token in _MASK
        else _UNUSED if i >= len(words.tokens)
        else _NORMAL
        for i, token in enumerate(tokens)
    ]  # fmt: skip
    true = b"\1"
    return [
        _pair("tokenizer.ggml.model", _STRING, _text("t5")),  # llama.cpp's name of Unigram
        _pair("tokenizer.ggml.pre", _STRING, _text("default")),
        _number("tokenizer.ggml.token_type_count", 2),
        _pair("tokenizer.ggml.tokens", _ARRAY, struct.pack("<IQ", _STRING, rows) + b"".join(map(_text, tokens))),
        _pair("tokenizer.ggml.scores", _ARRAY, struct.pack("<IQ", _FLOAT32, rows) + scores.astype("<f4").tobytes()),
        _pair("tokenizer.ggml.token_type", _ARRAY, struct.pack("<IQ", _INT32, rows) + np.array(kinds, "<i4").tobytes()),
        _number("tokenizer.ggml.bos_token_id", words.start),
        _number("tokenizer.ggml.eos_token_id", words.end),
        _number("tokenizer.ggml.unknown_token_id", words.unknown),
        _number("tokenizer.ggml.seperator_token_id", words.end),  # spelled so in the format
        _number("tokenizer.ggml.padding_token_id", words.pad),
        _pair("tokenizer.ggml.add_space_prefix", _BOOL, true),
        _pair("tokenizer.ggml.remove_extra_whitespaces", _BOOL, true),
        _pair("tokenizer.ggml.add_bos_token", _BOOL, true),
        _pair("tokenizer.ggml.add_eos_token", _BOOL, true),
        _pair("tokenizer.ggml.add_sep_token", _BOOL, b"\0"),
    ]


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def _pair(key: str, kind: int, value: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + value


def _number(key: str, value: int) -> bytes:
    return _pair(key, _UINT32, struct.pack("<I", value))

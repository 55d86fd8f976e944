"""Headers that are sound, and headers made to hurt."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimlm.engine.gguf_header import _BLOCKS, check_gguf, read_gguf_header
from slimlm.errors import InvalidModelError

Value = tuple[int, bytes]


def text(value: str) -> Value:
    raw = value.encode()
    return 8, struct.pack("<Q", len(raw)) + raw


def u32(value: int) -> Value:
    return 4, struct.pack("<I", value)


def words(*values: str) -> Value:
    return 9, struct.pack("<IQ", 8, len(values)) + b"".join(text(value)[1] for value in values)


SOUND: dict[str, Value] = {
    "general.architecture": text("llama"),
    "general.name": text("Tiny"),
    "llama.context_length": u32(2048),
    "llama.block_count": u32(2),
    "llama.embedding_length": u32(64),
    "llama.attention.head_count": u32(4),
    "llama.attention.head_count_kv": u32(2),
    "tokenizer.ggml.model": text("gpt2"),
    "tokenizer.ggml.tokens": words("a", "b", "c"),
    "tokenizer.chat_template": text("{{ messages }}"),
}
TENSOR = ("token_embd.weight", (64, 3), 0, 0)


def gguf(
    pairs: dict[str, Value],
    tensors: tuple[tuple[str, tuple[int, ...], int, int], ...] = (TENSOR,),
    data: int = 64 * 3 * 4,
    version: int = 3,
) -> bytes:
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs))
    for key, (kind, raw) in pairs.items():
        out += text(key)[1] + struct.pack("<I", kind) + raw
    for name, shape, kind, offset in tensors:
        out += text(name)[1] + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        out += struct.pack("<IQ", kind, offset)
    return out + bytes(-len(out) % 32) + bytes(data)


def write(folder: Path, content: bytes) -> Path:
    file = folder / "m.gguf"
    file.write_bytes(content)
    return file


def test_a_sound_header(tmp_path: Path) -> None:
    header = check_gguf(write(tmp_path, gguf(SOUND)))
    assert (header.architecture, header.name, header.tokenizer) == ("llama", "Tiny", "gpt2")
    assert (header.n_ctx_train, header.n_layers, header.n_embd, header.vocabulary) == (2048, 2, 64, 3)
    assert header.kv_bytes_per_token == 2 * 2 * 2 * (16 + 16)
    assert header.expected_bytes == header.file_bytes


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"general.architecture": text("warp-drive")}, "warp-drive"),
        ({"tokenizer.chat_template": None}, "chat template"),
        ({"tokenizer.ggml.tokens": None}, "no tokenizer"),
        ({"llama.block_count": None}, "lacks"),
        ({"general.architecture": text("bert"), "bert.block_count": u32(2), "bert.embedding_length": u32(64),
          "bert.context_length": u32(512)}, "embedding model"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(tmp_path: Path, change: dict[str, Value | None], says: str) -> None:
    pairs = {key: value for key, value in {**SOUND, **change}.items() if value is not None}
    with pytest.raises(InvalidModelError, match=says):
        check_gguf(write(tmp_path, gguf(pairs)))


def test_a_chat_model_is_no_reading_model(tmp_path: Path) -> None:
    with pytest.raises(InvalidModelError, match="no head"):
        check_gguf(write(tmp_path, gguf(SOUND)), "reader")


@pytest.mark.parametrize("missing", [1, 100, 700])
def test_truncated_data_is_counted(tmp_path: Path, missing: int) -> None:
    with pytest.raises(InvalidModelError, match=f"truncated: {missing} of"):
        check_gguf(write(tmp_path, gguf(SOUND)[:-missing]))


HOSTILE = {
    "empty": b"",
    "zeros": bytes(4096),
    "magic alone": b"GGUF",
    "version 1": gguf(SOUND, version=1),
    "huge pair count": b"GGUF" + struct.pack("<IQQ", 3, 0, 2**63),
    "huge tensor count": b"GGUF" + struct.pack("<IQQ", 3, 2**62, 0),
    "huge string": gguf({"a": (8, struct.pack("<Q", 2**63))}),
    "huge array": gguf({"a": (9, struct.pack("<IQ", 4, 2**61))}),
    "huge array of texts": gguf({"a": (9, struct.pack("<IQ", 8, 2**40))}),
    "array of arrays": gguf({"a": (9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 9, 1))}),
    "unknown type": gguf({"a": (77, b"")}),
    "twice the same key": gguf({"a": u32(1)}).replace(
        struct.pack("<IQQ", 3, 1, 1), struct.pack("<IQQ", 3, 0, 2)
    ) + text("a")[1] + struct.pack("<II", 4, 1),
    "alignment zero": gguf({**SOUND, "general.alignment": u32(0)}),
    "alignment seven": gguf({**SOUND, "general.alignment": u32(7)}),
    "tensor of unknown type": gguf(SOUND, (("t", (32,), 9999, 0),)),
    "tensor of 2^64 elements": gguf(SOUND, (("t", (2**32, 2**32), 0, 0),)),
    "tensor without elements": gguf(SOUND, (("t", (32, 0), 0, 0),)),
    "tensor of nine dimensions": gguf(SOUND, (("t", (1,) * 9, 0, 0),)),
    "tensor far away": gguf(SOUND, (("t", (32,), 0, 2**60),)),
    "two tensors of one name": gguf(SOUND, (TENSOR, TENSOR)),
    "row not in blocks": gguf(SOUND, (("t", (33, 2), 2, 0),)),
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_headers_end_quickly(tmp_path: Path, content: bytes) -> None:
    started = time.process_time()
    with pytest.raises(InvalidModelError):
        check_gguf(write(tmp_path, content))
    assert time.process_time() - started < 1.0


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path, tmp_path / "missing", Path("/dev/zero")):
        with pytest.raises(InvalidModelError):
            read_gguf_header(path)


def test_metadata_of_odd_kinds_does_no_harm(tmp_path: Path) -> None:
    pairs = {**SOUND, "llama.attention.head_count_kv": (9, struct.pack("<IQ2I", 4, 2, 2, 0)),
             "general.name": u32(7), "llama.attention.key_length": u32(2**32 - 1)}  # fmt: skip
    header = read_gguf_header(write(tmp_path, gguf(pairs)))
    assert header.name == ""
    assert header.kv_bytes_per_token == 2 * 2 * (2**20 + 16)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=12))
def test_any_damage_is_an_error_or_a_header(tmp_path_factory: pytest.TempPathFactory, at: int, with_: bytes) -> None:
    whole = gguf(SOUND)
    at %= len(whole)
    file = write(tmp_path_factory.mktemp("g"), whole[:at] + with_ + whole[at + len(with_) :])
    try:
        header = check_gguf(file)
    except InvalidModelError:
        return
    assert header.kv_bytes_per_token >= 0


def test_block_sizes_are_those_of_the_gguf_package() -> None:
    gguf_package = pytest.importorskip("gguf")
    sizes = {int(kind): tuple(size) for kind, size in gguf_package.GGML_QUANT_SIZES.items()}
    assert {kind: _BLOCKS[kind] for kind in sizes if kind in _BLOCKS} == {
        k: s for k, s in sizes.items() if k in _BLOCKS
    }
    assert sizes.keys() <= _BLOCKS.keys()

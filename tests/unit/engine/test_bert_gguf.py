"""The BERT builder's readers: files that come from a network are believed only within their bounds."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from slimlm.engine.bert_gguf import build_bert_gguf, read_config, read_safetensors, read_vocabulary
from slimlm.engine.gguf_header import check_gguf
from slimlm.engine.transfer import Work
from slimlm.errors import InvalidModelError

CONFIG = {
    "model_type": "bert", "num_hidden_layers": 1, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64,
    "max_position_embeddings": 16, "vocab_size": 8, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
}  # fmt: skip
VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nword\n##s\né\n"


def write_safetensors(file: Path, tensors: dict[str, np.ndarray]) -> Path:
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        raw = tensor.astype(np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": (len(data), len(data) + len(raw))}
        data += raw
    return write_raw(file, header, data)


def write_raw(file: Path, header: object, data: bytes) -> Path:
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return file


def tiny_bert() -> dict[str, np.ndarray]:
    rng, layer = np.random.default_rng(0), "encoder.layer.0."
    counts = {"word": 8, "position": 16, "token_type": 2}
    shapes = {f"embeddings.{name}_embeddings.weight": (n, 32) for name, n in counts.items()}
    shapes |= {f"embeddings.LayerNorm.{part}": (32,) for part in ("weight", "bias")}
    linear = {"attention.self.query": (32, 32), "attention.self.key": (32, 32), "attention.self.value": (32, 32)}
    linear |= {"attention.output.dense": (32, 32), "intermediate.dense": (64, 32), "output.dense": (32, 64)}
    for name, shape in linear.items():
        shapes |= {f"{layer}{name}.weight": shape, f"{layer}{name}.bias": shape[:1]}
    for name in ("attention.output.LayerNorm", "output.LayerNorm"):
        shapes |= {f"{layer}{name}.{part}": (32,) for part in ("weight", "bias")}
    shapes |= {"pooler.dense.weight": (32, 32), "embeddings.position_ids": (1, 16)}
    return {name: rng.normal(0, 0.1, shape) for name, shape in shapes.items()}


def build(folder: Path, tensors: dict[str, np.ndarray]) -> Path:
    weights = write_safetensors(folder / "m.safetensors", tensors)
    (folder / "vocab.txt").write_text(VOCABULARY, "utf-8")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    target = folder / "m.gguf"
    build_bert_gguf(weights, folder / "vocab.txt", folder / "config.json", target, "tiny", "Q8_0", Work())
    return target


def test_builds_a_file_that_the_engine_accepts(tmp_path):
    header = check_gguf(build(tmp_path, tiny_bert()), "embedding")
    assert len(header.tensors) == 21
    assert header.vocabulary == 8
    assert header.metadata["bert.pooling_type"] == 1
    assert header.metadata["bert.attention.causal"] is False
    assert header.metadata["tokenizer.ggml.tokens"][4:] == ("[MASK]", "\u2581word", "s", "\u2581é")


@pytest.mark.parametrize("missing", ["embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.bias"])
def test_missing_tensors_are_noticed(tmp_path, missing):
    tensors = tiny_bert()
    del tensors[missing]
    with pytest.raises(InvalidModelError):
        build(tmp_path, tensors)
    assert not (tmp_path / "m.gguf").exists()


def test_unknown_tensors_are_noticed(tmp_path):
    with pytest.raises(InvalidModelError, match="unknown tensor"):
        build(tmp_path, tiny_bert() | {"lm_head.weight": np.zeros((8, 32))})


@pytest.mark.parametrize(
    "item",
    [
        {"dtype": "F32", "shape": [4], "data_offsets": [0, 17]},
        {"dtype": "F32", "shape": [4], "data_offsets": [8, 24]},
        {"dtype": "F32", "shape": [-4, -1], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [1 << 62, 1 << 62], "data_offsets": [0, 16]},
        {"dtype": "F99", "shape": [4], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [4], "data_offsets": [16, 0]},
        {"dtype": "F32", "shape": "4", "data_offsets": [0, 16]},
        {"dtype": "F32"},
        [],
    ],
)
def test_tensors_out_of_bounds(tmp_path, item):
    with pytest.raises(InvalidModelError):
        read_safetensors(write_raw(tmp_path / "x", {"t": item}, bytes(16)))


@pytest.mark.parametrize(
    "data",
    [b"", b"12", struct.pack("<Q", 1 << 60) + b"{}", struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 4) + b"{nul",
     struct.pack("<Q", 200_000) + b"[" * 200_000],
)  # fmt: skip
def test_headers_that_lie(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(InvalidModelError):
        read_safetensors(tmp_path / "x")


def test_other_configurations_and_vocabularies(tmp_path):
    file = tmp_path / "x"
    wrong = (CONFIG | {"model_type": "gpt2"}, CONFIG | {"hidden_size": "a"}, {}, [])
    for text in ("", *map(json.dumps, wrong)):
        file.write_text(text)
        with pytest.raises(InvalidModelError):
            read_config(file)
    for raw in (b"a\nb\n", b"\xff\xfe" * 8):
        file.write_bytes(raw)
        with pytest.raises(InvalidModelError):
            read_vocabulary(file, 8)

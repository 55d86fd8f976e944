"""The numbers of the reranker, without a model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
from tiny_gguf import write_tiny_llama

from slimlm.engine import llama_likelihood
from slimlm.engine.gguf_header import TensorInfo, read_gguf_header
from slimlm.engine.llama_likelihood import (
    Continuation,
    LlamaLikelihood,
    _requests,
    _wanted_rows,
    log_softmax_at,
    read_output_matrix,
)
from slimlm.errors import EngineError


@pytest.mark.parametrize("chunk", [1, 7, 64, 300, 1000])
def test_log_softmax_in_chunks_is_log_softmax(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_likelihood, "_VOCABULARY_CHUNK", chunk)
    rng = np.random.default_rng(3)
    states = rng.normal(0, 3, (40, 16)).astype(np.float32)
    output = rng.normal(0, 1, (300, 16)).astype(np.float16)
    targets = np.concatenate([rng.integers(0, 300, 38), [0, 299]])
    logits = states.astype(np.float64) @ output.astype(np.float64).T
    exact = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    found = log_softmax_at(states, output, targets)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact[np.arange(40), targets], atol=1e-4)


def test_log_softmax_survives_large_logits() -> None:
    states = np.array([[1000.0], [-1000.0]], dtype=np.float32)
    output = np.array([[1.0], [0.5], [-2.0]], dtype=np.float16)
    found = log_softmax_at(states, output, np.array([0, 0]))
    np.testing.assert_allclose(found, [0.0, -3000.0])


@pytest.mark.parametrize("separate", ["", "F32", "F16", "Q4_0", "Q8_0"])
def test_the_output_matrix_is_read_from_where_it_is(tmp_path: Path, separate: str) -> None:
    file = tmp_path / "m.gguf"
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_block_count(1)
    writer.add_context_length(256)
    writer.add_embedding_length(32)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"t{i}" for i in range(50)])
    values = {name: np.random.default_rng(i).normal(0, 1, (50, 32)) for i, name in enumerate("ab")}
    stored = {"token_embd.weight": (values["a"], "Q8_0")}
    if separate:
        stored["output.weight"] = (values["b"], separate)
    for name, (matrix, kind) in stored.items():
        dtype = gguf.GGMLQuantizationType[kind]
        rows = gguf.quants.quantize(matrix.astype(np.float32), dtype)
        expected = gguf.quants.dequantize(rows, dtype)  # the last one is the one that counts
        writer.add_tensor(name, rows, raw_dtype=dtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    header = read_gguf_header(file)
    assert LlamaLikelihood.supports(header)
    found = read_output_matrix(file, header)
    assert (found.shape, found.dtype) == ((50, 32), np.float16)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_models_whose_probabilities_are_not_plain_are_refused(tmp_path: Path) -> None:
    header = read_gguf_header(write_tiny_llama(tmp_path / "m.gguf"))
    assert LlamaLikelihood.supports(header)
    for architecture in ("gemma2", "granite", "cohere2", "bert", "phi2", ""):
        assert not LlamaLikelihood.supports(
            replace(header, metadata={**header.metadata, "general.architecture": architecture})
        )
    assert not LlamaLikelihood.supports(replace(header, metadata={**header.metadata, "llama.logit_scale": 8.0}))
    assert not LlamaLikelihood.supports(replace(header, tensors=header.tensors[1:]))
    bias = TensorInfo("output.bias", (64,), 0, 0, 256)
    assert not LlamaLikelihood.supports(replace(header, tensors=(*header.tensors, bias)))
    unreadable = tuple(replace(one, type=34) for one in header.tensors)
    assert not LlamaLikelihood.supports(replace(header, tensors=unreadable))


def test_only_the_rows_that_predict_are_taken() -> None:
    rows = [[float(i), i + 0.5] for i in range(6)]
    item = json.dumps(rows, separators=(",", ":"))[2:].encode() + b'},{"index":1'
    found = _wanted_rows(item, Continuation((1, 2, 3, 4, 5, 6), 4))
    np.testing.assert_array_equal(found, [[3.0, 3.5], [4.0, 4.5]])
    with pytest.raises(EngineError, match="unreadable"):
        _wanted_rows(item, Continuation((1, 2, 3), 1))
    with pytest.raises(EngineError, match="unreadable"):
        _wanted_rows(b"oops,1],[2,3]]", Continuation((1, 2), 1))


def test_requests_keep_order_and_stay_small() -> None:
    asked = [Continuation(tuple(range(n)), 1) for n in (230, 230, 100, 20, 30, 230)]
    batches = list(_requests(asked))
    assert [one for batch in batches for one in batch] == asked
    assert [len(batch) for batch in batches] == [2, 3 + 1]
    assert list(_requests([])) == []

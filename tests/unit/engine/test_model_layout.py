"""Re-laid-out files: the same model, other types; the search for scales; what cannot be laid out."""

from __future__ import annotations

import threading

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType
from tiny_gguf import write_tiny_llama

from slimlm.engine.gguf_header import check_gguf
from slimlm.engine.layout import LAYOUTS, apply_layout
from slimlm.engine.quantize import quantize_iq4_nl, quantize_q4_0, quantize_q8_0
from slimlm.engine.transfer import Work
from slimlm.errors import CancelledError, InvalidModelError, UsageError


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["Q4_1", "F16", "F32", "BF16"])
def test_every_layout_reads_back(tmp_path, layout, kind):
    source, target = write_tiny_llama(tmp_path / "s.gguf", kind), tmp_path / "t.gguf"
    seen = []
    apply_layout(layout, source, target, Work(lambda *step: seen.append(step)))
    assert {file.name for file in tmp_path.iterdir()} == {"s.gguf", "t.gguf"}
    assert seen[-1][0] == seen[-1][1]
    check_gguf(target)
    old, new = gguf.GGUFReader(source), gguf.GGUFReader(target)
    for name, field in old.fields.items():
        if name not in ("GGUF.tensor_count", "general.file_type"):
            assert new.fields[name].contents() == field.contents()
    before = {tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type) for tensor in old.tensors}
    before["output.weight"] = before["token_embd.weight"]
    for tensor in new.tensors:
        after = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        expected = before.pop(tensor.name)
        assert after.shape == expected.shape
        assert np.abs(after - expected).mean() < 0.15 * np.abs(expected).mean()
    assert not set(before) - {"output.weight"}
    types = {tensor.name: tensor.tensor_type.name for tensor in new.tensors}
    assert types["blk.0.attn_norm.weight"] == "F32"
    assert types["blk.1.ffn_down.weight"] == LAYOUTS[layout].keep.get("ffn_down", LAYOUTS[layout].body or kind)
    assert types.get("output.weight") == LAYOUTS[layout].output


def blocks() -> np.ndarray:
    values = np.random.default_rng(1).normal(0, 1, (500, 32)).astype(np.float32)
    values[0] = 0
    return values


def squared_error(packed: np.ndarray, kind: GGMLQuantizationType, values: np.ndarray) -> float:
    return float(np.square(gguf.quants.dequantize(packed, kind) - values).sum())


def test_searched_scales_leave_less_error_than_the_plain_rule():
    values = blocks()
    plain = gguf.quants.quantize(values, GGMLQuantizationType.Q4_0)
    error = squared_error(plain, GGMLQuantizationType.Q4_0, values)
    assert squared_error(quantize_q4_0(values), GGMLQuantizationType.Q4_0, values) < 0.9 * error
    assert squared_error(quantize_iq4_nl(values), GGMLQuantizationType.IQ4_NL, values) < 0.9 * error
    assert squared_error(quantize_q8_0(values), GGMLQuantizationType.Q8_0, values) < 0.01 * error


def test_importance_moves_the_error_to_where_it_matters_less():
    values = blocks()
    importance = np.ones_like(values)
    importance[:, :4] = 100

    def error_there(packed: np.ndarray) -> float:
        return float(np.square(gguf.quants.dequantize(packed, GGMLQuantizationType.Q4_0) - values)[:, :4].sum())

    assert error_there(quantize_q4_0(values, importance)) < error_there(quantize_q4_0(values))


def test_refused_and_stopped(tmp_path):
    source, target = write_tiny_llama(tmp_path / "s.gguf"), tmp_path / "t.gguf"
    with pytest.raises(UsageError):
        apply_layout("q1", source, target, Work())
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        apply_layout("q4_0", source, target, Work(cancel=cancel))
    source.write_bytes(source.read_bytes()[:-100])
    with pytest.raises(InvalidModelError):
        apply_layout("q4_0", source, target, Work())
    assert not target.exists()
    assert not list(tmp_path.glob("*.new"))

"""The packed base, the shipped change and the GGUF made of them; and files that are none of these."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slimlm.engine.encoder_gguf import write_encoder_gguf
from slimlm.engine.gguf_header import check_gguf, read_gguf_header
from slimlm.engine.packed_encoder import read_packed_encoder
from slimlm.engine.reader_text import HEAD
from slimlm.engine.reader_weights import RESOURCE, apply_change, load_change
from slimlm.engine.transfer import Work
from slimlm.errors import CancelledError, InvalidModelError
from unit.engine.toy_encoder import SHAPE, packed_bytes, toy_encoder


def head() -> dict[str, np.ndarray]:
    shapes = ((SHAPE.width, SHAPE.width), (SHAPE.width,), (1, SHAPE.width), (1,))
    return {name: np.zeros(shape, np.float32) for name, shape in zip(HEAD, shapes, strict=True)}


def test_the_packed_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    encoder = toy_encoder()
    file = tmp_path / "base.bin"
    file.write_bytes(packed_bytes(encoder))
    read = read_packed_encoder(file)
    assert replace(read.shape, epsilon=1e-12) == encoder.shape
    assert read.vocabulary.tokens == encoder.vocabulary.tokens
    np.testing.assert_array_equal(read.embedding, encoder.embedding)
    np.testing.assert_array_equal(read.tensors["emb.pos"], encoder.tensors["emb.pos"])
    error = np.abs(read.tensors["l1.fo.w"] - encoder.tensors["l1.fo.w"]).max()
    assert 0 < error < 0.15 * np.abs(encoder.tensors["l1.fo.w"]).max()  # four bits


@given(st.integers(0, 2**31), st.integers(0, 255), st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_told_and_never_crashes(tmp_path: Path, place: int, value: int, cut: bool) -> None:
    raw = bytearray(packed_bytes(toy_encoder()))
    if cut:
        raw = raw[: place % len(raw)]
    else:
        raw[place % 2000] = value
    file = tmp_path / "base.bin"
    file.write_bytes(raw)
    with suppress(InvalidModelError):
        read_packed_encoder(file)
        assert not cut


@pytest.mark.parametrize("content", [b"", b"E5S1", b"GGUF" * 100, b"E5S1" + b"\xff" * 400])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "base.bin"
    file.write_bytes(content)
    with pytest.raises(InvalidModelError):
        read_packed_encoder(file)
    with pytest.raises(InvalidModelError):
        read_packed_encoder(tmp_path)


def test_the_gguf_is_complete_and_the_engine_can_be_expected_to_load_it(tmp_path: Path) -> None:
    file = tmp_path / "toy.gguf"
    write_encoder_gguf(toy_encoder(), head(), file, "Toy", Work())
    header = check_gguf(file, "reader")
    assert (header.name, header.n_embd, header.n_layers, header.n_ctx_train) == ("Toy", 64, 2, 512)
    assert header.vocabulary == SHAPE.vocabulary
    assert header.file_bytes == -(-header.expected_bytes // 32) * 32
    names = {tensor.name: tensor for tensor in header.tensors}
    assert names["token_embd.weight"].shape == (64, 64)
    assert names["blk.1.ffn_up.weight"].shape == (64, 128)
    assert set(HEAD) <= set(names)


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        write_encoder_gguf(toy_encoder(), head(), tmp_path / "toy.gguf", "Toy", Work(cancel=cancel))
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_change_is_small_whole_and_fits_no_other_base() -> None:
    with resources.as_file(resources.files("slimlm.engine").joinpath(RESOURCE)) as file:
        assert file.stat().st_size < 16 << 20
        change = load_change(file)
    assert set(HEAD) <= set(change.values)
    assert len(change.factors) == 12 * 6
    assert all(np.isfinite(value).all() for value in change.values.values())
    with pytest.raises(InvalidModelError):
        apply_change(toy_encoder(), change)


def test_a_header_of_another_kind_is_not_taken_for_a_reader(tmp_path: Path) -> None:
    file = tmp_path / "toy.gguf"
    write_encoder_gguf(toy_encoder(), {}, file, "Toy", Work())
    assert not {tensor.name for tensor in read_gguf_header(file).tensors} & set(HEAD)

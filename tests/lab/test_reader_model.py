"""What torch computes is what llama.cpp computes from the exported file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from slimlm.engine.encoder_gguf import write_encoder_gguf
from slimlm.engine.llama_reader import LlamaReader
from slimlm.engine.reader_text import HEAD, PREFIX
from slimlm.engine.reader_weights import SEGMENT, apply_change, load_change, save_change
from slimlm.engine.transfer import Work
from slimlm.errors import InvalidModelError
from slimlm.lab.reader.export import change_of, kept_share
from slimlm.lab.reader.model import Encoding, ReaderModel, from_packed, padded, tensors_of
from slimlm.paths import Paths
from slimlm.settings import EngineSettings
from unit.engine.toy_encoder import toy_encoder

TEXTS = ("the rent is due.", "Ünïcode: ２００ 漢字", "a", "the  the <s> is running 42 times, is it?", "")


def moved(model: ReaderModel, amount: float = 0.05) -> ReaderModel:
    """A model that "training" has moved away from its base, the word embedding excepted."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name != "word.weight":
                parameter.add_(amount * torch.randn(parameter.shape, generator=generator))
        model.score.weight.mul_(5.0)
    return model.eval()


def test_llama_cpp_computes_the_same(tmp_path: Path) -> None:
    base = toy_encoder()
    model, encoding = moved(from_packed(base)), Encoding(base.vocabulary)
    full = change_of(tensors_of(model), base, rank=64)
    assert kept_share(tensors_of(model), base, full) == pytest.approx(1.0, abs=1e-4)
    encoder, head = apply_change(base, full)
    file = tmp_path / "toy.gguf"
    write_encoder_gguf(encoder, head, file, "toy", Work())
    with LlamaReader.open(file, "toy", Paths(tmp_path / "home"), EngineSettings(threads=1)) as reader:
        for role in ("query", "passage"):
            ids = [encoding.single(encoding.ids(PREFIX[role] + (text or "."), 500)) for text in TEXTS]
            with torch.no_grad():
                ours = model.embed(*padded(ids, encoding.words.pad)).numpy()
            theirs = np.array([list(vector) for vector in reader.embed(TEXTS, role)])
            assert (ours * theirs).sum(axis=1).min() > 0.999  # Q8_0 against float32
        question = "is the rent due?"
        pairs = [encoding.pair(encoding.ids(question, 500), encoding.ids(text or ".", 500)) for text in TEXTS]
        with torch.no_grad():
            wanted = model.judge(*padded(pairs, encoding.words.pad)).tolist()
        assert np.ptp(wanted) > 0.1
        assert reader.read(question, TEXTS) == pytest.approx(wanted, abs=0.05)


def test_a_change_survives_its_file(tmp_path: Path) -> None:
    base = toy_encoder()
    trained = tensors_of(moved(from_packed(base)))
    change = change_of(trained, base, rank=64)
    save_change(change, tmp_path / "reader.npz")
    encoder, head = apply_change(base, load_change(tmp_path / "reader.npz"))
    assert set(head) == set(HEAD)
    for name, value in encoder.tensors.items():
        wanted = trained[SEGMENT] if name == "emb.type" else trained[name]
        np.testing.assert_allclose(value[0] if name == "emb.type" else value, wanted, atol=0.03, rtol=0.01)
    thin = change_of(trained, base, rank=4)
    assert 0.05 < kept_share(trained, base, thin) < kept_share(trained, base, change)


def test_another_base_is_refused(tmp_path: Path) -> None:
    base = toy_encoder()
    change = change_of(tensors_of(from_packed(base)), base, rank=2)
    other = {name: value[: len(value) // 2] if name == "l0.q.w" else value for name, value in base.tensors.items()}
    with pytest.raises(InvalidModelError, match=r"l0\.q\.w"):
        apply_change(type(base)(base.shape, base.vocabulary, base.embedding, other), change)

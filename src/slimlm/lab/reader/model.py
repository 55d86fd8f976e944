"""The reading model in torch: a BERT encoder with two uses, vectors by mean pooling and a score by the first token.

What enters: a ``PackedEncoder`` (the base) or saved weights. What leaves: vectors, scores, and tensors by the names
that ``engine/reader_weights.py`` applies. It computes what llama.cpp computes for ``bert`` (tests/lab compares them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor, nn
from torch.nn import functional

from slimlm.engine.packed_encoder import EncoderShape, PackedEncoder, Vocabulary, dequantize_q4_0
from slimlm.engine.reader_text import plain_text

_MASKED = -1e4  # of a score that attention must not see; fits bf16


class Layer(nn.Module):
    """Post-norm transformer layer, as in BERT."""

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.qkv = nn.Linear(width, 3 * width)
        self.ao = nn.Linear(width, width)
        self.aln = nn.LayerNorm(width, shape.epsilon)
        self.fi = nn.Linear(width, shape.feed_forward)
        self.fo = nn.Linear(shape.feed_forward, width)
        self.oln = nn.LayerNorm(width, shape.epsilon)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """``x``: (batch, tokens, width). ``mask``: (batch, 1, 1, tokens), added to attention's scores."""
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        # Spelled out: for sequences of 50 tokens, torch's fused attention takes ten times as long backwards on a CPU.
        scores = (q @ k.transpose(-1, -2)) * (width // self.heads) ** -0.5 + mask
        mixed = (torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(batch, tokens, width)
        x = self.aln(x + self.ao(mixed))
        out: Tensor = self.oln(x + self.fo(functional.gelu(self.fi(x))))
        return out


class ReaderModel(nn.Module):
    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.word = nn.Embedding(shape.vocabulary, width)
        self.word.weight.requires_grad = False  # it stays the base's: 81 % of the parameters
        self.position = nn.Embedding(shape.positions, width)
        self.segment = nn.Parameter(torch.zeros(width))
        self.norm = nn.LayerNorm(width, shape.epsilon)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.dense = nn.Linear(width, width)
        self.score = nn.Linear(width, 1)
        nn.init.normal_(self.dense.weight, std=0.02)
        nn.init.zeros_(self.dense.bias)
        nn.init.normal_(self.score.weight, std=0.02)
        nn.init.zeros_(self.score.bias)
        with torch.no_grad():
            self.dense.weight.add_(0.5 * torch.eye(width))  # the first token's state comes through from the start

    def forward(self, ids: Tensor, there: Tensor) -> Tensor:
        """``ids``, ``there`` (bool): (batch, tokens). Result: (batch, tokens, width)."""
        x = self.norm(self.word(ids) + self.position.weight[: ids.shape[1]] + self.segment)
        dtype = torch.get_autocast_dtype(x.device.type) if torch.is_autocast_enabled(x.device.type) else x.dtype
        mask = torch.zeros(there.shape, dtype=dtype, device=x.device).masked_fill(~there, _MASKED)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        return x

    def embed(self, ids: Tensor, there: Tensor) -> Tensor:
        """(batch, width), unit length."""
        x = self(ids, there).float()
        mean = (x * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        return functional.normalize(mean, dim=-1)

    def judge(self, ids: Tensor, there: Tensor) -> Tensor:
        """(batch,): log-odds that the passage of a pair answers its question."""
        first = self(ids, there)[:, 0].float()
        with torch.autocast(ids.device.type, enabled=False):
            out: Tensor = self.score(torch.tanh(self.dense(first)))[:, 0]
        return out


def from_packed(encoder: PackedEncoder) -> ReaderModel:
    """The base, with a new head."""
    model = ReaderModel(encoder.shape)
    with torch.no_grad():
        words = dequantize_q4_0(encoder.embedding).reshape(-1, encoder.shape.width)
        model.word.weight.copy_(torch.from_numpy(words))
    load_tensors(model, {**encoder.tensors, "emb.seg": encoder.tensors["emb.type"][0]})
    return model


def load_tensors(model: ReaderModel, tensors: Mapping[str, NDArray[np.float32]]) -> None:
    """Copy tensors by the packed file's names (and the head's, where they are there) into the model."""
    with torch.no_grad():
        for name, parameter in _parameters(model).items():
            if name in tensors:
                parameter.copy_(torch.from_numpy(np.ascontiguousarray(tensors[name])))


def tensors_of(model: ReaderModel) -> dict[str, NDArray[np.float32]]:
    """All but the word embedding, by the packed file's names; the inverse of ``load_tensors``."""
    return {name: parameter.detach().float().numpy().copy() for name, parameter in _parameters(model).items()}


def _parameters(model: ReaderModel) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {
        "emb.pos": model.position.weight, "emb.ln.w": model.norm.weight, "emb.ln.b": model.norm.bias,
        "emb.seg": model.segment, "cls.weight": model.dense.weight, "cls.bias": model.dense.bias,
        "cls.output.weight": model.score.weight, "cls.output.bias": model.score.bias,
    }  # fmt: skip
    width = model.shape.width
    for i, layer in enumerate(model.layers):
        for part, j in (("q", 0), ("k", 1), ("v", 2)):
            found[f"l{i}.{part}.w"] = layer.qkv.weight[j * width : (j + 1) * width]
            found[f"l{i}.{part}.b"] = layer.qkv.bias[j * width : (j + 1) * width]
        for part in ("ao", "aln", "fi", "fo", "oln"):
            found |= {f"l{i}.{part}.w": getattr(layer, part).weight, f"l{i}.{part}.b": getattr(layer, part).bias}
    return found


class Encoding:
    """Text -> ids, exactly as llama.cpp does with the GGUF's Unigram vocabulary."""

    def __init__(self, words: Vocabulary) -> None:
        self.words = words
        pieces = list(zip(words.tokens, map(float, words.scores), strict=True))
        self._tokenizer = Tokenizer(models.Unigram(pieces, unk_id=words.unknown))
        self._tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False)

    def ids(self, text: str, limit: int) -> list[int]:
        found: list[int] = self._tokenizer.encode(plain_text(text), add_special_tokens=False).ids
        return found[:limit]

    def single(self, ids: Sequence[int]) -> list[int]:
        return [self.words.start, *ids, self.words.end]

    def pair(self, question: Sequence[int], passage: Sequence[int]) -> list[int]:
        return [self.words.start, *question, self.words.end, *passage, self.words.end]


def padded(sequences: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """Ids and which of them are there: (batch, longest)."""
    longest = max(map(len, sequences))
    ids = torch.full((len(sequences), longest), pad, dtype=torch.long)
    there = torch.zeros(len(sequences), longest, dtype=torch.bool)
    for i, sequence in enumerate(sequences):
        ids[i, : len(sequence)] = torch.tensor(sequence)
        there[i, : len(sequence)] = True
    return ids, there

"""A llama forward pass in numpy: what the weights of a GGUF say, free of any engine's own rounding.

What enters: a GGUF of architecture ``llama``. What leaves: logits, and on request the mean square of what enters each
matrix. Only for benchmarks; nothing in the product uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Observer = Callable[[str, Floats], None]  # (name of the matrix, what enters it: (tokens, width))


@dataclass(frozen=True)
class NumpyLlama:
    weights: dict[str, Floats]
    n_layers: int
    n_heads: int
    n_kv_heads: int
    rope_base: float
    epsilon: float

    def logits(self, tokens: NDArray[np.int64], observe: Observer | None = None) -> Floats:
        """(tokens,) -> (tokens, vocabulary); a causal pass over one window."""
        x = self.weights["token_embd.weight"][tokens]
        cosine, sine = self._rope(len(tokens), x.shape[1] // self.n_heads)
        for layer in range(self.n_layers):
            x = x + self._attention(layer, self._norm(x, f"blk.{layer}.attn_norm.weight"), cosine, sine, observe)
            x = x + self._feed_forward(layer, self._norm(x, f"blk.{layer}.ffn_norm.weight"), observe)
        x = self._norm(x, "output_norm.weight")
        return self._apply("output.weight" if "output.weight" in self.weights else "token_embd.weight", x, observe)

    def _apply(self, name: str, x: Floats, observe: Observer | None) -> Floats:
        if observe is not None:
            observe(name, x)
        return x @ self.weights[name].T

    def _norm(self, x: Floats, name: str) -> Floats:
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + self.epsilon) * self.weights[name]

    def _rope(self, n: int, width: int) -> tuple[Floats, Floats]:
        frequency = self.rope_base ** (-np.arange(0, width, 2) / width)
        angle = np.arange(n)[:, None] * frequency[None, :]
        return np.cos(angle).astype(np.float32)[:, None], np.sin(angle).astype(np.float32)[:, None]

    def _attention(self, layer: int, x: Floats, cosine: Floats, sine: Floats, observe: Observer | None) -> Floats:
        def heads(kind: str, n: int) -> Floats:  # (tokens, heads, width)
            return self._apply(f"blk.{layer}.attn_{kind}.weight", x, observe).reshape(len(x), n, -1)

        def turned(h: Floats) -> Floats:  # GGUF pairs neighbours: (0,1), (2,3), ...
            even, odd = h[..., 0::2], h[..., 1::2]
            return np.stack([even * cosine - odd * sine, even * sine + odd * cosine], axis=-1).reshape(h.shape)

        q, k, v = turned(heads("q", self.n_heads)), turned(heads("k", self.n_kv_heads)), heads("v", self.n_kv_heads)
        repeat = self.n_heads // self.n_kv_heads
        k, v = np.repeat(k, repeat, axis=1), np.repeat(v, repeat, axis=1)
        scores = q.transpose(1, 0, 2) @ k.transpose(1, 2, 0) / np.float32(np.sqrt(q.shape[-1]))
        scores = np.where(np.tri(len(x), dtype=bool)[None], scores, np.float32(-1e30))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ v.transpose(1, 0, 2)
        return self._apply(f"blk.{layer}.attn_output.weight", mixed.transpose(1, 0, 2).reshape(len(x), -1), observe)

    def _feed_forward(self, layer: int, x: Floats, observe: Observer | None) -> Floats:
        gate = self._apply(f"blk.{layer}.ffn_gate.weight", x, observe)
        up = self._apply(f"blk.{layer}.ffn_up.weight", x, None)
        return self._apply(f"blk.{layer}.ffn_down.weight", gate / (1 + np.exp(-gate)) * up, observe)


def open_llama(file: Path) -> NumpyLlama:
    reader = gguf.GGUFReader(file)

    def field(name: str) -> float:
        return float(reader.fields[f"llama.{name}"].contents())

    weights = {
        tensor.name: np.asarray(gguf.quants.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        for tensor in reader.tensors
    }
    return NumpyLlama(
        weights,
        int(field("block_count")),
        int(field("attention.head_count")),
        int(field("attention.head_count_kv")),
        field("rope.freq_base"),
        field("attention.layer_norm_rms_epsilon"),
    )

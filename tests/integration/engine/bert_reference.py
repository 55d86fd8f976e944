"""A BERT forward pass and its WordPiece tokenizer in numpy: what the embedding model should say."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from slimlm.engine.bert_gguf import read_config, read_safetensors, read_vocabulary

_ERF = np.vectorize(math.erf, otypes=[np.float64])


class BertReference:
    def __init__(self, weights: Path, vocabulary: Path, config: Path) -> None:
        self.config = read_config(config)
        self.weights: Mapping[str, np.ndarray] = read_safetensors(weights)
        self.ids = {token: i for i, token in enumerate(read_vocabulary(vocabulary, self.config.vocabulary))}

    def tokenize(self, text: str) -> list[int]:
        plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
        alone = "".join(
            f" {c} " if unicodedata.category(c)[0] in "PS" or 0x4E00 <= ord(c) <= 0x9FFF else c for c in plain
        )
        pieces = [piece for word in alone.split() for piece in self._pieces(word)]
        return [self.ids["[CLS]"], *pieces, self.ids["[SEP]"]]

    def _pieces(self, word: str) -> list[int]:
        found, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self.ids:
                    found.append(self.ids[piece])
                    start = end
                    break
            else:
                return [self.ids["[UNK]"]]
        return found

    def embed(self, text: str) -> np.ndarray:
        """Mean over all tokens of the last layer, of length one."""
        tokens = self.tokenize(text)
        table = "embeddings.{}_embeddings.weight".format
        x = self.weights[table("word")][tokens] + self.weights[table("position")][: len(tokens)]
        x = self._norm(x + self.weights[table("token_type")][0], "embeddings.LayerNorm")
        for layer in range(self.config.layers):
            x = self._layer(x, f"encoder.layer.{layer}.")
        mean = x.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def _layer(self, x: np.ndarray, at: str) -> np.ndarray:
        def heads(name: str) -> np.ndarray:
            return self._linear(x, f"{at}attention.self.{name}").reshape(len(x), self.config.heads, -1).swapaxes(0, 1)

        scores = heads("query") @ heads("key").swapaxes(1, 2) / math.sqrt(self.config.width // self.config.heads)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (weights / weights.sum(axis=-1, keepdims=True)) @ heads("value")
        mixed = self._linear(mixed.swapaxes(0, 1).reshape(len(x), -1), f"{at}attention.output.dense")
        x = self._norm(x + mixed, f"{at}attention.output.LayerNorm")
        inner = self._linear(x, f"{at}intermediate.dense")
        inner = inner * 0.5 * (1 + _ERF(inner / math.sqrt(2)))
        return self._norm(x + self._linear(inner, f"{at}output.dense"), f"{at}output.LayerNorm")

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + self.config.epsilon)
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

"""A two-layer encoder with random weights and letters for a vocabulary: small enough to train in a second."""

from __future__ import annotations

import struct

import numpy as np

from slimlm.engine.packed_encoder import EncoderShape, PackedEncoder, Vocabulary
from slimlm.engine.quantize import quantize_q4_0

SHAPE = EncoderShape(width=64, layers=2, heads=2, feed_forward=128, vocabulary=64, positions=512, epsilon=1e-12)


def toy_encoder(seed: int = 0) -> PackedEncoder:
    rng = np.random.default_rng(seed)

    def normal(*shape: int, scale: float = 0.15) -> np.ndarray:
        return (rng.normal(size=shape) * scale).astype(np.float32)

    h, f = SHAPE.width, SHAPE.feed_forward
    tensors = {"emb.pos": normal(SHAPE.positions, h), "emb.type": normal(2, h)}
    norms = ["emb.ln"]
    for i in range(SHAPE.layers):
        for part in ("q", "k", "v", "ao"):
            tensors |= {f"l{i}.{part}.w": normal(h, h), f"l{i}.{part}.b": normal(h)}
        tensors |= {f"l{i}.fi.w": normal(f, h), f"l{i}.fi.b": normal(f)}
        tensors |= {f"l{i}.fo.w": normal(h, f), f"l{i}.fo.b": normal(h)}
        norms += [f"l{i}.aln", f"l{i}.oln"]
    for name in norms:
        tensors |= {f"{name}.w": 1 + normal(h, scale=0.05), f"{name}.b": normal(h, scale=0.05)}
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", *"abcdefghijklmnopqrstuvwxyz0123456789.,:?-", "▁the", "▁is", "ing"]
    scores = np.array([0, 0, 0, 0, *(-3.0 - 0.05 * i for i in range(len(pieces) - 4))], np.float32)
    embedding = quantize_q4_0(normal(SHAPE.vocabulary * h // 32, 32, scale=0.5)).reshape(SHAPE.vocabulary, -1)
    return PackedEncoder(SHAPE, Vocabulary(tuple(pieces), scores, 0, 2, 1, 3), embedding, tensors)


def packed_bytes(encoder: PackedEncoder) -> bytes:
    """The inverse of ``read_packed_encoder``, but for the rounding of matrices to 4 bits."""
    shape, words = encoder.shape, encoder.vocabulary
    text = [token.encode() for token in words.tokens]
    offsets = np.cumsum([0, *map(len, text)]).astype("<u4")
    head = b"E5S1" + struct.pack(
        "<I7ifi", 1, shape.width, shape.layers, shape.heads, shape.feed_forward, shape.vocabulary, shape.positions, 2,
        shape.epsilon, 32,
    )  # fmt: skip
    head += struct.pack("<5iQ", len(text), words.start, words.end, words.pad, words.unknown, int(offsets[-1]))
    head += offsets.tobytes() + words.scores.astype("<f4").tobytes() + b"".join(text) + struct.pack("<iI", 0, 0)
    parts: dict[str, bytes] = {"emb.word": encoder.embedding.tobytes()}
    for name, value in encoder.tensors.items():
        matrix = name.startswith("l") and value.ndim == 2
        parts[name] = quantize_q4_0(value.reshape(-1, 32)).tobytes() if matrix else value.astype("<f4").tobytes()
    size = sum(2 + len(name) + 1 + 4 + 16 for name in parts)
    at, directory = len(head) + 4 + size, b""
    for name, raw in parts.items():
        directory += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", 0, 0, at, len(raw))
        at += len(raw)
    return head + struct.pack("<i", len(parts)) + directory + b"".join(parts.values())

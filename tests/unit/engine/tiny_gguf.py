"""Small GGUF files, built for a test."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np


def write_tiny_llama(file: Path, kind: str = "Q4_1", template: bool = True) -> Path:
    """A complete two-layer llama with a 64-token vocabulary; its matrices are stored as ``kind``."""
    rng = np.random.default_rng(0)
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_block_count(2)
    writer.add_context_length(256)
    writer.add_embedding_length(64)
    writer.add_feed_forward_length(96)
    writer.add_head_count(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(3)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"t{i}" for i in range(64)])
    if template:
        writer.add_chat_template("{{ messages }}")
    shapes = {"token_embd.weight": (64, 64), "output_norm.weight": (64,)}
    for layer in range(2):
        shapes |= {f"blk.{layer}.attn_norm.weight": (64,), f"blk.{layer}.ffn_down.weight": (64, 96)}
        shapes |= {f"blk.{layer}.attn_{part}.weight": (64, 64) for part in ("q", "k", "v", "output")}
    for name, shape in shapes.items():
        values = rng.normal(0, 0.1, shape).astype(np.float32)
        if len(shape) == 1:
            writer.add_tensor(name, values)
        else:
            stored = gguf.GGMLQuantizationType["Q8_0" if name == "token_embd.weight" else kind]
            writer.add_tensor(name, gguf.quants.quantize(values, stored), raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file

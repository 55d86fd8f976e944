"""The reading model: a base encoder from the index, with what SlimLM trained, which this package carries.

What enters: the base's packed file. What leaves: a GGUF. The trained part is ``reader.npz``: for each matrix the change
as two thin factors (int8 with a scale a column), for everything small the new values (f16). It is made by
``recipes/export_reader.py``. This module refuses to know torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slimlm.engine.encoder_gguf import write_encoder_gguf
from slimlm.engine.packed_encoder import PackedEncoder, read_packed_encoder
from slimlm.engine.reader_text import HEAD
from slimlm.engine.transfer import Work
from slimlm.errors import InvalidModelError

RESOURCE = "reader.npz"
SEGMENT = "emb.seg"  # the first row of the base's ``emb.type``, the only one in use


@dataclass(frozen=True, slots=True)
class Change:
    """What training made of a base. ``factors``: matrix -> (left, right), to be multiplied and added."""

    values: Mapping[str, NDArray[np.float32]]
    factors: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]


def build_reader(base: Path, target: Path, title: str, work: Work) -> None:
    """Write the GGUF, complete or not at all. Raises ``InvalidModelError``, ``DiskSpaceError``, ``CancelledError``."""
    with resources.as_file(resources.files("slimlm.engine").joinpath(RESOURCE)) as file:
        change = load_change(file)
    encoder, head = apply_change(read_packed_encoder(base), change)
    write_encoder_gguf(encoder, head, target, title, work)


def apply_change(encoder: PackedEncoder, change: Change) -> tuple[PackedEncoder, dict[str, NDArray[np.float32]]]:
    """The trained encoder and its head. Raises ``InvalidModelError`` when the base is another."""
    tensors = dict(encoder.tensors)
    head: dict[str, NDArray[np.float32]] = {}
    for name, value in change.values.items():
        if name in HEAD:
            head[name] = value
        elif name == SEGMENT and value.shape == tensors["emb.type"][0].shape:
            tensors["emb.type"] = np.stack([value, tensors["emb.type"][1]])
        elif name in tensors and tensors[name].shape == value.shape:
            tensors[name] = value
        else:
            raise InvalidModelError(f"The base does not fit the reading model: {name}.")
    for name, (left, right) in change.factors.items():
        if name not in tensors or tensors[name].shape != (len(left), right.shape[1]):
            raise InvalidModelError(f"The base does not fit the reading model: {name}.")
        tensors[name] = tensors[name] + left @ right
    if set(head) != set(HEAD):
        raise InvalidModelError("The reading model has no head.")
    return replace(encoder, tensors=tensors), head


def load_change(file: Path) -> Change:
    values: dict[str, NDArray[np.float32]] = {}
    sides: dict[str, NDArray[np.float32]] = {}
    with np.load(file, allow_pickle=False) as stored:
        for key in stored.files:
            name, _, part = key.partition("|")
            if not part:
                values[name] = stored[key].astype(np.float32)
            elif part in ("left", "right"):
                sides[key] = stored[key].astype(np.float32) * stored[f"{key}.scale"].astype(np.float32)
    names = {key.partition("|")[0] for key in sides}
    return Change(values, {name: (sides[f"{name}|left"], sides[f"{name}|right"]) for name in names})


def save_change(change: Change, file: Path) -> None:
    """The inverse of ``load_change``, but for rounding: factors to 8 bits, values to 16."""
    stored: dict[str, NDArray[np.generic]] = {name: value.astype(np.float16) for name, value in change.values.items()}
    for name, (left, right) in change.factors.items():
        for part, side, axis in (("left", left, 0), ("right", right, 1)):
            scale = np.abs(side).max(axis=axis, keepdims=True) / np.float32(127)
            scale = np.where(scale > 0, scale, np.float32(1))
            stored[f"{name}|{part}"] = np.clip(np.rint(side / scale), -127, 127).astype(np.int8)
            stored[f"{name}|{part}.scale"] = scale.astype(np.float32)
    np.savez(file, **stored)  # type: ignore[arg-type]  # the stubs take the names for options

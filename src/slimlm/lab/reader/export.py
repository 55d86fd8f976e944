"""Trained weights -> the small change that the package ships.

The change of each matrix is cut to its largest singular values: after training they fall quickly, and what is cut is
noise or nearly so. How much is lost is measured by whoever calls (``recipes/export_reader.py``), not assumed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from slimlm.engine.packed_encoder import PackedEncoder
from slimlm.engine.reader_weights import SEGMENT, Change

_MATRICES = ("q.w", "k.w", "v.w", "ao.w", "fi.w", "fo.w")


def change_of(trained: Mapping[str, NDArray[np.float32]], base: PackedEncoder, rank: int) -> Change:
    """``trained``: by the packed file's names, with the head. ``rank``: singular values kept of each matrix."""
    values: dict[str, NDArray[np.float32]] = {}
    factors: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
    for name, value in trained.items():
        if name.startswith("l") and name.partition(".")[2] in _MATRICES:
            left, singular, right = np.linalg.svd(value - base.tensors[name], full_matrices=False)
            root = np.sqrt(singular[:rank])
            factors[name] = (left[:, :rank] * root, root[:, None] * right[:rank])
        else:
            values[name] = value
    assert SEGMENT in values
    return Change(values, factors)


def kept_share(trained: Mapping[str, NDArray[np.float32]], base: PackedEncoder, change: Change) -> float:
    """Share of the matrices' squared change that the factors keep."""
    whole = kept = 0.0
    for name, (left, right) in change.factors.items():
        moved = trained[name] - base.tensors[name]
        whole += float((moved**2).sum())
        kept += float((moved**2).sum() - ((moved - left @ right) ** 2).sum())
    return kept / whole if whole else 1.0

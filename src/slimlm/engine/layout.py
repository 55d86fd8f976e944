"""Writes a model file anew in the layout that this engine computes fastest."""

from __future__ import annotations

from pathlib import Path

from slimlm.engine.transfer import Work
from slimlm.errors import UsageError


def apply_layout(layout: str, source: Path, target: Path, work: Work) -> None:
    """Not yet: every model is used as it comes."""
    raise UsageError(f"{layout!r} is not a layout.")

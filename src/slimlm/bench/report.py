"""The result of a benchmark run, as a JSON file and as a table of text.

What enters: configuration, machine, samples. What leaves: a file that appears whole or not at all, and lines to print.
This module refuses to print.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slimlm.bench.machine import Machine
from slimlm.bench.samples import Ratio, Samples


@dataclass(frozen=True, slots=True)
class BenchResult:
    """``figures``: derived numbers by name. ``samples``, ``ratios``: with their raw values. ``details``: the rest."""

    what: str
    config: Any  # the dataclass of the run's options
    machine: Machine
    figures: Mapping[str, Any] = field(default_factory=dict)
    samples: Mapping[str, Samples] = field(default_factory=dict)
    ratios: Mapping[str, Ratio] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


def save_result(result: BenchResult, file: Path) -> None:
    data = {
        "what": result.what,
        "measured": datetime.now(UTC).date().isoformat(),
        "config": asdict(result.config),
        "machine": result.machine.as_row(),
        "figures": dict(result.figures),
        "ratios": {name: item.as_row() for name, item in result.ratios.items()},
        "samples": {name: item.as_row() for name, item in result.samples.items()},
        "details": dict(result.details),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".tmp")
    draft.write_text(json.dumps(data, ensure_ascii=False, indent=1, default=str) + "\n", "utf-8")
    draft.replace(file)


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; the first row is the head."""
    if not rows:
        return ""
    widths = [max(len(row[i]) if i < len(row) else 0 for row in rows) for i in range(max(map(len, rows)))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def shown(value: float | None, unit: str = "") -> str:
    """A number as a person reads it."""
    if value is None:
        return "-"
    if unit == "bytes":
        return f"{value / 2**20:,.1f} MB"
    if unit == "share":
        return f"{value:.1%}"
    if unit == "times":
        return f"{value:.1f} x"
    text = f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.3f}"
    return f"{text} {unit.replace('_per_', '/')}".strip()

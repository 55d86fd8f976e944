"""Segments of a page -> regions in reading order: recursive cuts at gutters, with full-width lines between bands.

A gutter is a white stripe with lines of prose on both sides. Lines that cross it (title, abstract, wide figures and
tables) separate bands; inside a band the left side is read before the right one, then each side is cut again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slimlm.documents.layout.records import Item, Line, is_wide

_BIN = 2.0  # points; gutters are at least 8 points wide
_MIN_LINES = 3  # on each side
_MIN_GUTTER = 0.6  # line heights
_DEPTH = 6  # cuts inside cuts; a page has at most a handful of columns


@dataclass(frozen=True, slots=True)
class Gutter:
    x0: float
    x1: float
    score: float


def regions(items: Sequence[Item], rtl: bool = False, depth: int = 0) -> list[list[Item]]:
    """Columns in reading order; each region's items are sorted from top to bottom."""
    gutter = _best_gutter([item for item in items if isinstance(item, Line)]) if depth < _DEPTH else None
    if gutter is None:
        return [sorted(items, key=lambda item: (item.y0 + item.y1, item.x0))] if items else []
    ordered: list[list[Item]] = []
    band: list[Item] = []
    for item in sorted(items, key=lambda item: (item.middle, item.x0)):
        if _crosses(item, gutter):
            ordered += _band(band, gutter, rtl, depth)
            band = []
            if ordered and _is_wide_run(ordered[-1], gutter):
                ordered[-1].append(item)
            else:
                ordered.append([item])
        else:
            band.append(item)
    return ordered + _band(band, gutter, rtl, depth)


def _band(items: list[Item], gutter: Gutter, rtl: bool, depth: int) -> list[list[Item]]:
    center = (gutter.x0 + gutter.x1) / 2
    left = [item for item in items if (item.x0 + item.x1) / 2 <= center]
    right = [item for item in items if (item.x0 + item.x1) / 2 > center]
    first, second = (right, left) if rtl else (left, right)
    return regions(first, rtl, depth + 1) + regions(second, rtl, depth + 1)


def _crosses(item: Item, gutter: Gutter) -> bool:
    """Reaches over both edges, or stands centered inside the gutter; a ragged line that pokes into it does neither."""
    slack = 2.0  # points
    over = item.x0 < gutter.x0 - slack and item.x1 > gutter.x1 + slack
    return over or (item.x0 > gutter.x0 + slack and item.x1 < gutter.x1 - slack)


def _is_wide_run(region: list[Item], gutter: Gutter) -> bool:
    return all(_crosses(item, gutter) for item in region)


def _best_gutter(lines: list[Line]) -> Gutter | None:
    if len(lines) < 2 * _MIN_LINES:
        return None
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    n_bins = int((right - left) / _BIN) + 1
    if not 20 <= n_bins <= 10_000:
        return None
    steps = [0] * (n_bins + 1)
    for line in lines:
        steps[int((line.x0 - left) / _BIN)] += 1
        steps[min(int((line.x1 - left) / _BIN) + 1, n_bins)] -= 1
    best: Gutter | None = None
    for low, high in _sparse_runs(steps, n_bins, len(lines)):
        found = _measure(lines, left + low * _BIN, left + high * _BIN, right - left)
        if found and (best is None or found.score > best.score):
            best = found
    return best


def _sparse_runs(steps: list[int], n_bins: int, n_lines: int) -> list[tuple[int, int]]:
    """Stripes of bins that few lines cover, each cut down to its emptiest part."""
    cover, now = [], 0
    for step in steps[:n_bins]:
        now += step
        cover.append(now)
    limit = max(0.3 * max(cover), 1.0)
    runs: list[tuple[int, int]] = []
    start = None
    for i, value in enumerate([*cover, n_lines + 1]):
        if value <= limit and start is None:
            start = i
        elif value > limit and start is not None:
            least = min(cover[start:i])
            flags = [v == least for v in cover[start:i]]
            first = flags.index(True)
            last = len(flags) - 1 - flags[::-1].index(True)
            runs.append((start + first, start + last + 1))
            start = None
    return runs


def _measure(lines: list[Line], x0: float, x1: float, width: float) -> Gutter | None:
    """A stripe as a gutter, or None when it is none."""
    probe = Gutter(x0, x1, 0.0)
    beside = [line for line in lines if not _crosses(line, probe)]
    center = (x0 + x1) / 2
    left = [line for line in beside if (line.x0 + line.x1) / 2 <= center]
    right = [line for line in beside if (line.x0 + line.x1) / 2 > center]
    if len(left) < _MIN_LINES or len(right) < _MIN_LINES:
        return None
    edges = max(line.x1 for line in left), min(line.x0 for line in right)
    size = sum(line.size for line in beside) / len(beside)
    if x1 - x0 < _MIN_GUTTER * size:
        return None
    overlap = min(left[-1].y1, right[-1].y1) - max(left[0].y0, right[0].y0)
    if overlap <= 2 * size or not (_is_prose(left, width) and _is_prose(right, width)):
        return None
    n_crossing = len(lines) - len(beside)
    score = min(len(left), len(right)) / (1 + 0.3 * n_crossing)
    return Gutter(min(edges[0], x0) if edges[0] <= x0 else x0, x1, score)


def _is_prose(lines: list[Line], width: float) -> bool:
    """Running text has several words on most lines, and many of its lines begin inside a sentence; cells do neither."""
    x0, x1 = min(line.x0 for line in lines), max(line.x1 for line in lines)
    if x1 - x0 < 0.12 * width:
        return False
    wordy = [line for line in lines if len(line.text) >= 22 or line.text.count(" ") >= 4 or is_wide(line.text[-1])]
    if len(wordy) < max(_MIN_LINES, 0.4 * len(lines)):
        return False
    inside = sum(not line.text[0].isupper() and not line.text[0].isdigit() for line in wordy)
    return inside >= 0.2 * len(wordy)

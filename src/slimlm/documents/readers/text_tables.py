"""Tables drawn with characters: columns aligned by spaces, or cells between bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from slimlm.documents.readers import line_looks as look
from slimlm.documents.readers.tables import join_headers, linearize, looks_like_header

_MAX_LINES = 2000
_LOOKS = (5, 20, _MAX_LINES)  # what is no table in its first lines is not followed further
_MAX_COLUMNS = 400
_MIN_ROWS = 3  # without bars: two lines may align by chance
_LEADERS = "...."


@dataclass(frozen=True, slots=True)
class TextTable:
    end: int  # index after the last line
    rows: tuple[str, ...]


class TableFinder:
    """Looks for tables in one group of lines, from top to bottom.

    A stretch that is no table is not examined again from each of its lines: that would take quadratic time.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._next_try = 0
        self._found: tuple[int, TextTable] | None = None

    def at(self, start: int) -> TextTable | None:
        """The table that begins at ``lines[start]``, or None. Costs nothing for lines without a wide gap or a bar."""
        if self._found is not None and self._found[0] == start:
            return self._found[1]
        first = self._lines[start]
        if start < self._next_try or len(first) > _MAX_COLUMNS:
            return None
        barred = "|" in first or (look.is_table_rule(first) and "+" in first)
        if not barred and not look.has_gap(first[len(look.list_marker(first)) :]):
            return None
        find_end, read = (_end_barred, _barred) if barred else (_end_aligned, _aligned)
        rows: list[str] = []
        end = start
        for n_lines in _LOOKS:
            end = find_end(self._lines, start, n_lines)
            rows = read(self._lines[start:end])
            if not rows or end - start < n_lines:
                break
        if not rows:
            self._next_try = start + max(1, (end - start) // 4)
            return None
        self._found = (start, TextTable(end, tuple(rows)))
        return self._found[1]


def _end_aligned(lines: Sequence[str], start: int, n_lines: int) -> int:
    end = start
    while end < min(len(lines), start + n_lines) and _belongs(lines[end], end > start):
        end += 1
    while end > start and look.is_table_rule(lines[end - 1]):
        end -= 1
    return end


def _aligned(lines: Sequence[str]) -> list[str]:
    body = [line for line in lines if not look.is_table_rule(line)]
    if len(body) < _MIN_ROWS:
        return []
    cuts = _gutters(body)
    if not cuts:
        return []
    grid = [_cells(line, cuts) for line in body]
    if sum(sum(bool(c) for c in row) >= 2 for row in grid) < 0.7 * len(grid):
        return []
    ruled = next((i for i, line in enumerate(lines) if look.is_table_rule(line)), 0)
    n_header = ruled if 0 < ruled <= 3 and ruled < len(grid) else int(looks_like_header(grid))
    return linearize(grid[n_header:], join_headers(grid[:n_header]))


def _belongs(line: str, inside: bool) -> bool:
    if len(line) > _MAX_COLUMNS or _LEADERS in line:
        return False
    return look.has_gap(line) or (inside and look.is_table_rule(line))


def _gutters(body: Sequence[str]) -> list[int]:
    """Columns of characters that are blank in (nearly) every line, at least two wide: where cells are cut."""
    width = max(len(line) for line in body)
    blank = [column.count(" ") for column in zip(*(line.ljust(width) for line in body), strict=True)]
    needed = len(body) if len(body) < 10 else 0.97 * len(body)
    left = min(len(line) - len(line.lstrip()) for line in body)
    cuts: list[int] = []
    start = -1
    for i in range(left, width):
        if blank[i] >= needed:
            start = i if start < 0 else start
            continue
        if start > left and i - start >= 2:
            cuts.append(i)
        start = -1
    return cuts


def _cells(line: str, cuts: Sequence[int]) -> list[str]:
    edges = [0, *cuts, max(len(line), cuts[-1])]
    return [line[a:b].strip() for a, b in pairwise(edges)]


def _end_barred(lines: Sequence[str], start: int, n_lines: int) -> int:
    end = start
    while end < min(len(lines), start + n_lines) and len(lines[end]) <= _MAX_COLUMNS * 4:
        if "|" not in lines[end] and not look.is_table_rule(lines[end]):
            break
        end += 1
    return end


def _barred(lines: Sequence[str]) -> list[str]:
    grid: list[list[str]] = []
    n_header = 0
    for line in lines:
        if look.is_table_rule(line):
            n_header = len(grid) if not n_header and grid else n_header
        else:
            grid.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    if len(grid) < 2 or len({len(row) for row in grid}) > 1 or len(grid[0]) < 2:
        return []
    if n_header >= len(grid) or n_header > 3:
        n_header = 0
    return linearize(grid[n_header:], join_headers(grid[:n_header]))

"""Tables as sentences: a grid of cell texts in, one line per row out ("header: value; header: value").

Every reader linearizes tables here, so a row reads alike whether it came from a spreadsheet, a contract or a web page.
Readers fill merged cells: the value of a vertical merge stands in every row it covers (each row must be understood
alone), that of a horizontal merge only in its first cell, except in header rows (see ``join_headers``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Row = Sequence[str]

_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(
    r"[(\-–−+]?\s*(?:[$€£¥₹₩₽]|[A-Z]{2,3}\$?|[A-Z]\$)?\s*[(\-–−+]?\d[\d.,' \u00a0\u202f]*\)?\s*"
    r"(?:%|‰|°[CF]?|[$€£¥₹₩₽]|[A-Z]{3}|[a-zµ]{1,3}[²³]?)?\)?"
)
_DATE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2})?)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}:\d{2}(?::\d{2})?"
    r"|\d{1,2}\.? [A-Za-zéûäç]{3,9}\.?,? \d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}"
)
_YEAR = re.compile(r"(?:FY ?)?(?:19|20)\d{2}(?:[/–-]\d{2,4})?|Q[1-4](?: (?:19|20)\d{2})?")
_MAX_HEADER_CHARS = 80  # a longer first row is prose, not a heading of columns


def clean_cell(text: str) -> str:
    """One line, single spaces."""
    return _SPACE.sub(" ", text).strip()


def linearize(rows: Sequence[Row], header: Row | None = None) -> list[str]:
    """One line per row that holds anything.

    With a header: ``header: value`` pairs, empty cells skipped, rows that repeat the header dropped. Without: two
    columns of labels and values become ``label: value``, anything else ``a; b; c``.
    """
    names = [clean_cell(cell).rstrip(":").rstrip() for cell in header or ()]
    cleaned = [[clean_cell(cell) for cell in row] for row in rows]
    if not any(names):
        return _headerless(cleaned)
    lines: list[str] = []
    for row in cleaned:
        filled = [i for i, cell in enumerate(row) if cell]
        if not filled or _repeats(row, names):
            continue
        if filled == [0] and len(names) > 1:
            lines.append(row[0])  # a group's title inside the table ("Assets")
        else:
            lines.append("; ".join(_pair(names[i] if i < len(names) else "", row[i]) for i in filled))
    return lines


def join_headers(rows: Sequence[Row]) -> list[str]:
    """Several header rows as one: "2023" above "Q1" gives "2023 Q1"; a merged name spreads over its columns.

    A cell is taken to be merged with its left neighbour when it is empty while a lower header row has a name there.
    """
    if not rows:
        return []
    width = max(len(row) for row in rows)
    grid = [[clean_cell(row[i]) if i < len(row) else "" for i in range(width)] for row in rows]
    for depth, row in enumerate(grid[:-1]):
        for i in range(1, width):
            below = any(lower[i] for lower in grid[depth + 1 :])
            if not row[i] and row[i - 1] and below and (depth == 0 or grid[depth - 1][i] == grid[depth - 1][i - 1]):
                row[i] = row[i - 1]
    joined: list[str] = []
    for i in range(width):
        parts: list[str] = []
        for row in grid:
            if row[i] and row[i] not in parts:
                parts.append(row[i])
        joined.append(" ".join(parts))
    return joined


def value_kind(text: str) -> str:
    """One of "" (empty), "number", "date", "year", "text"."""
    clean = text.strip()
    if not clean:
        return ""
    if _YEAR.fullmatch(clean):
        return "year"
    if len(clean) > 40:
        return "text"
    if _DATE.fullmatch(clean):
        return "date"
    return "number" if _NUMBER.fullmatch(clean) else "text"


def looks_like_header(rows: Sequence[Row], marked: bool = False) -> bool:
    """Does the first row name the columns?

    ``marked``: the document sets it apart (bold, shaded, styled). Unmarked, its cells must be distinct short texts
    above columns of another kind (numbers, dates), or above rows that are clearly data.
    """
    if len(rows) < 2:
        return False
    first = [clean_cell(cell) for cell in rows[0]]
    names = [cell for cell in first if cell]
    width = max(len(row) for row in rows)
    if len(names) < 2 or len(names) < width - 1 or any(len(name) > _MAX_HEADER_CHARS for name in names):
        return False
    if first[0] and any(name.endswith(":") for name in names):
        return False  # "Tenant:" labels its own row
    if any(value_kind(name) in ("number", "date") for name in names):
        return False
    if marked:
        return True
    if len(set(names)) < len(names):
        return False
    return _columns_differ(first, rows[1:], width)


def _columns_differ(first: Sequence[str], body: Sequence[Row], width: int) -> bool:
    """At least one column (two columns in all: with three rows) is typed throughout below a name that is not."""
    sample = body[:200]
    typed = 0
    for i in range(width):
        kinds = [value_kind(row[i]) if i < len(row) else "" for row in sample]
        filled = [kind for kind in kinds if kind]
        name = value_kind(first[i]) if i < len(first) else ""
        same = filled and sum(kind != "text" for kind in filled) >= 0.8 * len(filled) and len(filled) >= len(kinds) / 2
        if same and name in ("text", "year") and not (name == "year" and set(filled) == {"year"}):
            typed += 1
    if width == 2:  # labels and values look much the same as a header above two columns: ask for more evidence
        return typed == 1 and len(sample) >= 3 and value_kind(first[0]) == "text"
    return typed > 0 or (len(sample) >= 2 and _short_names(first, sample))


def _short_names(first: Sequence[str], sample: Sequence[Row]) -> bool:
    """A table of text: the header is clearly shorter than the cells below it."""
    names = [len(cell) for cell in first if cell]
    cells = [len(clean_cell(cell)) for row in sample for cell in row if cell.strip()]
    return bool(cells) and max(names) <= 40 and sum(names) / len(names) <= 0.8 * (sum(cells) / len(cells))


def _headerless(rows: Sequence[Row]) -> list[str]:
    lines: list[str] = []
    two = [row for row in rows if sum(bool(cell) for cell in row) == 2]
    filled_rows = [row for row in rows if any(row)]
    labelled = bool(two) and max(len(row) for row in rows) <= 2 and len(two) >= 0.6 * len(filled_rows)
    labels = [row[0] for row in two if row[0]]
    # Names of things repeat rarely and are short and wordy; otherwise these are two plain columns.
    labelled = labelled and all(len(x) <= 60 for x in labels) and len(set(labels)) == len(labels)
    labelled = labelled and all(value_kind(x) == "text" for x in labels)
    for row in filled_rows:
        cells = [cell for cell in row if cell]
        if labelled and len(cells) == 2 and row[0]:
            lines.append(f"{cells[0].rstrip(':').rstrip()}: {cells[1]}")
        elif len(cells) > 1 and all(cell.endswith(":") for cell in cells[::2]):
            pairs = zip(cells[::2], [*cells[1::2], ""], strict=False)  # "Name: | Ada | Date: | 1 May"
            lines.append("; ".join(f"{name} {value}".strip() for name, value in pairs))
        else:
            lines.append("; ".join(cells))
    return lines


def _pair(name: str, value: str) -> str:
    return f"{name}: {value}" if name and name != value else value


def _repeats(row: Row, names: Row) -> bool:
    filled = [(cell.rstrip(":").rstrip(), name) for cell, name in zip(row, names, strict=False) if cell]
    return len(filled) > 1 and all(cell == name for cell, name in filled)

"""Finds tables: by their drawn lines (a grid), or by cells that stand in aligned columns over at least three rows."""

from __future__ import annotations

from collections.abc import Sequence

from slimlm.documents.builder import PlacedWord
from slimlm.documents.layout.lines import full_line, in_order, rows, segments
from slimlm.documents.layout.records import Chunk, Item, Line, Rule, Table, Word, join_words
from slimlm.documents.readers.tables import clean_cell, linearize, looks_like_header

_NEAR = 3.0  # points: rules closer than this are one
_MAX_RULES = 400  # a drawing, not a table, has more
_MIN_ROWS = 3
_MAX_ROWS = 200  # of one table on one page

# --- ruled tables --------------------------------------------------------------------------------------------------


def ruled_tables(words: Sequence[Word], rules: Sequence[Rule]) -> tuple[list[Table], list[Word]]:
    """Tables whose cells are drawn, and the words that are in none of them."""
    flat = [rule for rule in rules if rule.horizontal]
    upright = [rule for rule in rules if not rule.horizontal]
    if not (2 <= len(flat) <= _MAX_RULES and 1 <= len(upright) <= _MAX_RULES):
        return [], list(words)
    tables: list[Table] = []
    left = list(words)
    for some_flat, some_upright in _grids(flat, upright):
        table, rest = _grid_table(left, some_flat, some_upright)
        if table is not None:
            tables.append(table)
            left = rest
    return tables, left


def _grids(flat: list[Rule], upright: list[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """Rules that touch each other, directly or through others."""
    parent = list(range(len(flat) + len(upright)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, h in enumerate(flat):
        for j, v in enumerate(upright, len(flat)):
            across = h.x0 - _NEAR <= (v.x0 + v.x1) / 2 <= h.x1 + _NEAR
            if across and v.y0 - _NEAR <= (h.y0 + h.y1) / 2 <= v.y1 + _NEAR:
                parent[root(i)] = root(j)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for i, rule in enumerate([*flat, *upright]):
        group = groups.setdefault(root(i), ([], []))
        group[0 if i < len(flat) else 1].append(rule)
    return [group for group in groups.values() if len(group[0]) >= 2 and len(group[1]) >= 1]


def _grid_table(words: list[Word], flat: list[Rule], upright: list[Rule]) -> tuple[Table | None, list[Word]]:
    xs = _places([(rule.x0 + rule.x1) / 2 for rule in upright] + [min(r.x0 for r in flat), max(r.x1 for r in flat)])
    ys = _places([(rule.y0 + rule.y1) / 2 for rule in flat] + [min(r.y0 for r in upright), max(r.y1 for r in upright)])
    if len(xs) < 3 or len(ys) < 2:
        return None, words
    inside: list[Word] = []
    rest: list[Word] = []
    for word in words:
        fits = xs[0] <= (word.x0 + word.x1) / 2 <= xs[-1] and ys[0] <= word.middle <= ys[-1]
        (inside if fits else rest).append(word)
    if len(ys) - 1 < _MIN_ROWS:  # only the outside and the header are ruled: the lines of text are the rows
        ys = _rows_of_text(inside, ys)
    if len(ys) < 3:
        return None, words
    cells: list[list[list[Word]]] = [[[] for _ in xs[1:]] for _ in ys[1:]]
    for word in inside:
        row, column = _index(ys, word.middle), _index(xs, (word.x0 + word.x1) / 2)
        while column > 0 and not _divided(upright, xs[column], word.middle):
            column -= 1  # a cell merged across columns
        while row > 0 and not _divided_flat(flat, ys[row], (word.x0 + word.x1) / 2) and len(flat) >= len(ys):
            row -= 1  # a cell merged over rows
        cells[row][column].append(word)
    filled = sum(any(row) for row in cells)
    columns_used = sum(any(row[i] for row in cells) for i in range(len(xs) - 1))
    longest = max((sum(len(w.text) for w in cell) for row in cells for cell in row), default=0)
    # One column, or whole pages inside the cells: a frame around text, which reads as text.
    if filled < 2 or columns_used < 2 or longest > 1500:
        return None, words
    return Table(cells, xs[0], ys[0], xs[-1], ys[-1], _first_row_bold(cells)), rest


def _places(values: list[float]) -> list[float]:
    """Distinct places, sorted; values closer than ``_NEAR`` are one."""
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > _NEAR:
            found.append(value)
    return found


def _rows_of_text(words: list[Word], ys: list[float]) -> list[float]:
    groups = rows(segments(words)) if words else []
    tops = [min(line.y0 for line in group) for group in groups]
    bottoms = [max(line.y1 for line in group) for group in groups]
    return [ys[0], *((a + b) / 2 for a, b in zip(bottoms, tops[1:], strict=False)), ys[-1]]


def _index(places: list[float], value: float) -> int:
    return max(sum(place <= value for place in places) - 1, 0) if value < places[-1] else len(places) - 2


def _divided(upright: list[Rule], x: float, y: float) -> bool:
    return any(abs((r.x0 + r.x1) / 2 - x) <= _NEAR and r.y0 - _NEAR <= y <= r.y1 + _NEAR for r in upright)


def _divided_flat(flat: list[Rule], y: float, x: float) -> bool:
    return any(abs((r.y0 + r.y1) / 2 - y) <= _NEAR and r.x0 - _NEAR <= x <= r.x1 + _NEAR for r in flat)


# --- aligned tables ------------------------------------------------------------------------------------------------


def aligned_tables(items: Sequence[Item]) -> list[Item]:
    """Replace runs of rows whose cells line up by tables; other rows become single lines. ``items``: one column."""
    groups = rows([item for item in items if isinstance(item, Line)])
    found: list[Item] = [item for item in items if isinstance(item, Table)]
    i = 0
    while i < len(groups):
        end = _run_end(groups, i)
        table = _aligned(groups[i:end]) if end - i >= _MIN_ROWS else None
        if table is None:
            found.append(full_line(groups[i]))
            i += 1
        else:
            found.append(table)
            i = end
    return sorted(found, key=lambda item: (item.middle, item.x0))


def _run_end(groups: list[list[Line]], start: int) -> int:
    """End of the run of rows with several cells; a row with one cell may stand inside (a wrapped or empty cell)."""
    if len(groups[start]) < 2:
        return start
    end = start + 1
    single = 0
    while end < min(len(groups), start + _MAX_ROWS):
        gap = groups[end][0].y0 - groups[end - 1][0].y1
        if gap > 1.6 * groups[end][0].height:
            break
        single = single + 1 if len(groups[end]) < 2 else 0
        if single > 2:
            break
        end += 1
    while len(groups[end - 1]) < 2:
        end -= 1
    return end


def _aligned(groups: list[list[Line]]) -> Table | None:
    """A table of these rows, or None when their cells do not line up."""
    several = [group for group in groups if len(group) >= 2]
    if len(several) < _MIN_ROWS or len(several) < 0.5 * len(groups):
        return None
    counts = sorted(len(group) for group in several)
    typical = counts[len(counts) // 2]
    columns = _columns([group for group in several if len(group) >= typical])
    if len(columns) < 2:
        return None
    cells: list[list[list[Word]]] = []
    last: list[Line] = []
    for group in groups:
        row: list[list[Word]] = [[] for _ in columns]
        for line in group:
            row[_column_of(line, columns)] += line.words
        wraps = len(group) == 1 and cells and not row[0] and group[0].y0 - last[0].y1 < 0.5 * last[0].height
        if wraps:  # the second line of a cell of the row above
            for cell, more in zip(cells[-1], row, strict=True):
                cell.extend(more)
        else:
            cells.append(row)
        last = group
    lines = [line for group in groups for line in group]
    box = min(x.x0 for x in lines), min(x.y0 for x in lines), max(x.x1 for x in lines), max(x.y1 for x in lines)
    return Table(cells, *box, _first_row_bold(cells))


def _columns(groups: list[list[Line]]) -> list[tuple[float, float]]:
    """Stripes that cells cover, parted by white."""
    spans = sorted((line.x0, line.x1) for group in groups for line in group)
    merged: list[tuple[float, float]] = []
    for x0, x1 in spans:
        if merged and x0 < merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], x1))
        else:
            merged.append((x0, x1))
    return merged


def _column_of(line: Line, columns: list[tuple[float, float]]) -> int:
    def overlap(i: int) -> float:
        return min(line.x1, columns[i][1]) - max(line.x0, columns[i][0])

    return max(range(len(columns)), key=overlap)


def _first_row_bold(cells: list[list[list[Word]]]) -> bool:
    def share(row: list[list[Word]]) -> float:
        words = [word for cell in row for word in cell]
        return sum(word.bold for word in words) / len(words) if words else 0.0

    return len(cells) > 1 and share(cells[0]) > 0.9 and share(cells[1]) < 0.5


# --- table -> text -------------------------------------------------------------------------------------------------


def table_chunks(table: Table, page: int) -> list[Chunk]:
    """One ``table_row`` per row, with the boxes of its values."""
    filled = [[_cell_lines(cell) for cell in row] for row in table.rows if any(row)]
    texts = [[clean_cell(join_words(cell)) for cell in row] for row in filled]
    if not texts:
        return []
    has_header = looks_like_header(texts, table.header_marked)
    header = texts[0] if has_header else None
    chunks: list[Chunk] = []
    lines = [linearize([row], header) for row in texts[1:]] if header else [[line] for line in linearize(texts)]
    body = filled[1:] if header else filled
    for line, row, row_texts in zip(lines, body, texts[1:] if header else texts, strict=False):
        if line:
            placed = _place_row(line[0], row, row_texts, header, page)
            top = min(word.y0 for cell in row for word in cell)
            chunks.append(Chunk("table_row", line[0], placed, top=top))
    return chunks


def _cell_lines(words: list[Word]) -> list[Word]:
    """Words of one cell in reading order: line by line."""
    if len(words) < 2:
        return words
    return [word for group in rows(segments(words)) for word in in_order([w for line in group for w in line.words])]


def _place_row(
    line: str, row: list[list[Word]], texts: list[str], header: list[str] | None, page: int
) -> list[PlacedWord]:
    placed: list[PlacedWord] = []
    at = 0
    for i, (cell, text) in enumerate(zip(row, texts, strict=True)):
        if not text:
            continue
        name = f"{header[i].rstrip(':').rstrip()}: " if header and header[i] else ""
        if name and (found := line.find(name, at)) >= 0:
            at = found + len(name)
        for word in cell:
            found = line.find(word.text.rstrip(":") or word.text, at)
            if found < 0:
                continue
            end = found + len(word.text)
            end -= line[found:end] != word.text  # its colon was moved
            placed.append(PlacedWord(found, end, page, word.x0, word.y0, word.x1, word.y1))
            at = end
    return [word for word in placed if word.end > word.start]

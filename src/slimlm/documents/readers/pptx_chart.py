"""Charts as the table behind them: "Category: 2021; Sales: 12; Costs: 9"."""

from __future__ import annotations

from collections.abc import Iterator

from slimlm.documents.readers.inline import tidy
from slimlm.documents.readers.ooxml import Element, attr, child, descend, integer, local
from slimlm.documents.readers.pptx_text import paragraph_text
from slimlm.documents.readers.tables import linearize

_MAX_POINTS = 10_000


def chart_lines(root: Element) -> Iterator[tuple[str, str]]:
    """("title", text) for the chart's and the axes' titles, then ("row", text) for each category."""
    for title in descend(root, "title"):
        text = " ".join(filter(None, (tidy(paragraph_text(p)) for p in descend(title, "p"))))
        if text:
            yield "title", text
    names: list[str] = []
    columns: list[dict[int, str]] = []
    categories: dict[int, str] = {}
    for series in descend(root, "ser"):
        tx = child(series, "tx")
        named = [tidy(v.text or "") for v in (descend(tx, "v") if tx is not None else ())]
        names.append(" ".join(filter(None, named)) or f"Series {len(names) + 1}")
        values = child(series, "val")
        columns.append(_points(values if values is not None else child(series, "yVal")))
        found = child(series, "cat")
        categories = categories or _points(found if found is not None else child(series, "xVal"))
    indices = sorted({i for column in columns for i in column})[:_MAX_POINTS]
    rows = [[categories.get(i, str(i + 1)), *(column.get(i, "") for column in columns)] for i in indices]
    for line in linearize(rows, ["", *names]):
        yield "row", line


def _points(element: Element | None) -> dict[int, str]:
    found: dict[int, str] = {}
    if element is None:
        return found
    # Categories on several levels ("2023" above "Q1"): the first level is the innermost.
    for level in list(descend(element, "lvl")) or [element]:
        for point in descend(level, "pt"):
            value = "".join(v.text or "" for v in point if local(v) == "v")
            index = integer(attr(point, "idx"))
            found[index] = f"{shown_number(value)} {found[index]}".strip() if index in found else shown_number(value)
    return found


def shown_number(text: str) -> str:
    """Cached values carry the noise of binary fractions: 0.30000000000000004 is 0.3."""
    try:
        number = float(text)
    except ValueError:
        return tidy(text)
    if "e" in text.lower() or len(text) > 10:
        return f"{number:.10g}"
    return text.removesuffix(".0")

"""Presentations -> one page per slide: title, then everything else from top to bottom and left to right, then notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slimlm.documents.archive import Archive, open_archive
from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.readers.inline import tidy
from slimlm.documents.readers.ooxml import (
    Element,
    Relationship,
    attr,
    child,
    core_title,
    descend,
    integer,
    local,
    main_part,
    optional_part,
    relationships,
)  # fmt: skip
from slimlm.documents.readers.pptx_chart import chart_lines
from slimlm.documents.readers.pptx_text import paragraph_text
from slimlm.documents.readers.tables import join_headers, linearize, looks_like_header
from slimlm.documents.records import ReadProgress
from slimlm.documents.source import Report, Source
from slimlm.documents.xml import parse_xml
from slimlm.settings import DocumentSettings

_EMU_PER_POINT = 12_700
_ROW_POINTS = 14.0  # shapes whose tops differ by less stand side by side
_FURNITURE = frozenset(("dt", "ftr", "sldNum", "hdr"))  # date, footer, slide number: the same on every slide
_TITLES = frozenset(("title", "ctrTitle"))


@dataclass(frozen=True, slots=True)
class Shape:
    element: Element
    x: float  # points from the slide's left
    y: float
    height: float
    role: str  # kind of placeholder: "title", "body", "subTitle", ""


def read_pptx(source: Source, limits: DocumentSettings, builder: DocumentBuilder, report: Report) -> str:
    archive = open_archive(source.data, limits)
    part = main_part(archive, "ppt/presentation.xml")
    root = parse_xml(archive.read(part), part)
    links = relationships(archive, part)
    size = child(root, "sldSz")
    width, height = (integer(attr(size, name)) / _EMU_PER_POINT for name in ("cx", "cy"))
    slides = [links[key].target for key in _slide_ids(root) if key in links and links[key].target in archive]
    first_title = ""
    n_hidden = 0
    for number, name in enumerate(slides, 1):
        builder.start_page("slide", f"Slide {number}", width, height)
        slide = _Slide(archive, name, builder, limits.max_cells)
        before = builder.n_chars
        slide.read()
        if builder.n_chars == before:
            builder.mark_page("none")
        n_hidden += slide.is_hidden
        first_title = first_title or slide.title
        report(ReadProgress("pages", number, len(slides)))
    if n_hidden:
        which = "One slide is" if n_hidden == 1 else f"{n_hidden} slides are"
        builder.notice("hidden_slides", f"{which} hidden in the presentation and was read all the same.")
    return core_title(archive) or first_title


def _slide_ids(root: Element) -> list[str]:
    listed = child(root, "sldIdLst")
    # Both "id" attributes have that local name: the relationship's is the one with a namespace.
    return [
        str(value)
        for item in (listed if listed is not None else ())
        for key, value in item.attrib.items()
        if str(key).endswith("}id")
    ]


class _Slide:
    """One slide's shapes and notes."""

    def __init__(self, archive: Archive, part: str, builder: DocumentBuilder, max_cells: int) -> None:
        self.title = ""
        self._archive = archive
        self._root = parse_xml(archive.read(part), part, recover=True)
        self._links = relationships(archive, part)
        self._builder = builder
        self._max_cells = max_cells
        self.is_hidden = attr(self._root, "show") in ("0", "false")

    def read(self) -> None:
        tree = child(self._root, "cSld", "spTree")
        if tree is not None:
            shapes = list(_shapes(tree, 0.0, 0.0, 1.0, 1.0, _inherited(self._archive, self._links)))
            titles = [shape for shape in shapes if shape.role in _TITLES]
            for shape in titles[:1]:
                self._add_title(shape)
            for shape in in_reading_order([s for s in shapes if s not in titles[:1] and s.role not in _FURNITURE]):
                self._shape(shape)
        self._notes()

    def _add_title(self, shape: Shape) -> None:
        text = " ".join(filter(None, (paragraph_text(p) for p in descend(shape.element, "p"))))
        self.title = tidy(text.replace("\n", " "))
        self._builder.add("heading", self.title, 1)

    def _shape(self, shape: Shape) -> None:
        name = local(shape.element)
        if name == "sp":
            body = child(shape.element, "txBody")
            if body is not None:
                self._text(body, shape.role)
        elif name == "graphicFrame":
            self._graphic(shape.element)

    def _text(self, body: Element, role: str) -> None:
        numbers: dict[int, int] = {}
        for item in body:
            if local(item) != "p":
                continue
            text = tidy(paragraph_text(item))
            if not text:
                continue
            properties = child(item, "pPr")
            level = integer(attr(properties, "lvl"))
            counted = child(properties, "buAutoNum")
            bulleted = role in ("body", "obj") or child(properties, "buChar") is not None
            for deeper in [key for key in numbers if key > level or counted is None]:
                del numbers[deeper]
            if counted is not None:
                numbers[level] = numbers.get(level, integer(attr(counted, "startAt"), 1) - 1) + 1
                self._builder.add("list_item", f"{numbers[level]}. {text}", level + 1)
            elif bulleted and child(properties, "buNone") is None:
                self._builder.add("list_item", text, level + 1)
            else:
                self._builder.add("paragraph", text)

    def _graphic(self, frame: Element) -> None:
        data = child(frame, "graphic", "graphicData")
        for item in data if data is not None else ():
            name = local(item)
            if name == "tbl":
                self._table(item)
            elif name == "chart":
                root = optional_part(self._archive, self._target(item, "id"))
                for kind, line in chart_lines(root) if root is not None else ():
                    self._builder.add("caption" if kind == "title" else "table_row", line)
            elif name == "relIds":
                self._smart_art(item)

    def _target(self, item: Element, name: str) -> str:
        link = self._links.get(attr(item, name))
        return link.target if link else ""

    def _smart_art(self, item: Element) -> None:
        """A diagram's texts stand in its data part, in the order in which they were written."""
        root = optional_part(self._archive, self._target(item, "dm"))
        for point in descend(root, "pt") if root is not None else ():
            if attr(point, "type", "node") in ("node", "asst"):
                text = " ".join(filter(None, (tidy(paragraph_text(p)) for p in descend(point, "p"))))
                self._builder.add("list_item", text, 1)

    def _table(self, table: Element) -> None:
        grid: list[list[str]] = []
        above: dict[int, str] = {}
        n_cells = 0
        for row in descend(table, "tr"):
            line: list[str] = []
            for cell in row:
                if local(cell) != "tc" or n_cells > self._max_cells:
                    continue
                n_cells += 1
                text = " ".join(filter(None, (tidy(paragraph_text(p)) for p in descend(cell, "p"))))
                if attr(cell, "vMerge") in ("1", "true"):
                    text = above.get(len(line), "")
                elif attr(cell, "hMerge") in ("1", "true"):
                    text = ""
                above[len(line)] = text
                line.append(text)
            grid.append(line)
        marked = attr(child(table, "tblPr"), "firstRow") in ("1", "true")
        n_header = int(looks_like_header(grid, marked))
        for text in linearize(grid[n_header:], join_headers(grid[:n_header])):
            self._builder.add("table_row", text)

    def _notes(self) -> None:
        for link in self._links.values():
            if link.kind != "notesSlide":
                continue
            root = optional_part(self._archive, link.target)
            tree = child(root, "cSld", "spTree")
            for shape in tree if tree is not None else ():
                holder = child(shape, "nvSpPr", "nvPr", "ph")
                if holder is not None and attr(holder, "type", "body") == "body":
                    lines = [tidy(paragraph_text(p)) for p in descend(shape, "p")]
                    for i, line in enumerate(filter(None, lines)):
                        self._builder.add("paragraph", line if i else f"Notes: {line}")


def in_reading_order(shapes: Sequence[Shape]) -> list[Shape]:
    """Rows from top to bottom; in a row from left to right. Shapes without a place keep their order, first."""
    ordered: list[Shape] = []
    row: list[Shape] = []
    for shape in sorted(shapes, key=lambda s: s.y):
        if row and shape.y - row[0].y > _ROW_POINTS:
            ordered.extend(sorted(row, key=lambda s: s.x))
            row = []
        row.append(shape)
    return ordered + sorted(row, key=lambda s: s.x)


def _inherited(archive: Archive, links: dict[str, Relationship]) -> dict[str, tuple[float, float]]:
    """Where the layout puts its placeholders, by "type" and by "#index": slides rarely say it again."""
    places: dict[str, tuple[float, float]] = {}
    for link in links.values():
        root = optional_part(archive, link.target) if link.kind == "slideLayout" else None
        for shape in descend(root, "sp") if root is not None else ():
            holder = child(shape, "nvSpPr", "nvPr", "ph")
            offset = child(shape, "spPr", "xfrm", "off")
            if holder is not None and offset is not None:
                place = (float(integer(attr(offset, "x"))), float(integer(attr(offset, "y"))))
                places[attr(holder, "type", "body")] = place
                places["#" + attr(holder, "idx", "0")] = place
    return places


def _shapes(
    tree: Element, x: float, y: float, sx: float, sy: float, places: dict[str, tuple[float, float]]
) -> Iterator[Shape]:
    """Shapes with their place on the slide; ``x``, ``y``, ``sx``, ``sy`` map a group's own coordinates to it."""
    for item in tree:
        name = local(item)
        if name == "grpSp":
            yield from _group(item, x, y, sx, sy, places)
        elif name == "AlternateContent":
            chosen = child(item, "Choice")
            if chosen is not None:
                yield from _shapes(chosen, x, y, sx, sy, places)
        elif name in ("sp", "graphicFrame"):
            if _is_invisible(item):
                continue
            holder = child(item, "nvSpPr" if name == "sp" else "nvGraphicFramePr", "nvPr", "ph")
            role = attr(holder, "type", "obj") if holder is not None else ""
            frame = child(item, "spPr", "xfrm") if name == "sp" else child(item, "xfrm")
            offset, extent = child(frame, "off"), child(frame, "ext")
            if offset is not None:
                at = (x + sx * integer(attr(offset, "x")), y + sy * integer(attr(offset, "y")))
            else:
                at = places.get("#" + attr(holder, "idx", "0")) or places.get(role) or (0.0, 0.0)
            height = sy * integer(attr(extent, "cy")) / _EMU_PER_POINT
            yield Shape(item, at[0] / _EMU_PER_POINT, at[1] / _EMU_PER_POINT, height, role)


def _group(
    item: Element, x: float, y: float, sx: float, sy: float, places: dict[str, tuple[float, float]]
) -> Iterator[Shape]:
    frame = child(item, "grpSpPr", "xfrm")
    sizes = {
        name: tuple(integer(attr(child(frame, name), key)) for key in keys)
        for name, keys in (("off", "xy"), ("chOff", "xy"))
    }
    extents = {name: tuple(integer(attr(child(frame, name), key)) for key in ("cx", "cy")) for name in ("ext", "chExt")}
    gx = sx * (extents["ext"][0] / extents["chExt"][0] if extents["chExt"][0] else 1.0)
    gy = sy * (extents["ext"][1] / extents["chExt"][1] if extents["chExt"][1] else 1.0)
    left = x + sx * sizes["off"][0] - gx * sizes["chOff"][0]
    top = y + sy * sizes["off"][1] - gy * sizes["chOff"][1]
    # A group is read as a whole: its shapes share its top, and keep their order by place among themselves.
    inner = in_reading_order(list(_shapes(item, left, top, gx, gy, places)))
    base = (x + sx * sizes["off"][0]) / _EMU_PER_POINT, (y + sy * sizes["off"][1]) / _EMU_PER_POINT
    for i, shape in enumerate(inner):
        yield Shape(shape.element, base[0] + i * 1e-6, base[1], shape.height, shape.role)


def _is_invisible(item: Element) -> bool:
    named = child(item, "nvSpPr", "cNvPr")
    return attr(named, "hidden") in ("1", "true")

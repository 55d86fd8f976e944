"""Walks an HTML tree and adds its blocks: the state of one walk."""

from __future__ import annotations

import re
from collections.abc import Mapping

from selectolax.lexbor import LexborNode

from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.readers.html_hidden import SILENT, HiddenRules, is_for_screen_readers, is_hidden, is_site
from slimlm.documents.readers.html_table import Grid, is_layout
from slimlm.documents.readers.inline import counted, lowered, raised, tidy
from slimlm.documents.records import BlockKind
from slimlm.settings import DocumentSettings

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu ol p pre section summary table tbody td tfoot "
    "th thead tr ul".split()
)
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_LISTS = frozenset(("ul", "ol", "menu", "dir"))
_STYLES = {"a": "lower_letter", "A": "upper_letter", "i": "lower_roman", "I": "upper_roman"}
_SPACE = re.compile(r"\s+")
_TABLE_PARTS = frozenset("tr td th thead tbody tfoot caption colgroup col".split())


class _List:
    """An open list: how its items are counted."""

    __slots__ = ("next", "ordered", "step", "style")

    def __init__(self, tag: str, attributes: Mapping[str, str | None]) -> None:
        self.ordered = tag == "ol"
        self.step = -1 if "reversed" in attributes else 1
        self.next = _integer(attributes.get("start"), 1)
        self.style = _STYLES.get(attributes.get("type") or "", "decimal")


class Flow:
    """Adds blocks while it walks. ``n_hidden``: characters that were left out because the page hides them."""

    def __init__(
        self,
        builder: DocumentBuilder,
        limits: DocumentSettings,
        rules: HiddenRules,
        *,
        drop_site: bool,
        in_content: bool,
    ) -> None:
        self.n_hidden = 0
        self.first_heading = ""
        self._builder = builder
        self._limits = limits
        self._rules = rules
        self._drop_site = drop_site
        self._content_depth = int(in_content)
        self._buffer: list[str] = []
        self._kinds: list[tuple[BlockKind, int]] = [("paragraph", 0)]
        self._lists: list[_List] = []
        self._marker = ""
        self._term = ""
        self._preformatted = 0
        self._grids: list[Grid | None] = []  # None: a table used for layout
        self._marks: list[int] = []  # where an open superscript or subscript begins in the buffer

    def walk(self, root: LexborNode) -> None:
        node: LexborNode | None = root.first_child
        open_nodes: list[tuple[LexborNode, str]] = []
        while True:
            if node is None:
                if not open_nodes:
                    break
                parent, tag = open_nodes.pop()
                self._leave(tag)
                node = parent.next
                continue
            tag = node.tag or ""
            if tag == "-text":
                self._text(node.text_content or "")
            elif tag[:1] not in "-!" and self._enter(node, tag):
                open_nodes.append((node, tag))
                node = node.first_child
                continue
            node = node.next
        self._flush()

    def _text(self, text: str) -> None:
        if self._preformatted:
            self._buffer.append(text)
        elif self._grids and self._grids[-1] is not None and not self._grids[-1].in_cell:
            return  # white space between cells
        else:
            self._buffer.append(_SPACE.sub(" ", text))

    def _enter(self, node: LexborNode, tag: str) -> bool:
        """Open an element; False when it and all inside it is left out."""
        attributes = node.attributes
        if tag == "br":
            self._buffer.append("\n")
            return False
        if tag == "img":
            self._image(node, attributes)
            return False
        if tag in SILENT or is_for_screen_readers(attributes):
            return False
        if is_hidden(tag, attributes, self._rules):
            self.n_hidden += len((node.text(deep=True) or "").strip())
            return False
        if self._drop_site and is_site(node, attributes, self._content_depth > 0):
            return False
        grid = self._grids[-1] if self._grids else None
        if grid is not None and tag != "table":
            if tag in _TABLE_PARTS:
                self._table_part(grid, tag, attributes)
            elif tag in _BLOCKS:
                self._buffer.append("\n")
            if tag in ("sup", "sub"):
                self._marks.append(len(self._buffer))
            return True
        self._open_flow(node, tag, attributes)
        return True

    def _open_flow(self, node: LexborNode, tag: str, attributes: Mapping[str, str | None]) -> None:
        if tag in _BLOCKS:
            self._flush()
        if tag in _HEADINGS:
            self._kinds.append(("heading", _HEADINGS[tag]))
        elif tag in ("article", "main"):
            self._content_depth += 1
        elif tag in _LISTS:
            self._lists.append(_List(tag, attributes))
        elif tag == "li":
            self._kinds.append(("list_item", max(1, min(len(self._lists), 9))))
            self._marker = self._next_marker(attributes)
        elif tag == "dd":
            self._kinds.append(("list_item", 1) if self._term else ("paragraph", 0))
            self._marker, self._term = (f"{self._term.rstrip(':')}: " if self._term else ""), ""
        elif tag in ("figcaption", "caption"):
            self._kinds.append(("caption", 0))
        elif tag in ("pre", "listing", "xmp"):
            self._kinds.append(("code", 0))
            self._preformatted += 1
        elif tag == "table":
            layout = is_layout(node, attributes)
            self._grids.append(None if layout else Grid(self._limits.max_cells))
        elif tag in ("sup", "sub"):
            self._marks.append(len(self._buffer))

    def _leave(self, tag: str) -> None:
        grid = self._grids[-1] if self._grids else None
        if tag in ("sup", "sub"):
            self._close_script(tag)
        if grid is not None:
            if tag == "table":
                self._close_table(grid)
            elif tag in ("td", "th"):
                grid.close_cell(self._take())
            elif tag == "caption":
                self._builder.add("caption", self._take())
            elif tag in _BLOCKS:
                self._buffer.append("\n")
            return
        if tag == "dt":
            self._term = self._take()
        if tag in _BLOCKS:
            self._flush()
        self._close_flow(tag)

    def _close_flow(self, tag: str) -> None:
        if tag in _HEADINGS or tag in ("li", "dd", "figcaption", "caption", "pre", "listing", "xmp"):
            self._kinds.pop()
            self._preformatted -= tag in ("pre", "listing", "xmp")
            self._marker = "" if tag in ("li", "dd") else self._marker
        elif tag in ("article", "main"):
            self._content_depth -= 1
        elif tag in _LISTS:
            self._lists.pop()
        elif tag == "dl":
            self._buffer.append(self._term)
            self._term = ""
            self._flush()
        elif tag == "table":
            self._grids.pop()

    def _close_table(self, grid: Grid) -> None:
        self._buffer.clear()
        self._grids.pop()
        for line in grid.lines():
            self._builder.add("table_row", line)

    def _table_part(self, grid: Grid, tag: str, attributes: Mapping[str, str | None]) -> None:
        if tag == "tr":
            grid.start_row()
        elif tag in ("td", "th"):
            self._buffer.clear()
            spans = (_integer(attributes.get("colspan"), 1), _integer(attributes.get("rowspan"), 1))
            grid.open_cell(is_header=tag == "th", colspan=spans[0], rowspan=spans[1])
        elif tag == "thead":
            grid.start_head()
        elif tag in ("tbody", "tfoot"):
            grid.end_head()
        elif tag == "caption":
            self._buffer.clear()
            grid.in_cell = True

    def _next_marker(self, attributes: Mapping[str, str | None]) -> str:
        if not self._lists or not self._lists[-1].ordered:
            return ""
        current = self._lists[-1]
        number = _integer(attributes.get("value"), current.next)
        current.next = number + current.step
        return f"{counted(number, current.style)}. "

    def _image(self, node: LexborNode, attributes: Mapping[str, str | None]) -> None:
        """An alternative text is a caption where the figure has no other."""
        figure = node.parent
        if figure is not None and figure.tag == "figure" and figure.css_first("figcaption") is None:
            self._flush()
            self._builder.add("caption", tidy(attributes.get("alt") or ""))

    def _close_script(self, tag: str) -> None:
        if not self._marks:
            return
        start = self._marks.pop()
        text = "".join(self._buffer[start:])
        del self._buffer[start:]
        self._buffer.append(raised(text) if tag == "sup" else lowered(text))

    def _take(self) -> str:
        text = tidy("".join(self._buffer))
        self._buffer.clear()
        self._marks.clear()
        return text

    def _flush(self) -> None:
        if not self._buffer:
            return
        kind, level = self._kinds[-1]
        if kind == "code":
            text = "".join(self._buffer).strip("\n")
            self._buffer.clear()
        else:
            text = self._take()
        if not text.strip():
            return
        if kind == "heading":
            text = text.replace("\n", " ")
            self.first_heading = self.first_heading or text
        self._builder.add(kind, self._marker + text, level)
        self._marker = ""


def _integer(value: str | None, default: int) -> int:
    try:
        return int(value) if value and len(value) < 8 else default
    except ValueError:
        return default

"""Markdown -> blocks, from markdown-it's tokens (CommonMark with tables). Raw HTML is dropped, its text kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.readers.encodings import decode
from slimlm.documents.readers.inline import tidy
from slimlm.documents.readers.tables import linearize
from slimlm.documents.readers.text import add_text
from slimlm.documents.records import BlockKind, ReadProgress
from slimlm.documents.source import Report, Source
from slimlm.errors import DocumentTooLargeError
from slimlm.settings import DocumentSettings

_FRONT_MATTER = re.compile(r"(?:---|\+\+\+)[ \t]*\n(.{0,20000}?)\n(?:---|\.\.\.|\+\+\+)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title\s*[:=]\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
_HTML = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|</?[a-zA-Z][^<>]*>", re.DOTALL | re.IGNORECASE
)
_FOOTNOTE = re.compile(r"\[\^([^\]\s]{1,40})\]:?\s*")
_TASK = re.compile(r"\[[ xX]\]\s+")
_MAX_NESTING = 100  # two Python frames per level; lists use two levels
_MAX_LINE_CHARS = 200_000  # inline parsing of one paragraph can take quadratic time; nobody writes such a paragraph
_HARD_INLINE = re.compile(r"[*_`\[\]<!&\\]")


def read_markdown(source: Source, limits: DocumentSettings, builder: DocumentBuilder, report: Report) -> str:
    if len(source.data) > 4 * limits.max_chars + 4:
        raise DocumentTooLargeError(f"The text holds more than {limits.max_chars:,} characters.")
    text = decode(bytes(source.data)).replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    title = ""
    if front := _FRONT_MATTER.match(text):
        text = text[front.end() :]
        named = _FRONT_TITLE.search(front.group(1))
        title = named.group(1).strip("\"'") if named else ""
    report(ReadProgress("pages", 0, 1))
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table").enable("strikethrough")
    parser.disable("inline")  # block structure first; each text is then parsed alone, within bounds
    tokens = parser.parse(text)
    if any(token.level >= _MAX_NESTING - 3 for token in tokens):
        # Past its bound the parser drops the rest of the document without a word: then it is read as plain text.
        return add_text(text, builder, report) or title
    walk = _Walk(builder, parser)
    walk.tokens(tokens)
    return title or walk.first_heading


class _Walk:
    """Turns the flat stream of block tokens into blocks."""

    def __init__(self, builder: DocumentBuilder, parser: MarkdownIt) -> None:
        self.first_heading = ""
        self._builder = builder
        self._parser = parser
        self._lists: list[int] = []  # per open list: the next number, 0 for bullets
        self._marker = ""
        self._rows: list[list[str]] = []
        self._n_header = 0

    def tokens(self, tokens: Sequence[Token]) -> None:
        heading = 0
        in_table = False
        for token in tokens:
            kind = token.type
            if kind == "inline":
                self._inline(token, heading, in_table)
            elif kind in ("heading_open", "heading_close"):
                heading = int(token.tag[1:]) if kind == "heading_open" else 0
            elif kind in ("fence", "code_block"):
                self._builder.add("code", token.content.strip("\n"))
            elif kind == "html_block":
                self._add_html(token.content)
            elif kind.startswith(("bullet_list", "ordered_list", "list_item")):
                self._list(token)
            elif kind == "table_open":
                in_table, self._rows, self._n_header = True, [], 0
            elif kind == "table_close":
                in_table = False
                self._close_table()
            elif kind == "tr_open":
                self._rows.append([])
            elif kind == "thead_close":
                self._n_header = len(self._rows)

    def _inline(self, token: Token, heading: int, in_table: bool) -> None:
        text = self._render(token.content)
        if in_table:
            self._rows[-1].append(text)
        elif heading:
            text = text.replace("\n", " ")
            self.first_heading = self.first_heading or text
            self._builder.add("heading", text, heading)
        elif note := _FOOTNOTE.match(token.content) if token.content.startswith("[^") else None:
            is_definition = "]:" in note.group()
            body = self._render(token.content[note.end() :]) if is_definition else text
            self._builder.add("footnote" if is_definition else "paragraph", body)
        else:
            block: BlockKind = "list_item" if self._lists else "paragraph"
            if self._lists:
                text = _TASK.sub("", text, count=1) if _TASK.match(text) else text
            self._builder.add(block, self._marker + text, min(len(self._lists), 9))
            self._marker = ""

    def _list(self, token: Token) -> None:
        if token.type == "ordered_list_open":
            start = token.attrGet("start")
            self._lists.append(int(start) if isinstance(start, (int, str)) else 1)
        elif token.type == "bullet_list_open":
            self._lists.append(-1)
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            self._lists.pop()
        elif token.type == "list_item_open":
            number = self._lists[-1]
            self._marker = f"{number}{token.markup or '.'} " if number >= 0 else ""
            self._lists[-1] += number >= 0
        else:
            self._marker = ""

    def _close_table(self) -> None:
        header = self._rows[0] if self._n_header and self._rows else None
        for line in linearize(self._rows[self._n_header :], header):
            self._builder.add("table_row", line)

    def _add_html(self, html: str) -> None:
        for paragraph in re.split(r"\n\s*\n|</(?:p|div|li|tr|h[1-6])>", _bounded_strip_comments(html)):
            self._builder.add("paragraph", tidy(_strip_html(paragraph).replace("\n", " ")))

    def _render(self, content: str) -> str:
        """The text of one paragraph without its markup."""
        if not _HARD_INLINE.search(content):
            return tidy(re.sub(r"(?: {2,}|\\)\n", "\v", content).replace("\n", " ").replace("\v", "\n"))
        if len(content) > _MAX_LINE_CHARS or _is_pathological(content):
            return tidy(content.replace("\n", " "))
        out: list[str] = []
        token = Token("inline", "", 0, content=content, children=[])
        children: list[Token] = []
        self._parser.inline.parse(token.content, self._parser, {}, children)
        for child in children:
            if child.type in ("text", "text_special", "code_inline"):
                out.append(child.content)
            elif child.type == "softbreak":
                out.append(" ")
            elif child.type == "hardbreak" or (child.type == "html_inline" and child.content[:3].lower() == "<br"):
                out.append("\n")
        return tidy("".join(out))


def _is_pathological(content: str) -> bool:
    """Thousands of openers in one paragraph: only attacks have them, and they take quadratic time."""
    return sum(content.count(c) for c in "[]*_`<!") > 4000


def _bounded_strip_comments(html: str) -> str:
    return html if len(html) <= _MAX_LINE_CHARS else html[:_MAX_LINE_CHARS]


def _strip_html(html: str) -> str:
    return _HTML.sub(" ", html)

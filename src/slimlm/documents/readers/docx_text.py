"""The text of one Word paragraph: runs, fields, revisions, notes, equations, text boxes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from slimlm.documents.readers.docx_styles import Styles
from slimlm.documents.readers.inline import lowered, raised
from slimlm.documents.readers.ooxml import Element, attr, child, integer, is_on, local

PAGE_BREAK = "\f"  # where Word last began a new page
_TRANSPARENT = frozenset(
    "hyperlink smartTag sdt sdtContent customXml bdo dir ins moveTo rubyBase ruby subDoc r p".split()
)
_CHARACTERS = frozenset("t tab ptab br cr noBreakHyphen sym".split())
_DELETED = frozenset(("del", "moveFrom"))
_TINY_HALF_POINTS = 4  # two points: nobody can read it
_SYMBOLS = {
    0xF0B7: "•", 0xF0A7: "▪", 0xF0D8: "➢", 0xF0FC: "✓", 0xF0FB: "✗", 0xF0FE: "☒", 0xF0A8: "☐", 0xF06F: "☐", 0xF052: "☑",
    0xF0E0: "→", 0xF0DF: "←", 0xF0B0: "°", 0xF0B1: "±", 0xF0B4: "×", 0xF0B8: "÷", 0xF0A3: "≤", 0xF0B3: "≥", 0xF0B9: "≠",
    0xF0BB: "≈", 0xF0A5: "∞", 0xF0AE: "→", 0xF0AC: "←", 0xF0DE: "⇒", 0xF0E5: "∑", 0xF0D6: "√",
}  # fmt: skip
_GREEK = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"  # the Symbol font's letters, A to Z


@dataclass(slots=True)
class Seen:
    """What a document holds that the person should hear about."""

    hidden: bool = False
    comments: bool = False
    revisions: bool = False


@dataclass(slots=True)
class Paragraph:
    parts: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)  # kind ("footnote", "endnote"), id
    boxes: list[Element] = field(default_factory=list)  # contents of text boxes, to be read after the paragraph
    n_bold: int = 0
    n_letters: int = 0

    @property
    def text(self) -> str:
        return "".join(self.parts)

    @property
    def is_bold(self) -> bool:
        return self.n_letters > 0 and self.n_bold >= 0.95 * self.n_letters


class TextReader:
    """Reads paragraphs one after the other; fields may span several of them, so their state stays here."""

    def __init__(self, styles: Styles, seen: Seen) -> None:
        self._styles = styles
        self._seen = seen
        self._fields: list[list[str]] = []  # open fields: [code, "code" or "result"]
        self._note_numbers: dict[tuple[str, str], int] = {}

    def read(self, element: Element, style_id: str) -> Paragraph:
        paragraph = Paragraph()
        style = self._styles.get(style_id)
        self._walk(element, paragraph, bool(style.bold), bool(style.hidden))
        return paragraph

    @property
    def in_contents(self) -> bool:
        """Inside a table of contents, which repeats the headings."""
        return any(code.lstrip().upper().startswith("TOC") for code, _ in self._fields)

    def note_number(self, kind: str, note_id: str) -> int:
        numbers = self._note_numbers
        return numbers.setdefault((kind, note_id), 1 + sum(1 for other, _ in numbers if other == kind))

    def _walk(self, element: Element, out: Paragraph, bold: bool, hidden: bool) -> None:
        for item in element:
            name = local(item)
            if name == "r":
                self._run(item, out, bold, hidden)
            elif name in _DELETED:
                self._seen.revisions = True
            elif name in _TRANSPARENT:
                self._seen.revisions = self._seen.revisions or name in ("ins", "moveTo")
                self._walk(item, out, bold, hidden)
            elif name == "fldSimple":
                if not attr(item, "instr").lstrip().upper().startswith("TOC"):
                    self._walk(item, out, bold, hidden)
            elif name in ("oMath", "oMathPara"):
                out.parts.append(equation(item))
            elif name == "AlternateContent":
                self._walk(_choice(item), out, bold, hidden)
            elif name in ("commentRangeStart", "commentReference"):
                self._seen.comments = True

    def _run(self, run: Element, out: Paragraph, bold: bool, hidden: bool) -> None:
        look = child(run, "rPr")
        position = ""
        if look is not None:
            style = self._styles.get(attr(child(look, "rStyle"), "val"))
            own_bold, own_hidden = child(look, "b"), child(look, "vanish")
            bold = is_on(own_bold) if own_bold is not None else bold if style.bold is None else style.bold
            hidden = is_on(own_hidden) if own_hidden is not None else hidden if style.hidden is None else style.hidden
            size = child(look, "sz")
            hidden = hidden or (size is not None and 0 < integer(attr(size, "val"), 24) <= _TINY_HALF_POINTS)
            position = attr(child(look, "vertAlign"), "val")
        text = "".join(self._pieces(run, out))
        if hidden:
            self._seen.hidden = self._seen.hidden or bool(text.strip())
            out.parts.extend(PAGE_BREAK for _ in range(text.count(PAGE_BREAK)))
            return
        if position == "superscript":
            text = raised(text)
        elif position == "subscript":
            text = lowered(text)
        n_letters = sum(map(str.isalnum, text))
        out.n_letters += n_letters
        out.n_bold += n_letters if bold else 0
        out.parts.append(text)

    def _pieces(self, run: Element, out: Paragraph) -> Iterator[str]:
        for item in run:
            name = local(item)
            if name == "fldChar":
                self._field(attr(item, "fldCharType"))
            elif name == "instrText":
                if self._fields:
                    self._fields[-1][0] += item.text or ""
            elif name == "lastRenderedPageBreak":
                yield PAGE_BREAK
            elif any(state == "code" for _, state in self._fields):
                continue
            elif name in _CHARACTERS:
                yield _character(item, name)
            elif name in ("footnoteReference", "endnoteReference"):
                kind = name.removesuffix("Reference")
                out.notes.append((kind, attr(item, "id")))
                yield raised(str(self.note_number(kind, attr(item, "id"))))
            elif name == "commentReference":
                self._seen.comments = True
            elif name in ("drawing", "pict", "object", "AlternateContent"):
                self._drawing(item, out)
            elif name == "ruby":
                base = Paragraph()
                self._walk(_child_or(item, "rubyBase"), base, False, False)
                yield base.text

    def _drawing(self, item: Element, out: Paragraph) -> None:
        source = _choice(item) if local(item) == "AlternateContent" else item
        nested: set[Element] = set()
        for box in source.iter("{*}txbxContent"):
            if not any(parent in nested for parent in box.iterancestors("{*}txbxContent")):
                out.boxes.append(box)
                nested.add(box)

    def _field(self, kind: str) -> None:
        if kind == "begin":
            self._fields.append(["", "code"])
        elif kind == "separate" and self._fields:
            self._fields[-1][1] = "result"
        elif kind == "end" and self._fields:
            self._fields.pop()


def _choice(item: Element) -> Element:
    """Of alternatives, the first: the fallback holds the same content for older programs."""
    chosen = child(item, "Choice")
    return chosen if chosen is not None and len(chosen) else _child_or(item, "Fallback")


def _child_or(item: Element, name: str) -> Element:
    found = child(item, name)
    return found if found is not None else item.makeelement("empty")


def _character(item: Element, name: str) -> str:
    if name == "t":
        return item.text or ""
    if name in ("br", "cr"):
        return "" if attr(item, "type") == "page" else "\n"
    if name == "sym":
        return symbol(attr(item, "font"), attr(item, "char"))
    return "-" if name == "noBreakHyphen" else "\t"


def symbol(font: str, char: str) -> str:
    try:
        code = int(char, 16)
    except ValueError:
        return ""
    if code in _SYMBOLS:
        return _SYMBOLS[code]
    plain = code - 0xF000 if 0xF000 <= code <= 0xF0FF else code
    if font.lower() == "symbol" and chr(plain).isalpha() and plain < 0x7B:
        letter = _GREEK[ord(chr(plain).upper()) - 65]
        return letter if chr(plain).isupper() else letter.lower()
    return chr(plain) if 0x20 <= plain < 0xD800 and "wingdings" not in font.lower() else ""


def equation(item: Element) -> str:
    """An equation on one line: "(a)/(b)", "x^2", "√(y)"."""
    name = local(item)
    if name == "t":
        return item.text or ""
    if name.endswith("Pr"):
        return ""
    parts = {local(e): equation(e) for e in item}
    if name == "f":
        return f"({parts.get('num', '')})/({parts.get('den', '')})"
    if name in ("sSup", "sSub", "sSubSup"):
        low = "_" + _grouped(parts["sub"]) if parts.get("sub") else ""
        high = "^" + _grouped(parts["sup"]) if parts.get("sup") else ""
        return parts.get("e", "") + low + high
    if name == "rad":
        return f"{parts.get('deg', '')}√({parts.get('e', '')})"
    if name == "nary":
        sign = attr(child(item, "naryPr", "chr"), "val", "∫")
        low, high = parts.get("sub", ""), parts.get("sup", "")
        return f"{sign}{'_' + _grouped(low) if low else ''}{'^' + _grouped(high) if high else ''} {parts.get('e', '')}"
    if name == "d":
        opening = attr(child(item, "dPr", "begChr"), "val", "(")
        closing = attr(child(item, "dPr", "endChr"), "val", ")")
        return opening + ", ".join(equation(e) for e in item if local(e) == "e") + closing
    return "".join(equation(e) for e in item)


def _grouped(text: str) -> str:
    return text if len(text) <= 1 or text.isalnum() else f"({text})"

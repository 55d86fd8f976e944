"""Styles and numbering of a Word document: what a paragraph's look means, and the number that stands before it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from slimlm.documents.readers.inline import counted
from slimlm.documents.readers.ooxml import Element, attr, child, integer, is_on, local

_HEADING = re.compile(
    r"(?:heading|überschrift|titre|título|titolo|kop|rubrik|overskrift|nagłówek|заголовок) ?([1-9])\b"
)
_FORMATS = {
    "lowerLetter": "lower_letter",
    "upperLetter": "upper_letter",
    "lowerRoman": "lower_roman",
    "upperRoman": "upper_roman",
}
_HAN = "〇一二三四五六七八九"
_HAN_FORMATS = frozenset(
    "chineseCounting chineseCountingThousand japaneseCounting ideographDigital taiwaneseCounting "
    "taiwaneseCountingThousand koreanCounting".split()
)
_BULLET = "bullet"


@dataclass(slots=True)
class Style:
    """One style after what it is based on: None or "" means that it says nothing."""

    name: str = ""
    outline: int | None = None  # 0 is the highest level, 9 body text
    number_id: str = ""
    number_level: int = 0
    bold: bool | None = None
    hidden: bool | None = None


class Styles:
    def __init__(self, root: Element | None) -> None:
        self._elements = {attr(e, "styleId"): e for e in root if local(e) == "style"} if root is not None else {}
        self._resolved: dict[str, Style] = {}
        self.default_paragraph = next(
            (key for key, e in self._elements.items() if attr(e, "type") == "paragraph" and attr(e, "default") == "1"),
            "",
        )

    def get(self, style_id: str) -> Style:
        if style_id not in self._resolved:
            chain: list[Element] = []
            at = style_id
            while at in self._elements and len(chain) < 20:  # a style may be based on itself in a broken file
                chain.append(self._elements[at])
                at = attr(child(chain[-1], "basedOn"), "val")
            style = Style()
            for element in reversed(chain):
                _apply(style, element)
            self._resolved[style_id] = style
        return self._resolved[style_id]


def _apply(style: Style, element: Element) -> None:
    style.name = attr(child(element, "name"), "val").lower()
    properties, look = child(element, "pPr"), child(element, "rPr")
    outline = child(properties, "outlineLvl")
    if outline is not None:
        style.outline = integer(attr(outline, "val"), 9)
    numbering = child(properties, "numPr")
    if numbering is not None:
        style.number_id = attr(child(numbering, "numId"), "val") or style.number_id
        style.number_level = integer(attr(child(numbering, "ilvl"), "val"), style.number_level)
    bold, hidden = child(look, "b"), child(look, "vanish")
    style.bold = is_on(bold) if bold is not None else style.bold
    style.hidden = is_on(hidden) if hidden is not None else style.hidden


def heading_level(style: Style, outline: int | None) -> int:
    """1 to 9; 0 for body text. A paragraph's own outline level comes before its style's."""
    level = outline if outline is not None else style.outline
    if level is not None:
        return level + 1 if 0 <= level < 9 else 0
    named = _HEADING.match(style.name)
    return int(named.group(1)) if named else 0


@dataclass(slots=True)
class _Level:
    start: int = 1
    style: str = "decimal"
    text: str = ""
    legal: bool = False  # all numbers in Arabic digits
    restart: int = -1  # 0: never; n: when level n-1 (1-based n) counts on; -1: after any higher level


@dataclass(slots=True)
class _Abstract:
    levels: dict[int, _Level] = field(default_factory=dict)
    link: str = ""


class Numbering:
    """Counts as Word does: lists that share an abstract definition share their counters."""

    def __init__(self, root: Element | None, styles: Styles) -> None:
        self._styles = styles
        self._abstract: dict[str, _Abstract] = {}
        self._abstract_of: dict[str, str] = {}
        self._overrides: dict[str, dict[int, _Level]] = {}
        self._starts: dict[str, dict[int, int]] = {}
        self._counters: dict[str, list[int | None]] = {}
        self._begun: set[tuple[str, int]] = set()
        for element in root if root is not None else ():
            if local(element) == "abstractNum":
                levels = {integer(attr(e, "ilvl")): _read_level(e) for e in element if local(e) == "lvl"}
                link = attr(child(element, "numStyleLink"), "val")
                self._abstract[attr(element, "abstractNumId")] = _Abstract(levels, link)
            elif local(element) == "num":
                self._read_num(element)

    def _read_num(self, element: Element) -> None:
        key = attr(element, "numId")
        self._abstract_of[key] = attr(child(element, "abstractNumId"), "val")
        self._overrides[key], self._starts[key] = {}, {}
        for override in element:
            if local(override) != "lvlOverride":
                continue
            level = integer(attr(override, "ilvl"))
            start, changed = child(override, "startOverride"), child(override, "lvl")
            if changed is not None:
                self._overrides[key][level] = _read_level(changed)
            if start is not None:
                self._starts[key][level] = integer(attr(start, "val"), 1)

    def next(self, number_id: str, level: int) -> str | None:
        """Count on and return the text before the paragraph: "2.1", "(a)", "" for a bullet; None for no list."""
        abstract_id = self._follow(number_id)
        if abstract_id is None or not 0 <= level <= 8:
            return None
        counters = self._counters.setdefault(abstract_id, [None] * 9)
        if level in self._starts.get(number_id, {}) and (number_id, level) not in self._begun:
            self._begun.add((number_id, level))
            counters[level] = None
        for i in range(level):
            if counters[i] is None:
                counters[i] = self._start(number_id, i)
        current = counters[level]
        counters[level] = self._start(number_id, level) if current is None else current + 1
        for i in range(level + 1, 9):
            restart = self._level(number_id, i).restart
            if restart != 0 and (restart < 0 or level < restart):
                counters[i] = None
        return self._text(number_id, level, counters)

    def _follow(self, number_id: str) -> str | None:
        """The abstract definition, through a list style if it is only a link to one."""
        for _ in range(5):
            abstract_id = self._abstract_of.get(number_id)
            abstract = self._abstract.get(abstract_id) if abstract_id is not None else None
            if abstract is None:
                return None
            linked = self._styles.get(abstract.link).number_id if abstract.link and not abstract.levels else ""
            if not linked or linked == number_id:
                return abstract_id
            number_id = linked
        return None

    def _level(self, number_id: str, level: int) -> _Level:
        changed = self._overrides.get(number_id, {}).get(level)
        abstract = self._abstract.get(self._follow(number_id) or "")
        return changed or (abstract.levels.get(level) if abstract else None) or _Level()

    def _start(self, number_id: str, level: int) -> int:
        return self._starts.get(number_id, {}).get(level, self._level(number_id, level).start)

    def _text(self, number_id: str, level: int, counters: list[int | None]) -> str:
        shape = self._level(number_id, level)
        if shape.style in (_BULLET, "none") and "%" not in shape.text:
            return "" if shape.style == _BULLET else shape.text.strip()

        def number(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            style = self._level(number_id, at).style
            return _counted(counters[at] or 0, "decimal" if shape.legal and at < level else style)

        return re.sub(r"%([1-9])", number, shape.text).strip()


def _read_level(element: Element) -> _Level:
    restart = child(element, "lvlRestart")
    return _Level(
        start=integer(attr(child(element, "start"), "val"), 1),
        style=attr(child(element, "numFmt"), "val", "decimal"),
        text=attr(child(element, "lvlText"), "val"),
        legal=is_on(child(element, "isLgl")),
        restart=integer(attr(restart, "val"), -1) if restart is not None else -1,
    )


def _counted(number: int, style: str) -> str:
    if style == "none":
        return ""
    if style == "decimalZero":
        return f"{number:02d}"
    if style == "decimalEnclosedCircle" and 1 <= number <= 20:
        return chr(0x245F + number)
    if style in _HAN_FORMATS and 0 < number < 100:
        tens, ones = divmod(number, 10)
        return (_HAN[tens] if tens > 1 else "") + ("十" if tens else "") + (_HAN[ones] if ones else "")
    if style == "ordinal":
        suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        return f"{number}{suffix}"
    return counted(number, _FORMATS.get(style, "decimal"))

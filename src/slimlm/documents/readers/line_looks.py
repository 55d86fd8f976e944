"""What a line of plain text looks like: a heading, a list item, a rule, a label, a part of a table.

Every judgement looks at no more than the first 300 characters, so that a line of ten million costs nothing.
"""

from __future__ import annotations

import re

_LOOK = 300
MAX_HEADING_CHARS = 90
_BULLET = re.compile(r"(?:[-*+•‣▪◦●○·–—]|o(?= {2,})|\[[ xX]\])\s+(?=\S)")
_NUMBERED = re.compile(
    r"(?:\(?(?:\d{1,3}|[ivxlIVXL]{1,5}|[a-zA-Z])\)|\d{1,3}\.(?!\d)|[a-zA-Z]\.(?=\s{2,}|\s[a-z])|[ivx]{2,5}\."
    r"|\d{1,3}(?:\.\d{1,3}){1,4}\.?)\s+(?=\S)"
)
_RULE_CHARS = frozenset("=-_~*#^+.")
_RULE = re.compile(r"\s*([=\-_~*#^+.])\1{2,}\s*")
_TABLE_RULE = re.compile(r"[\s|+:=\-─━│┼├┤┬┴┌┐└┘]+")
_SECTION_WORD = re.compile(
    r"(?:chapter|section|article|part|appendix|annex|schedule|exhibit|clause|kapitel|abschnitt|artikel|teil|anlage|anhang"
    r"|chapitre|article|annexe|titre|partie|cap[ií]tulo|secci[oó]n|art[ií]culo|anexo|allegato|capitolo|articolo"
    r"|глава|раздел|статья|приложение)\s+(?:\d+|[IVXLC]+|[A-Z])\b",
    re.IGNORECASE,
)
_EAST_SECTION = re.compile(r"第[0-9０-９一二三四五六七八九十百]+[章条條節节款部编編]|제\s*\d+\s*[조장절]")
_NUMBER_HEADING = re.compile(r"(\d{1,2}(?:\.\d{1,3}){0,3})\.?\s{1,8}(?=[^\W\d_])")
_ROMAN_HEADING = re.compile(r"(?:[IVX]{1,5}|[A-Z])\.\s{1,8}(?=[^\W\d_])")
_LABEL = re.compile(r"[^\W\d_][\w .'/()-]{0,28}:(?:\s+\S|\s*$)")
_SALUTATION = re.compile(
    r"(?:dear|hello|hi|to whom|sehr geehrte|liebe|hallo|cher|chère|madame|monsieur|bonjour|estimad|querid|gentile"
    r"|egregi|yours|kind regards|best regards|sincerely|mit freundlichen|cordialement|atentamente|уважаем)",
    re.IGNORECASE,
)
_GAP = re.compile(r"\S(?: {2,}|\t+)(?=\S)")
_WIDE = re.compile("[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]")
CJK = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff65]")  # scripts written without spaces (Korean has them)


def width(line: str) -> int:
    """Columns on a terminal: ideographs take two."""
    return len(line) if line.isascii() else len(line) + len(_WIDE.findall(line))


def indent(line: str) -> int:
    return len(line[:_LOOK]) - len(line[:_LOOK].lstrip())


def list_marker(line: str) -> str:
    """The bullet or number that begins the line ("- ", "(a) ", "2.1 "), or ""."""
    head = line[:_LOOK].lstrip()
    if head[:1].isalpha() and head[1:2].isalpha() and head[0] not in "ivxlIVXL":
        return ""  # most lines begin with a word
    match = _BULLET.match(head) or _NUMBERED.match(head)
    return match.group() if match else ""


def is_bullet(marker: str) -> bool:
    return bool(marker) and not any(c.isalnum() for c in marker.strip("[]xX o"))


def is_rule(line: str) -> bool:
    return len(line) < _LOOK and line.lstrip()[:1] in _RULE_CHARS and bool(_RULE.fullmatch(line))


def is_table_rule(line: str) -> bool:
    return len(line) < _LOOK and bool(_TABLE_RULE.fullmatch(line)) and bool(line.strip())


def rule_level(line: str) -> int:
    """A heading underlined with "=" stands above one underlined with anything else."""
    return 1 if line.strip()[0] in "=#*" else 2


def has_label(line: str) -> bool:
    """ "Date: 1 May": it begins a line of its own."""
    return bool(_LABEL.match(line[:_LOOK].strip()))


def has_gap(line: str) -> bool:
    """Two columns or more: a wide gap inside the line."""
    return bool(_GAP.search(line[:_LOOK].strip()))


def is_salutation(line: str) -> bool:
    return bool(_SALUTATION.match(line.strip()[:40]))


def heading_level(line: str, alone: bool) -> int:
    """0: no heading. ``alone``: empty lines around it, which a heading without capitals or a number needs."""
    text = line[: _LOOK + 1].strip()
    if text.endswith(".") and len(text) <= 20 and alone and _SECTION_WORD.fullmatch(text[:-1]) and text[0].isupper():
        return 1  # "CHAPTER I."
    if (
        not 2 <= len(text) <= MAX_HEADING_CHARS
        or text[-1] in ".,;:!?、。"
        or (_GAP.search(text) and not _numbered(text))
    ):
        return 0
    letters = [c for c in text if c.isalpha()]
    if len(letters) < 2:
        return 0
    if _SECTION_WORD.match(text) and (alone or len(text) <= 60) and text[:1].isupper():
        return 1
    if _EAST_SECTION.match(text) and len(text) <= 40:
        return 1
    number = _NUMBER_HEADING.match(text)
    if number and (alone or _capitals(letters)) and text[number.end()].isupper():
        return min(1 + number.group(1).count("."), 4)
    roman = _ROMAN_HEADING.match(text)
    if roman and alone and text[roman.end()].isupper():
        return 1
    return 1 if _capitals(letters) and len(text) <= 80 and len(letters) >= 4 and letters_dominate(text) else 0


def letters_dominate(text: str) -> bool:
    return sum(c.isalpha() or c == " " for c in text) >= 0.6 * len(text)


def is_title_like(line: str) -> bool:
    """A short line that is no sentence, no label, no salutation and no date."""
    text = line[: _LOOK + 1].strip()
    if not 3 <= len(text) <= 80 or text[-1] in ".,;:!?、。…" or is_salutation(text) or has_gap(text):
        return False
    if has_label(text) or "@" in text or "://" in text or list_marker(text):
        return False
    return (text[0].isupper() or text[0].isdigit() or bool(CJK.match(text[0]))) and letters_dominate(text)


def _capitals(letters: list[str]) -> bool:
    upper = sum(c.isupper() for c in letters)
    return upper >= 0.9 * len(letters) and upper >= 2


def _numbered(text: str) -> bool:
    return bool(_NUMBER_HEADING.match(text))

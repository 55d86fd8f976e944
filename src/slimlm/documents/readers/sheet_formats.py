"""Numbers as a spreadsheet shows them: a number format and a value in, text out.

Dates become ISO, because "03/04/24" means two days to two people; everything else keeps what the format adds to it
(currency, percent, unit, decimals).
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from enum import Enum

_BUILTIN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 14: "yyyy-mm-dd",
    15: "yyyy-mm-dd", 16: "yyyy-mm-dd", 17: "yyyy-mm", 18: "hh:mm", 19: "hh:mm:ss", 20: "hh:mm", 21: "hh:mm:ss",
    22: "yyyy-mm-dd hh:mm", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss",
    47: "mm:ss",
}  # fmt: skip
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\]|\[[^\]]*\]|_.|\*.'
    r"|(?P<digits>[0#?][0#?,]*(?:\.[0#?]+)?,*|\.[0#?]+)|(?P<plain>.)",
    re.DOTALL,
)
_QUOTED = re.compile(r'"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_MAX_CODE_CHARS = 250  # Excel allows no more


class _Kind(Enum):
    GENERAL = 0
    NUMBER = 1
    DATE = 2
    TIME = 3
    DATETIME = 4
    DURATION = 5
    TEXT = 6


class NumberFormat:
    """One format code, understood once and used for many cells."""

    def __init__(self, code: str) -> None:
        sections = _split_sections(code[:_MAX_CODE_CHARS])
        self._kind = _kind(sections[0])
        self._months_only = self._kind is _Kind.DATE and "d" not in _QUOTED.sub("", sections[0]).lower()
        self._parts = [_Section(section) for section in sections[:2]] if self._kind is _Kind.NUMBER else []

    def show(self, value: float, epoch: date) -> str:
        if self._kind in (_Kind.GENERAL, _Kind.TEXT) or not math.isfinite(value):
            return show_general(value)
        if self._kind is _Kind.NUMBER:
            section = self._parts[1] if value < 0 and len(self._parts) > 1 else self._parts[0]
            return section.show(value)
        return self._show_time(value, epoch)

    def _show_time(self, value: float, epoch: date) -> str:
        if self._kind is _Kind.DURATION:
            minutes = round(value * 1440)
            return f"{'-' if minutes < 0 else ''}{abs(minutes) // 60}:{abs(minutes) % 60:02d}"
        if not 0 <= value < 2_958_466:  # the last day of the year 9999
            return show_general(value)
        # Excel counts a 29 February 1900 that never was.
        days = value + 1 if epoch.year == 1899 and value < 60 else value
        moment = datetime(epoch.year, epoch.month, epoch.day) + timedelta(seconds=round(days * 86_400))
        if self._kind is _Kind.TIME and value < 1:
            return _clock(moment)
        if self._kind is _Kind.DATE or (moment.hour, moment.minute, moment.second) == (0, 0, 0):
            return moment.strftime("%Y-%m") if self._months_only else moment.date().isoformat()
        return f"{moment.date().isoformat()} {_clock(moment)}"


class _Section:
    """What a number looks like: digits between what is written before and after them."""

    def __init__(self, code: str) -> None:
        before: list[str] = []
        after: list[str] = []
        digits = ""
        for token in _TOKEN.finditer(code):
            if token["digits"] is not None and not digits:
                digits = token["digits"]
                continue
            text = next((t for t in (token["quoted"], token["escaped"], token["currency"], token["plain"]) if t), "")
            (after if digits else before).append(text)
        self._before = "".join(before).replace("General", "")
        self._after = "".join(after).replace("General", "")
        whole, _, fraction = digits.rstrip(",").partition(".")
        self._general = not digits or "E+" in code or "/" in code
        self._scale = 1000 ** (len(digits) - len(digits.rstrip(",")))
        self._percent = "%" in self._before + self._after
        self._grouped = "," in whole
        self._decimals = min(len(fraction), 15)
        self._optional = len(fraction) - len(fraction.rstrip("#?"))
        self._width = min(whole.replace(",", "").count("0"), 20)

    def show(self, value: float) -> str:
        if self._general:
            return show_general(value)
        number = abs(value) * (100 if self._percent else 1) / self._scale
        if number >= 1e15:
            return show_general(value)
        text = f"{number:{',' if self._grouped else ''}.{self._decimals}f}"
        for _ in range(self._optional):
            text = text[:-1] if text.endswith("0") and "." in text else text
        whole, dot, fraction = text.rstrip(".").partition(".")
        if self._width > 1 and not self._grouped:
            whole = whole.rjust(self._width, "0")  # "00042": a number that is a name
        before, after = self._before, self._after
        negative = value < 0 and any(c in "123456789" for c in text)
        if "(" in before and ")" in after:
            before, after = before.replace("(", ""), after.replace(")", "")
        sign = "-" if negative else ""
        return " ".join(
            f"{sign}{before.replace('-', '', 1) if negative else before}{whole}{dot}{fraction}{after}".split()
        )


def show_general(value: float) -> str:
    """At most eleven digits, without the noise of binary fractions."""
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    text = f"{value:.10g}"
    if "e" in text and 1e-9 < abs(value) < 1e15:
        text = f"{value:.10f}".rstrip("0")
    return text


def builtin_code(number: int) -> str:
    return _BUILTIN.get(number, "General" if number < 27 or number > 58 else "yyyy-mm-dd")  # 27 to 58: East Asian dates


def _split_sections(code: str) -> list[str]:
    sections = [""]
    for token in _TOKEN.finditer(code):
        if token.group() == ";":
            sections.append("")
        else:
            sections[-1] += token.group()
    return sections


def _kind(section: str) -> _Kind:
    bare = _QUOTED.sub("", section)
    low = re.sub(r"[_*].", "", bare).lower()
    if not low.strip() and not section.strip():
        return _Kind.GENERAL
    if "general" in low and not re.search("[0#?]", low) and '"' not in section and "[$" not in section:
        return _Kind.GENERAL
    if "@" in low:
        return _Kind.TEXT
    if re.search(r"\[[hms]+\]", low):
        return _Kind.DURATION
    if "general" not in low and re.search("[yd年月日]|(?:^|[^a-z])m{3,}", low):
        return _Kind.DATETIME if "h" in low else _Kind.DATE
    if "general" not in low and re.search("[hs]", low) and re.search("[hms]", low):
        return _Kind.TIME
    return _Kind.NUMBER


def _clock(moment: datetime) -> str:
    return moment.strftime("%H:%M:%S") if moment.second else moment.strftime("%H:%M")

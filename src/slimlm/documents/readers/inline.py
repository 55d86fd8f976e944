"""Text inside one block: what readers of rich formats do to runs before they become a block's text."""

from __future__ import annotations

import re

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")  # direction marks too
_SPACES = re.compile("[ \t\r\f\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_AROUND_BREAK = re.compile(" *\n[ \n]*")
_SUPERSCRIPT = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_SUBSCRIPT = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")


def tidy(text: str) -> str:
    """Single spaces, no invisible characters; line breaks stay. An ideographic space inside a line becomes plain."""
    if text.isascii() and "\n" not in text:
        return " ".join(text.split())
    return _AROUND_BREAK.sub("\n", _SPACES.sub(" ", _INVISIBLE.sub("", text))).strip()


def raised(text: str) -> str:
    """A superscript: "m2" would be misread, "m²" is not. A note's mark stays apart from its word in brackets."""
    clean = text.strip()
    if clean and len(clean) <= 4 and clean.translate(_SUPERSCRIPT) != clean and not re.search("[^0-9+−n-]", clean):
        return clean.translate(_SUPERSCRIPT)
    return text


def lowered(text: str) -> str:
    clean = text.strip()
    return clean.translate(_SUBSCRIPT) if clean and not re.search("[^0-9+−-]", clean) else text


def counted(number: int, style: str) -> str:
    """A list counter as people see it. ``style``: decimal, lower_letter, upper_letter, lower_roman, upper_roman."""
    if style.endswith("letter"):
        # Word and browsers differ past z (aa, bb / aa, ab); Word's way is kept because contracts come from Word.
        text = chr(97 + (number - 1) % 26) * (1 + (number - 1) // 26) if 0 < number <= 780 else str(number)
    elif style.endswith("roman"):
        text = _roman(number) if 0 < number < 4000 else str(number)
    else:
        return str(number)
    return text.upper() if style.startswith("upper") else text


def _roman(number: int) -> str:
    text = ""
    pairs = (
        (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
        (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    )  # fmt: skip
    for value, letters in pairs:
        count, number = divmod(number, value)
        text += letters * count
    return text

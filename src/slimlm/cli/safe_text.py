"""Text of a document is data: nothing in it may act on the terminal.

What enters: any string (from a document, a file name, an error). What leaves: the same string with everything that a
terminal or a bidirectional layout would obey replaced by U+FFFD. This module refuses to know what the text says.
"""

from __future__ import annotations

import re

# C0 (but tab, newline), DEL, C1 (an eight-bit CSI is one byte), lone surrogates, noncharacters.
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
# Overrides, embeddings and isolates reorder what follows them, also our own words. Plain marks (LRM, RLM) do not.
_BIDI = "\u202a-\u202e\u2066-\u2069\u206a-\u206f"
# Invisible "tag" characters carry hidden text.
_TAGS = "\U000e0000-\U000e007f"

_UNSAFE = re.compile(f"[{_CONTROL}{_BIDI}{_TAGS}]")
_SPACE = re.compile(r"[\s\u2028\u2029]+")
_BREAK = re.compile("\r\n?|[\u2028\u2029\u0085\x0b\x0c]")
REPLACEMENT = "\ufffd"


def safe_line(text: str) -> str:
    """One line: every run of white space becomes one space."""
    return _UNSAFE.sub(REPLACEMENT, _SPACE.sub(" ", text)).strip()


def safe_span(text: str) -> str:
    """Like ``safe_line``, but spaces at both ends are kept: for pieces of a line."""
    return _UNSAFE.sub(REPLACEMENT, _SPACE.sub(" ", text))


def safe_lines(text: str) -> list[str]:
    """The lines of a text, each safe; tabs become spaces."""
    return [_UNSAFE.sub(REPLACEMENT, line.expandtabs(4)).rstrip() for line in _BREAK.sub("\n", text).split("\n")]


def safe_json(encoded: str) -> str:
    """JSON text with the same characters escaped: the value stays exact, the terminal stays unharmed."""
    return _UNSAFE.sub(lambda found: _escape(found.group()), encoded) if _UNSAFE.search(encoded) else encoded


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"

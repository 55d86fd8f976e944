from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from slimlm.cli.safe_text import safe_json, safe_line, safe_lines, safe_span

OBEYED = set(map(chr, [*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])) - {"\n"}
ANYTHING = st.text(st.characters())  # also lone surrogates


@given(ANYTHING)
def test_nothing_a_terminal_obeys_comes_through(text: str) -> None:
    assert not OBEYED & set(safe_line(text))
    assert "\n" not in safe_line(text)
    assert not OBEYED & set(safe_span(text))
    assert not any(OBEYED & set(row) or "\n" in row for row in safe_lines(text))
    safe_line(text).encode("utf-8")


@given(ANYTHING)
def test_json_keeps_the_value_exactly(text: str) -> None:
    encoded = safe_json(json.dumps({"text": text}, ensure_ascii=False))
    assert not OBEYED & set(encoded)
    assert "\n" not in encoded
    encoded.encode("utf-8")
    assert json.loads(encoded)["text"] == json.loads(json.dumps(text))


def test_ordinary_text_is_left_alone() -> None:
    for text in ("plain", "Überprüfung – «ça»", "在宅勤務", "عقد توريد", "שלום\u200f!", "👩‍👩‍👧"):
        assert safe_line(text) == text


def test_white_space_becomes_one_space() -> None:
    assert safe_line("  a\tb\n c\u2028d ") == "a b c d"
    assert safe_span(" a ") == " a "
    assert safe_lines("a\r\nb\rc") == ["a", "b", "c"]

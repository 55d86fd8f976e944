"""Where a text holds a date, an amount, a name."""

from __future__ import annotations

import time
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimlm.retrieval.answer_types import AnswerType, has_type, spans_of_type

KINDS: tuple[AnswerType, ...] = get_args(AnswerType)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("money", "EUR 950.00"), ("money", "$1,250"), ("money", "25 euros"), ("money", "950 €"), ("money", "500円"),
        ("percent", "11 %"), ("percent", "4.5 per cent"), ("percent", "20 Prozent"),
        ("date", "4 May 2024"), ("date", "May 4, 2024"), ("date", "2024-05-04"), ("date", "am 14. März"), ("date", "2024年5月4日"),
        ("date", "on the third of Monday, on Mondays"), ("time", "9 am"), ("time", "18:30"), ("time", "9 Uhr"),
        ("duration", "three months"), ("duration", "30 days"), ("duration", "14 Tage"), ("duration", "2 semaines"),
        ("number", "seven members"), ("number", "42"), ("person", "Ms Carla Dunn"), ("person", "the tenant"),
        ("place", "in the cellar of Mill Lane"), ("reason", "because it rained"), ("reason", "weil es regnete"),
    ],
)  # fmt: skip
def test_what_is_there(kind: AnswerType, text: str) -> None:
    assert has_type(text, kind)
    assert list(spans_of_type(text, kind))


@pytest.mark.parametrize(
    ("kind", "text"),
    [("money", "the rent is due"), ("percent", "eleven people"), ("date", "the lease ends soon"), ("time", "in the morning"),
     ("duration", "some rooms"), ("number", "many people came"), ("reason", "the pump failed")],
)  # fmt: skip
def test_what_is_not_there(kind: AnswerType, text: str) -> None:
    assert not has_type(text, kind)


@given(st.text(max_size=200), st.sampled_from(KINDS))
@settings(max_examples=100, deadline=None)
def test_spans_lie_in_the_text(text: str, kind: AnswerType) -> None:
    spans = list(spans_of_type(text, kind))
    assert all(0 <= a < b <= len(text) for a, b in spans)
    assert not spans or has_type(text, kind)


@pytest.mark.parametrize("unit", ["1.1.1.", "a ", "within a ", "A'b", "1 2 ", "A", "May "])
def test_long_cells_take_no_time(unit: str) -> None:
    text = unit * (8000 // len(unit))
    started = time.process_time()
    for kind in KINDS:
        has_type(text, kind)
    assert time.process_time() - started < 8

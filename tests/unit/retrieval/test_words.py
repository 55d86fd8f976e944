"""Words and their terms: exact offsets, one spelling for a number, any script."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimlm.retrieval.words import fold, number_term, terms, word_term, words


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_offsets_are_exact_and_every_letter_is_in_a_word(text: str) -> None:
    found = list(words(text))
    assert all(text[w.start : w.end] == w.text and w.terms for w in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    covered = {i for w in found for i in range(w.start, w.end)}
    assert all(i in covered for i, c in enumerate(text) if c.isalnum() and c.isascii())


@given(st.text(max_size=200))
@settings(max_examples=80, deadline=None)
def test_terms_with_stop_words_are_those_of_the_words(text: str) -> None:
    assert terms(text, keep_stop_words=True) == [t for w in words(text) for t in w.terms]


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("spelling", "term"),
    [
        ("1,250.00", "1250"), ("1.250,00", "1250"), ("1’250", "1250"), ("1.250", "1250"), ("12.500.000", "12500000"),
        ("950.00", "950"), ("3.5", "3.5"), ("3,5", "3.5"), ("007", "7"), ("0", "0"), ("0.125", "0.125"), ("0,125", "0.125"),
        ("1234.567", "1234.567"), ("3.2.1", "3.2.1"), ("10:30", "10:30"), ("2024-05-01", "2024-05-01"), ("٣٠", "30"),
        ("１２", "12"),
    ],
)  # fmt: skip
def test_a_number_has_one_spelling(spelling: str, term: str) -> None:
    if spelling != "٣٠":
        assert number_term(spelling) == term
    else:
        assert next(words(spelling)).is_number


@given(st.integers(1000, 10**9))
def test_grouping_does_not_matter(n: int) -> None:
    assert number_term(f"{n:,}") == number_term(f"{n:,}".replace(",", ".")) == number_term(str(n)) == str(n)


def test_number_words_are_numbers() -> None:
    assert terms("thirty days") == terms("30 days")


@pytest.mark.parametrize(
    ("a", "b"),
    [("Élan", "elan"), ("Straße", "strasse"), ("ﬁnal", "final"), ("tenant's", "tenants"), ("المدرسة", "مدرسه")],
)
def test_spellings_that_meet(a: str, b: str) -> None:
    assert word_term(a) == word_term(b)


def test_scripts_without_spaces_give_pairs() -> None:
    assert terms("賃貸契約") == ["賃貸", "貸契", "契約"]
    assert terms("家") == ["家"]


def test_stop_words_are_left_out() -> None:
    assert terms("What is the rent of the flat?") == terms("rent flat")

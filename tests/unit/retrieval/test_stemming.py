"""The stemmer joins forms of a word and keeps different words apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimlm.retrieval.stemming import stem


@pytest.mark.parametrize(
    "forms",
    [
        "terminate terminated terminates terminating termination", "pay paid pays payment payable", "repair repairs repaired",
        "deposit deposits", "notify notified notifies notifying", "rent rents rented", "children child",
        "cancel cancels", "party parties", "begin began begun", "built build",
    ],
)  # fmt: skip
def test_forms_of_a_word_meet(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    "pair",
    ["tenant landlord", "employer employee", "lender borrower", "buyer seller", "lessor lessee", "include exclude",
     "increase decrease", "minimum maximum", "before after", "north south", "rent repair"],
)  # fmt: skip
def test_different_words_stay_apart(pair: str) -> None:
    a, b = pair.split()
    assert stem(a) != stem(b)


@given(st.text("abcdefghijklmnopqrstuvwxyz", max_size=20))
def test_any_word_has_a_stem_no_longer_than_one_letter_more(word: str) -> None:
    assert len(stem(word)) <= max(len(word) + 1, 6)


@pytest.mark.parametrize("word", ["契約", "дом", "x", "", "abc1"])
def test_what_is_no_latin_word_is_kept(word: str) -> None:
    assert stem(word) == word

"""Key sentences: telling, spread over the document, without boilerplate and repetition."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from slimlm.retrieval.index import TermIndex
from slimlm.retrieval.salience import key_sentences
from slimlm.retrieval.sentences import split_sentences
from unit.thinking import LEASE, document_of


def index(text: str = LEASE) -> TermIndex:
    return TermIndex(split_sentences(document_of(text)))


def test_key_sentences_are_in_order_and_within_the_limit() -> None:
    keys = key_sentences(index(), 4)
    assert len(keys) == 4
    assert [k.sentence.index for k in keys] == sorted(k.sentence.index for k in keys)
    assert not any(k.sentence.kind == "heading" for k in keys)
    assert len({k.sentence.headings for k in keys}) >= 3


def test_boilerplate_is_left_out() -> None:
    text = (
        LEASE
        + "\nCopyright 2024 by the landlord and the tenant of the house and the lease.\nYours sincerely, the landlord of the house in Mill Lane"
    )
    chosen = " ".join(k.sentence.text for k in key_sentences(index(text), 5))
    assert "Copyright" not in chosen
    assert "sincerely" not in chosen


def test_what_is_said_twice_is_taken_once() -> None:
    text = (
        LEASE
        + "\nThe tenant pays a deposit of EUR 1,900 before moving in; the landlord returns it within two months after the end of the lease."
    )
    chosen = [k.sentence.text for k in key_sentences(index(text), 5)]
    assert len(set(chosen)) == len(chosen)


def test_only_within() -> None:
    assert {k.sentence.index for k in key_sentences(index(), 3, [4, 5, 6])} <= {4, 5, 6}


@given(st.lists(st.text(max_size=60), max_size=8), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_any_document(lines: list[str], limit: int) -> None:
    keys = key_sentences(index("Start of it.\n" + "\n".join(line.replace("\r", " ") for line in lines)), limit)
    assert len(keys) <= limit
    assert len({k.sentence.index for k in keys}) == len(keys)

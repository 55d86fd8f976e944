"""Counted words: rarity, postings, headings and neighbours."""

from __future__ import annotations

from slimlm.retrieval.index import TermIndex
from slimlm.retrieval.sentences import split_sentences
from slimlm.retrieval.words import terms
from unit.thinking import LEASE, document_of

SENTENCES = split_sentences(document_of(LEASE))
INDEX = TermIndex(SENTENCES)


def at(part: str) -> int:
    return next(s.index for s in SENTENCES if part in s.text)


def test_rare_words_weigh_more() -> None:
    common, rare, absent = terms("tenant gutters volcano")
    assert INDEX.idf(absent) > INDEX.idf(rare) > INDEX.idf(common) > 0
    assert INDEX.occurs(rare)
    assert not INDEX.occurs(absent)


def test_the_sentence_with_the_words_comes_first() -> None:
    scores = INDEX.bm25(terms("deposit before moving in"))
    assert max(scores, key=scores.__getitem__) == at("EUR 1,900")
    assert INDEX.bm25(terms("volcano")) == {}


def test_headings_and_neighbours_count_too() -> None:
    i = at("EUR 950.00")
    assert set(terms("rent")) <= INDEX.headings(i)
    assert set(terms("reminder")) <= INDEX.neighbours(i) | INDEX.sets[i]
    scores = INDEX.bm25(terms("keys"))
    assert at("garage") in scores  # "Keys" stands in its heading


def test_an_empty_document() -> None:
    empty = TermIndex(())
    assert empty.bm25(["x"]) == {}
    assert not empty.occurs("x")

"""Sentences: exact spans, inside their blocks, covering every letter, in linear time."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.records import Document
from slimlm.retrieval.sentences import MAX_CHARS, sentence_spans, split_sentences
from slimlm.settings import DocumentSettings


def pieces(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["The rent is EUR 950.00.", "It is due monthly."],
        ["Mr. A. B. Smith came.", "He left."],
        ["Dr. Dunn and Prof. Weir met.", "They agreed."],
        ["See Art. 5 and No. 7 below.", "Then stop."],
        ["Tools, e.g. A saw, are lent.", "Bring them back."],
        ["3.2 The tenant pays.", "3.3 The landlord repairs."],
        ["1. The tenant pays."],
        ["(a) The tenant pays.", "(b) The landlord repairs."],
        ["It weighs 3.5 kg.", "Yes!", "Really?", "Good."],
        ["He said “Stop.”", "Then he left."],
        ["Wait...", "It works."],
        ["The total was 30.", "The next day it rose."],
        ["I am 30.", "Nobody knows."],
        ["Der Vertrag beginnt am 14. März 2024.", "Er endet am 30. Juni 2025."],
        ["Die Frist läuft bis zum 30. Juni 2025."],
        ["Der 2. Weltkrieg endete 1945.", "Danach kam Frieden."],
        ["Im 3. Quartal sank der Umsatz.", "Das blieb so."],
        ["Er kaufte 12.", "Danach ging er."],
        ["Die Miete, z.B. Kaltmiete, steigt.", "Das ist so."],
        ["今日は晴れです。", "明日は雨です。"],
        ["合同有效。", "租金五百元！", "对吗？"],
        ["هذا نص.", "هل تفهم؟", "نعم."],
        ["Москва большая.", "Она красивая!"],
        ["¿Cuándo termina?", "Termina en mayo."],
    ],
)
def test_where_sentences_end(sentences: list[str]) -> None:
    joiner = "" if sentences[0][-1] in "。！？" else " "
    assert pieces(joiner.join(sentences)) == sentences


def test_a_list_is_split_at_its_items() -> None:
    text = "The tenant must:\n- pay the rent\n- keep the garden\n(a) lock the gate"
    assert pieces(text) == ["The tenant must:", "- pay the rent", "- keep the garden", "(a) lock the gate"]


def test_a_long_sentence_is_cut_at_a_mark() -> None:
    text = "; ".join(f"the tenant pays item number {i} of the list" for i in range(40)) + "."
    cut = pieces(text)
    assert len(cut) > 2
    assert all(len(piece) <= MAX_CHARS for piece in cut)
    assert all(piece.endswith(";") for piece in cut[:-1])


TEXTS = st.text(
    st.one_of(st.sampled_from(" .!?:;,\n。？؟\"'()1230aAbB-–…"), st.characters(codec="utf-8")), max_size=400
)


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_spans_are_ordered_and_cover_every_letter(text: str) -> None:
    spans = sentence_spans(text)
    assert all(a < b for a, b in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    covered = {i for a, b in spans for i in range(a, b)}
    assert all(i in covered for i, c in enumerate(text) if c.isalnum())
    assert all(not text[a].isspace() and not text[b - 1].isspace() for a, b in spans)


KINDS = st.sampled_from(["heading", "paragraph", "list_item", "table_row", "caption"])


def build(blocks: list[tuple[str, str]]) -> Document:
    builder = DocumentBuilder(DocumentSettings())
    builder.start_page("page", "1")
    builder.add("paragraph", "Start.")
    for i, (kind, text) in enumerate(blocks):
        if i % 3 == 2:
            builder.start_page("page", str(builder.n_pages + 1))
        builder.add(kind, text, level=1 + i % 3)  # type: ignore[arg-type]
    return builder.finish(digest="0" * 64, name="x.txt", kind="text", title="", n_bytes=1)


@given(st.lists(st.tuples(KINDS, TEXTS), max_size=8))
@settings(max_examples=80, deadline=None)
def test_sentences_stay_inside_their_blocks(blocks: list[tuple[str, str]]) -> None:
    document = build(blocks)
    for n, sentence in enumerate(split_sentences(document)):
        block = document.blocks[sentence.block]
        assert sentence.index == n
        assert document.text[sentence.start : sentence.end] == sentence.text
        assert block.start <= sentence.start < sentence.end <= block.end
        assert sentence.kind == block.kind
        assert 1 <= sentence.page <= len(document.pages)


def test_a_sentence_knows_its_headings() -> None:
    document = build([("heading", "Rent"), ("heading", "Deposit"), ("paragraph", "It is EUR 50.")])
    assert split_sentences(document)[-1].headings == ("Rent", "Deposit")


@pytest.mark.parametrize(
    "unit", ["A sentence of words. ", "a. ", "1. ", ". ", ".", "x", "\n", " ", "(", "!\"", "Mr. ", "\n- a", ", ", "1."]
)  # fmt: skip
def test_a_hundred_thousand_characters_take_no_time(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    started = time.process_time()
    sentence_spans(text)
    assert time.process_time() - started < 8  # a quadratic splitter takes minutes

"""Search: the sentence that answers, with words alone and with meaning."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimlm.retrieval import search as module
from slimlm.retrieval.answerability import FEATURE_NAMES as ANSWERABILITY_NAMES
from slimlm.retrieval.answerability import answerability_features, judge, load_model
from slimlm.retrieval.features import FEATURE_NAMES, cosine, linear
from slimlm.retrieval.question import read_question
from slimlm.retrieval.search import SearchIndex, load_weights
from unit.thinking import LEASE, BagReader, document_of

QUESTIONS = {
    "How much is the rent per month?": "EUR 950.00",
    "What does a reminder cost when payment is late?": "EUR 25",
    "How much is the deposit?": "EUR 1,900",
    "When does the lease end?": "30 April 2027",
    "Are pets allowed in the house?": "Pets are not allowed",
    "What is the fee for the garage key?": "garage",
}


def index(text: str = LEASE, *, dense: bool = False) -> SearchIndex:
    return SearchIndex(document_of(text), BagReader() if dense else None)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_sentence_that_answers_is_first(question: str, dense: bool) -> None:
    found = index(dense=dense).search(read_question(question))
    assert QUESTIONS[question] in found[0].hit.sentence.text
    scores = [f.hit.score for f in found]
    assert scores == sorted(scores, reverse=True)


def test_the_limit_is_kept_and_nothing_relates() -> None:
    assert len(index().search(read_question("tenant landlord lease rent"), 2)) == 2
    assert index().search(read_question("volcano eruption")) == []


def test_weights_fit_the_features() -> None:
    weights = load_weights()
    assert len(weights.with_reader) == len(weights.without_reader) == len(FEATURE_NAMES)
    for name in ("with_reader", "without_reader"):
        model = load_model(name)
        assert len(model.weights) == len(ANSWERABILITY_NAMES)
        assert 0 < model.threshold < 1


def test_each_sentence_is_embedded_once() -> None:
    searched = index(dense=True)
    reader = searched.reader
    assert isinstance(reader, BagReader)
    assert searched.pending() == [s.index for s in searched.sentences]
    for question in QUESTIONS:
        searched.search(read_question(question))
    assert searched.pending() == []
    assert len(reader.texts) == len(searched.sentences) + len(QUESTIONS)


def test_a_long_document_embeds_only_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EAGER_SENTENCES", 5)
    monkeypatch.setattr(module, "LAZY_CANDIDATES", 3)
    searched = index(dense=True)
    assert searched.pending() == []
    found = searched.search(read_question("How much is the deposit?"))
    assert "EUR 1,900" in found[0].hit.sentence.text
    assert 0 < len(searched.vectors) <= 3


def test_known_vectors_are_used() -> None:
    first = index(dense=True)
    first.embed(first.pending())
    second = index()
    reader = BagReader()
    second.attach(reader, first.vectors)
    assert second.pending() == []
    assert reader.texts == []


@given(st.text(max_size=100), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_question_has_finite_scores_and_features(text: str, dense: bool) -> None:
    searched = index(dense=dense)
    found = searched.search(read_question(text), 5)
    for f in found:
        assert math.isfinite(f.hit.score)
        assert len(f.features.as_tuple()) == len(FEATURE_NAMES)
        assert all(-1.01 <= v <= 1.01 for v in f.features.as_tuple())
    verdict = judge(searched, read_question(text), found)
    assert 0 <= verdict.probability <= 1
    if found:
        assert all(math.isfinite(v) for v in answerability_features(searched, read_question(text), found).as_tuple())
    else:
        assert not verdict.answerable


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_there_is_answerable(question: str) -> None:
    searched = index()
    assert judge(searched, read_question(question), searched.search(read_question(question))).answerable


@pytest.mark.parametrize("question", ["Who is the president of France?", "Which volcano erupted?"])
def test_what_is_not_there_is_not(question: str) -> None:
    searched = index()
    assert not judge(searched, read_question(question), searched.search(read_question(question))).answerable


def test_a_figure_or_name_that_is_not_there_counts_against() -> None:
    searched = index()

    def probability(question: str) -> float:
        return judge(searched, read_question(question), searched.search(read_question(question))).probability

    assert probability("Is the rent EUR 777 per month?") < probability("Is the rent EUR 950 per month?")
    assert probability("Who is Ms Xylander, the landlord?") < probability("Who is Ms Dunn, the landlord?")


def test_the_reader_decides_among_the_best_and_reads_once() -> None:
    searched = index(dense=True)
    reader = searched.reader
    assert isinstance(reader, BagReader)
    question = read_question("How much is the deposit?")
    unread = searched.search(question, read=False)
    assert reader.questions == []
    assert all(f.read is None for f in unread)
    first = searched.search(question, 40)
    assert searched.search(question, 40) == first
    assert reader.questions == [question.text]
    assert [f.read is not None for f in first] == [True] * min(module.READ, len(first)) + [False] * max(
        len(first) - module.READ, 0
    )
    scores = [f.hit.score for f in first]
    assert scores == sorted(scores, reverse=True)


def test_a_passage_carries_what_it_needs() -> None:
    searched = index("""
# Rent
The rent is due monthly. It is paid in advance.
The tenant must:
- sweep the path
- feed the cat
""")
    passages = {s.text: searched.passage(s.index) for s in searched.sentences}
    assert passages["It is paid in advance."] == "Rent: The rent is due monthly. It is paid in advance."
    assert passages["feed the cat"] == "Rent: The tenant must: feed the cat"
    assert passages["The tenant must:"] == "Rent: The tenant must:"


def test_products() -> None:
    reader = BagReader()
    a, b = reader.embed(["rent deposit", "volcano"])
    assert cosine(a, a) == pytest.approx(1.0, abs=1e-5)
    assert -1 <= cosine(a, b) < 0.9
    assert linear((1.0, 2.0), (3.0, 4.0)) == 11.0

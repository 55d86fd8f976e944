"""What a question asks for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimlm.retrieval.question import read_question
from slimlm.retrieval.words import terms


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        ("money", "How much does the key cost?"), ("money", "Wie hoch ist die Miete?"), ("money", "いくらですか"),
        ("percent", "What percentage of staff left?"), ("duration", "How long is the notice period?"),
        ("duration", "Wie lange gilt der Vertrag?"), ("time", "At what time does it open?"), ("time", "Um wie viel Uhr?"),
        ("date", "When does the lease end?"), ("date", "Wann endet der Vertrag?"), ("date", "¿Cuándo termina?"),
        ("person", "Who signed the lease?"), ("person", "Wer hat unterschrieben?"), ("person", "誰が署名しましたか"),
        ("place", "Where is the valve?"), ("place", "¿Dónde está la válvula?"), ("number", "How many copies are there?"),
        ("reason", "Why did the pump fail?"), ("reason", "Warum fiel die Pumpe aus?"), (None, "Are pets allowed?"),
    ],
)  # fmt: skip
def test_the_kind_of_the_answer(kind: str | None, question: str) -> None:
    assert read_question(question).expects == kind


@pytest.mark.parametrize(
    "question",
    [
        "List all duties",
        "What are the conditions?",
        "Who are the parties?",
        "Which products were sold?",
        "列出所有条件",
    ],
)
def test_questions_about_all_of_something(question: str) -> None:
    assert read_question(question).scope == "all"


@pytest.mark.parametrize(
    "question", ["How much is the rent?", "When does the lease end?", "Where is the valve?", "Is smoking allowed?"]
)
def test_questions_about_one_thing(question: str) -> None:
    assert read_question(question).scope == "single"


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_question(text: str) -> None:
    question = read_question(text)
    assert set(question.terms) <= set(terms(text))
    assert question.text == " ".join(text.split())

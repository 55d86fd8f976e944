"""Prompts carry the text as it is, and replies are read without what models put around them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimlm.prompts.tasks import (
    parse_answer,
    parse_question,
    parse_summary,
    render_answer,
    render_page,
    render_question,
    render_summary,
)

LINE = st.text(max_size=80)


@given(st.lists(LINE, max_size=3), LINE)
def test_an_answer_prompt_holds_evidence_and_question_on_one_line_each(evidence: list[str], question: str) -> None:
    prompt = render_answer(evidence, question)
    assert prompt.user == prompt.document + prompt.task
    assert " ".join(question.split()) in prompt.user
    assert all(" ".join(e.split()) in prompt.user for e in evidence)
    assert prompt.stop == ("\n",)
    assert prompt.max_tokens > 0


@given(LINE)
def test_the_head_does_not_depend_on_the_document(text: str) -> None:
    assert render_answer([text], text).examples == render_answer([], "").examples
    assert render_summary([text]).examples == render_summary([]).examples
    assert render_question(text, "When").system == render_question("", "Why").system
    assert render_page(text, "Do it.", 5).document.startswith(text)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("Answer: at 9 am.", "At 9 am."),
        ('"At 9 am."', "At 9 am."),
        (" the answer is: 5\n days ", "5 days"),
        ("", ""),
        (" \n", ""),
    ],
)
def test_answers(reply: str, answer: str) -> None:
    assert parse_answer(reply) == answer


@pytest.mark.parametrize(
    ("opening", "reply", "question"),
    [
        ("When", " does it end?", "When does it end?"),
        ("When", " does it end?\nAnd more?", "When does it end?"),
        ("When", " it ends.", ""),
        ("When", "?", ""),
        ("What", " is" + " very" * 30 + "?", ""),
    ],
)
def test_questions(opening: str, reply: str, question: str) -> None:
    assert parse_question(opening, reply) == question


def test_summaries() -> None:
    read = parse_summary("- One is here. One is here. Two is there")
    assert read.sentences == ("One is here.", "Two is there")
    assert not read.complete
    assert parse_summary("It ends.").complete
    assert parse_summary("").sentences == ()


@given(st.text(max_size=200))
def test_any_reply_is_read(text: str) -> None:
    parse_answer(text)
    parse_question("What", text)
    assert all(s.strip() == s and s for s in parse_summary(text).sentences)

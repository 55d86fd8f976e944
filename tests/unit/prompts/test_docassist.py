"""The fine-tuned model's prompts: document first, and replies that are read back as they are written."""

from __future__ import annotations

from slimlm.prompts.docassist import (
    NO_ANSWER,
    parse_docassist_questions,
    render_docassist_answer,
    render_docassist_questions,
    render_docassist_summary,
    reply_questions,
    says_no_answer,
)


def test_all_tasks_share_the_document() -> None:
    prompts = [
        render_docassist_answer(" The text. ", "Who\n pays?"), render_docassist_summary("The text."),
        render_docassist_questions("The text."),
    ]  # fmt: skip
    assert {(p.system, p.document) for p in prompts} == {(prompts[0].system, "The text.\n\n")}
    assert len({p.task for p in prompts}) == 3
    assert prompts[0].task == "Question: Who pays?"


def test_questions_are_read_as_written() -> None:
    questions = ("Who pays?", "When is it due?", "How much is it?")
    assert parse_docassist_questions(reply_questions(questions)) == questions
    assert parse_docassist_questions("1. Who pays?\n2. Who pays?\nno question\n- 3. ") == ("Who pays?",)


def test_a_refusal_is_recognised() -> None:
    assert says_no_answer(NO_ANSWER)
    assert says_no_answer(" ")
    assert not says_no_answer("The tenant pays.")

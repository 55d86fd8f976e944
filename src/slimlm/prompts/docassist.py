"""The prompts of a model that was fine-tuned for documents (DocAssist): the text first, one short task after it.

What enters: a text (a whole page, or the few sentences that search found) and a task. What leaves: a ``Prompt``, and
the reading of its reply. A fine-tuned model needs no worked examples: the form itself says what is wanted, so a
prompt is half as long. Fine-tuning renders its examples with the same functions and writes the replies with
``reply_*``, which are the inverse of ``parse_*``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from slimlm.prompts.records import Prompt

SYSTEM = "You help with the document below and say only what it says."
SUMMARIZE = "Summarize the document."
SUGGEST = "Suggest three questions about the document."
# What a fine-tuned model replies when the text does not hold the answer.
NO_ANSWER = "The document does not say."

ANSWER_MAX_TOKENS = 64
SUMMARY_MAX_TOKENS = 120
SUGGEST_MAX_TOKENS = 120

_NUMBERED = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•])\s*")
_NO_ANSWER = re.compile(r"\bdocument does not (?:say|answer|mention|tell)\b", re.IGNORECASE)


def render_docassist_answer(text: str, question: str) -> Prompt:
    """A short answer to ``question`` from ``text``, or ``NO_ANSWER``."""
    return _prompt(text, f"Question: {_line(question)}", ANSWER_MAX_TOKENS, ("\n",))


def render_docassist_summary(text: str) -> Prompt:
    """One to three sentences that say what ``text`` says."""
    return _prompt(text, SUMMARIZE, SUMMARY_MAX_TOKENS, ("\n\n",))


def render_docassist_questions(text: str) -> Prompt:
    """Three questions that ``text`` answers, one a line."""
    return _prompt(text, SUGGEST, SUGGEST_MAX_TOKENS, ("\n\n",))


def reply_questions(questions: Sequence[str]) -> str:
    """The reply that ``parse_docassist_questions`` reads."""
    return "\n".join(f"{number}. {_line(question)}" for number, question in enumerate(questions, 1))


def parse_docassist_questions(reply: str) -> tuple[str, ...]:
    """The questions of a reply, in order, each once; what is no question is left out."""
    lines = (_NUMBERED.sub("", line).strip() for line in reply.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line.endswith(("?", "？", "؟"))))


def says_no_answer(reply: str) -> bool:
    """Whether a reply says that the text does not hold the answer."""
    return not reply.strip() or _NO_ANSWER.search(reply) is not None


def _prompt(text: str, task: str, max_tokens: int, stop: tuple[str, ...]) -> Prompt:
    return Prompt(system=SYSTEM, document=f"{text.strip()}\n\n", task=task, max_tokens=max_tokens, stop=stop)


def _line(text: str) -> str:
    return " ".join(text.split())

"""Every word that is sent to a model, and how its replies are read. Training renders through here too.

A 125M model follows examples better than instructions: with three short worked examples in front, SmolLM2-135M-Instruct
answers from the sentence it is given; with an instruction alone it mostly repeats or invents (docs/log.md). The examples
are the constant head of a prompt, so they are evaluated once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slimlm.prompts.records import Example, Prompt

ANSWER_MAX_TOKENS = 48
QUESTION_MAX_TOKENS = 28
SUMMARY_MAX_TOKENS = 90

_TEXTS = (
    "The library opens at 9 am on weekdays and closes at 6 pm; on Sundays it stays shut.",
    "The supplier replaces defective pumps free of charge within two years of delivery.",
    "Ms Carla Dunn chairs the committee, which has seven members.",
)
_QUESTIONS = ("When does the library open?", "Who pays for a broken pump?", "How many people sit on the committee?")
_ANSWERS = (
    "At 9 am on weekdays.",
    "The supplier replaces defective pumps free of charge.",
    "The committee has seven members.",
)

ANSWER_SYSTEM = "Answer each question in one short sentence with words copied from the text."
QUESTION_SYSTEM = "Write one short question that the text answers."
SUMMARY_SYSTEM = "Summarize each text in one or two sentences with words from the text."

_ANSWER_EXAMPLES = tuple(
    Example(f"{text}\n\n{question}", answer)
    for text, question, answer in zip(_TEXTS, _QUESTIONS, _ANSWERS, strict=True)
)
_QUESTION_EXAMPLES = tuple(Example(text, question) for text, question in zip(_TEXTS, _QUESTIONS, strict=True))
_SUMMARY_EXAMPLES = (
    Example(
        "The library opens at 9 am on weekdays and closes at 6 pm; on Sundays it stays shut. Members may borrow up to six "
        "items for three weeks. Late items cost 20 cents a day.",
        "The library is open on weekdays from 9 am to 6 pm. Members may borrow up to six items for three weeks.",
    ),
    Example(
        "The pump was delivered on 4 May and failed on 19 May. The supplier replaces defective pumps free of charge within "
        "two years of delivery. We ask for a new pump by 10 June.",
        "The pump delivered on 4 May failed on 19 May, and a new pump is asked for by 10 June.",
    ),
)


def render_answer(evidence: Sequence[str], question: str) -> Prompt:
    """A short answer to ``question`` from a few sentences of the document, the best one first."""
    text = " ".join(_flat(sentence) for sentence in evidence)
    return Prompt(
        system=ANSWER_SYSTEM,
        examples=_ANSWER_EXAMPLES,
        document="",
        task=f"{text}\n\n{_flat(question)}",
        max_tokens=ANSWER_MAX_TOKENS,
        stop=("\n",),
    )


def render_question(sentence: str, opening: str) -> Prompt:
    """A question that ``sentence`` answers, beginning with ``opening``.

    The question word is chosen by code from what the sentence holds (an amount: "How much"): left to itself, a 135M
    model asks "What is the plan?" of every sentence.
    """
    return Prompt(
        opening=opening,
        system=QUESTION_SYSTEM,
        examples=_QUESTION_EXAMPLES,
        document="",
        task=_flat(sentence),
        max_tokens=QUESTION_MAX_TOKENS,
        stop=("\n",),
    )


def render_summary(sentences: Sequence[str]) -> Prompt:
    """One or two sentences that say what the key ``sentences`` of a document say."""
    return Prompt(
        system=SUMMARY_SYSTEM,
        examples=_SUMMARY_EXAMPLES,
        document=" ".join(_flat(sentence) for sentence in sentences),
        task="",
        max_tokens=SUMMARY_MAX_TOKENS,
        stop=("\n\n",),
    )


def render_page(text: str, task: str, max_tokens: int) -> Prompt:
    """A whole page in front of a task: the form that is measured against a few sentences (benchmarks/context.py)."""
    return Prompt(
        system="You answer from the document and from nothing else.",
        document=f"{text}\n\n",
        task=task,
        max_tokens=max_tokens,
    )


def parse_answer(text: str) -> str:
    """The model's answer without what models like to put around it; "" when nothing is left."""
    cleaned = re.sub(r"^\s*(?:(?:short )?answer\s*:|the answer (?:to the question )?is\s*:)\s*", "", text, flags=re.I)
    cleaned = " ".join(cleaned.strip().strip('"“”').split())
    return cleaned[:1].upper() + cleaned[1:] if cleaned else ""


def parse_question(opening: str, text: str) -> str:
    """One question, or "" when the reply is none."""
    text = opening + text
    first = " ".join(text.strip().split("\n")[0].split()).strip('"“”')
    if not first.endswith(("?", "？", "؟")) or not 3 <= len(first.split()) <= 24:
        return ""
    return first[:1].upper() + first[1:]


@dataclass(frozen=True, slots=True)
class ModelText:
    """Generated text as sentences; ``complete`` is False where the model was cut off in the last one."""

    sentences: tuple[str, ...]
    complete: bool


def parse_summary(text: str) -> ModelText:
    """Sentences of a generated summary without repetitions; an unfinished last sentence is dropped by the caller."""
    flat = " ".join(text.replace("- ", " ").split())
    pieces = [p.strip() for p in re.split(r"(?<=[.!?。！？])\s+", flat) if p.strip()]
    unique = list(dict.fromkeys(pieces))
    complete = not pieces or pieces[-1][-1] in '.!?。！？"”'
    return ModelText(tuple(unique), complete)


def _flat(text: str) -> str:
    return " ".join(text.split())

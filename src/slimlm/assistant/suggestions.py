"""Document -> questions worth asking, each of which is known to have a supported answer before it is shown."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence

from slimlm.assistant.answers import SEARCH_LIMIT
from slimlm.assistant.opened import Opened, check_cancel, cite_sentence, section_sentences, speaks
from slimlm.assistant.records import Done, Event, Progress, Suggested, Suggestion
from slimlm.engine.protocol import Engine, generate
from slimlm.prompts.tasks import parse_question, render_question
from slimlm.retrieval.answer_types import AnswerType, has_type
from slimlm.retrieval.answerability import judge
from slimlm.retrieval.question import ask_about, bare_title, read_question
from slimlm.retrieval.records import Sentence
from slimlm.retrieval.salience import key_sentences
from slimlm.retrieval.words import terms

# Questions a small model makes of nothing: about a bare figure, or of the form "What about ...", "What's a ...".
_EMPTY = re.compile(r"\d|^what about\b|^what(?:'s| is) (?:an?|the (?:text|document))\b", re.IGNORECASE)
# Sentences that the model may ask about: the best first, more only where too few of their questions verify.
CANDIDATES, MORE_CANDIDATES = 8, 14
MIN_COVERAGE = 0.6  # share of a question's terms that must stand at its source: the rest would be invented
MAX_OVERLAP = 0.6  # two suggestions may share this much of the shorter one's terms
_OPENINGS: tuple[tuple[AnswerType, str], ...] = (
    ("money", "How much"), ("percent", "What percentage"), ("duration", "How long"), ("time", "At what time"),
    ("date", "When"), ("reason", "Why"),
)  # fmt: skip


def suggest(
    opened: Opened, count: int, engine: Engine | None, cancel: threading.Event | None = None
) -> Iterator[Event]:
    """Stream verified questions; the last event is ``Done`` with all of them, at most ``count``."""
    yield Progress("reading")
    chosen: list[Suggestion] = []
    if engine is not None and speaks(engine, opened.language):
        for sentence in _telling(opened):
            if len(chosen) == count:
                break
            check_cancel(cancel)
            yield Progress("writing", len(chosen), count)
            opening = _opening(sentence.text)
            reply = generate(engine, render_question(sentence.text, opening), cancel=cancel)
            text = parse_question(opening, reply)
            suggestion = _verified(opened, text, sentence, chosen, cancel) if text else None
            if suggestion is not None:
                chosen.append(suggestion)
                yield Suggested(suggestion)
    for text, sentence in _about_sections(opened):
        if len(chosen) == count:
            break
        check_cancel(cancel)
        if all(other.citation.start != sentence.start for other in chosen):
            chosen.append(Suggestion(text, cite_sentence(opened, sentence)))  # answered by the section it names
            yield Suggested(chosen[-1])
    yield Done(tuple(chosen))


def _telling(opened: Opened) -> Iterator[Sentence]:
    """Sentences worth a question, those with figures and dates first: they make the most useful ones."""

    def key(sentence: Sentence) -> bool:
        return not any(c.isdigit() for c in sentence.text)

    best = [k.sentence for k in key_sentences(opened.index.terms, CANDIDATES)]
    yield from sorted(best, key=key)
    more = [k.sentence for k in key_sentences(opened.index.terms, MORE_CANDIDATES) if k.sentence not in best]
    yield from sorted(more, key=key)


def _opening(text: str) -> str:
    """The question word for what the sentence states."""
    return next((word for kind, word in _OPENINGS if has_type(text, kind)), "What")


def _verified(
    opened: Opened, text: str, source: Sentence, chosen: Sequence[Suggestion], cancel: threading.Event | None
) -> Suggestion | None:
    """The suggestion when search leads from the question back to where it came from, and finds it answerable."""
    asked = set(terms(text))
    if (
        not asked
        or _EMPTY.search(text)
        or any(_overlap(asked, set(terms(other.question))) > MAX_OVERLAP for other in chosen)
    ):
        return None
    question = read_question(text)
    for read in (False, True):  # the quick look throws most bad ones out; the full one is what asking it will do
        found = opened.index.search(question, SEARCH_LIMIT, read=read, cancel=cancel)
        if not found or found[0].features.coverage_around < MIN_COVERAGE:
            return None
        hit = found[0].hit.sentence
        if hit.index != source.index or (read and not judge(opened.index, question, found).answerable):
            return None
    if any((other.citation.start, other.citation.end) == (hit.start, hit.end) for other in chosen):
        return None
    return Suggestion(text, cite_sentence(opened, hit))


def _about_sections(opened: Opened) -> Iterator[tuple[str, Sentence]]:
    for section in opened.document.sections:
        title = bare_title(section.title)
        keys = key_sentences(opened.index.terms, 1, section_sentences(opened, section))
        if keys and 3 <= len(title) <= 80:
            yield ask_about(title, opened.language), keys[0].sentence
    title = bare_title(opened.document.title)
    named = opened.document.title != opened.document.name and 3 <= len(title) <= 80
    if named and not opened.document.sections:  # a letter, say: what is it about?
        for key in key_sentences(opened.index.terms, 1):
            yield ask_about(title, opened.language), key.sentence


def _overlap(a: set[str], b: set[str]) -> float:
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0

"""Suggested questions are known to have an answer, differ from each other, and are no more than wanted."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from slimlm.assistant.answers import answer_question
from slimlm.assistant.opened import open_index
from slimlm.assistant.records import Suggested, Suggestion
from slimlm.assistant.suggestions import suggest
from slimlm.errors import CancelledError
from slimlm.prompts.records import Prompt
from slimlm.retrieval.search import SearchIndex
from unit.thinking import answer_of, document_of, exact, opened, result_of, saying


def copying(prompt: Prompt) -> str:
    """Asks with the words of the sentence, as a small model does at its best."""
    return " is meant by " + " ".join(prompt.task.split()[:8]).rstrip(".,;") + "?"


def listed(reply: object, count: int = 3) -> tuple[Suggestion, ...]:
    engine = None if reply is None else saying(reply)  # type: ignore[arg-type]
    result = result_of(suggest(opened(), count, engine))
    assert isinstance(result, tuple)
    return result


@pytest.mark.parametrize("reply", [None, copying, " is the capital of France?", "", "no question", "the the the?"])
@pytest.mark.parametrize("count", [0, 1, 3, 8])
def test_every_suggestion_has_an_answer_at_its_source(reply: object, count: int) -> None:
    lease = opened()
    found = listed(reply, count)
    assert len(found) <= count
    assert len({s.question for s in found}) == len(found)
    for suggestion in found:
        assert exact(lease.document, suggestion.citation)
        assert suggestion.question.rstrip().endswith("?")
        assert "France" not in suggestion.question
        answer = answer_of(answer_question([lease], suggestion.question, None))
        assert answer.status == "answered"


def test_suggestions_come_from_different_places() -> None:
    places = {(s.citation.start, s.citation.end) for s in listed(None, 5)}
    assert len(places) == len(listed(None, 5))


def test_events_are_the_result() -> None:
    events = list(suggest(opened(), 3, saying(copying)))
    assert tuple(e.suggestion for e in events if isinstance(e, Suggested)) == listed(copying)


def test_a_language_that_the_model_does_not_speak() -> None:
    text = (
        "# Mietvertrag\n## Miete\nDie Miete beträgt 950 Euro im Monat und ist am dritten Werktag eines Monats zu zahlen.\n"
        "## Kaution\nDer Mieter zahlt vor dem Einzug eine Kaution von 1900 Euro auf das Konto der Vermieterin.\n"
        "## Haustiere\nHaustiere sind in der Wohnung ohne Erlaubnis der Vermieterin nicht gestattet, außer Fische."
    )
    engine = saying(" is the capital of France?")
    result = result_of(suggest(opened(text, "miete.md"), 3, engine))
    assert isinstance(result, tuple)
    assert engine.prompts == []
    assert all(s.question.startswith("Was steht im Dokument zu") for s in result)


def test_cancelled() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(CancelledError):
        list(suggest(opened(), 3, saying(copying), stop))


def test_a_document_without_sections_is_asked_about_by_its_title() -> None:
    letter = document_of("The roof was damaged on 24 January. We will pay 4,555 pounds.", "letter.txt")
    titled = replace(letter, title="Your claim for the roof")
    some = open_index(titled, SearchIndex(titled))
    (suggestion,) = result_of(suggest(some, 3, None))  # type: ignore[misc]
    assert suggestion.question == "What does the document say about “Your claim for the roof”?"
    answer = answer_of(answer_question([some], suggestion.question, None))
    assert answer.status == "answered"
    assert any(c.start <= suggestion.citation.start < c.end for c in answer.citations)
    nameless = open_index(letter, SearchIndex(letter))
    assert result_of(suggest(nameless, 3, None)) == ()  # a file's name is no subject

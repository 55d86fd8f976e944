"""A conversation about documents: "it", "that clause" and "and for the landlord?" are resolved before searching."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence

from slimlm.assistant.records import Answer, Citation, Done, Event, Turn
from slimlm.retrieval.vocabulary import STOP_WORDS
from slimlm.retrieval.words import fold, terms, words

# A request: documents, the resolved text, the cancel flag, and the passage the conversation is about.
Request = Callable[[str, threading.Event | None, Citation | None], Iterator[Event]]

_REFERS = re.compile(
    r"\b(?:it|its|that|this|those|these|they|them|their|he|she|him|his|her|there|then|such|the same|the latter|the former)\b"
    r"|^(?:and|but|or|what about|how about|why|why not|how so|since when|until when|who else|what else|anything else)\b\W*(?:\w+\W*){0,6}$"
    r"|^(?:where|when|who|how much|how long|by whom|until when)\b\W*\w*\W*$"
    r"|\b(?:er|sie|es|das|dies\w*|dessen|deren|dort|il|elle|ce(?:la|ci)?|ça|leur|esto|eso|ella|ello|su)\b|^(?:und|et|y)\b"
    r"|それ|これ|その|この|那|这|它|그것|이것|ذلك|هذا|هذه",
    re.IGNORECASE,
)


class Chat:
    """Keeps its turns in memory only."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._turns: list[Turn] = []

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(self._turns)

    def send(self, text: str, cancel: threading.Event | None = None) -> Iterator[Event]:
        """Stream the reply. A turn that was cancelled is not kept."""
        resolved, near = self.resolve(text)
        for event in self._request(resolved, cancel, near):
            if isinstance(event, Done):
                self._turns.append(Turn(text, resolved, event.result))
            yield event

    def resolve(self, text: str) -> tuple[str, Citation | None]:
        """The question with what it leaves out, and the passage it goes on from; unchanged when it stands alone."""
        last = next((turn for turn in reversed(self._turns) if isinstance(turn.answer, Answer)), None)
        if last is None or not isinstance(last.answer, Answer) or not refers_back(text):
            return text, None
        near = last.answer.citations[0] if last.answer.citations else None
        missing = _topic(last, known=set(terms(text)))
        bare = text.rstrip().rstrip("?？؟").rstrip()
        return (f"{bare} ({' '.join(missing)})?" if missing else text), near


def refers_back(text: str) -> bool:
    """A question that leans on the one before: a pronoun, a bare continuation, or hardly any content of its own."""
    return _REFERS.search(text.strip()) is not None or len(set(terms(text))) <= 1


def _topic(turn: Turn, known: set[str], limit: int = 5) -> list[str]:
    """Content words of the last question that the new one lacks: what "it" stands for."""
    found: list[str] = []
    for word in words(turn.resolved):
        if fold(word.text) in STOP_WORDS or set(word.terms) & known or word.text in found:
            continue
        found.append(word.text)
    return found[:limit]


def last_result(events: Sequence[Event] | Iterator[Event]) -> object:
    """The result of a stream of events, for callers that do not show it as it comes."""
    result: object = None
    for event in events:
        if isinstance(event, Done):
            result = event.result
    return result

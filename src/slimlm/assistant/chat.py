"""A conversation about documents: "it", "that clause" and "and for the landlord?" are resolved before searching."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence

from slimlm.assistant.records import Answer, Citation, Done, Event, Turn
from slimlm.prompts.intent import classify_intent
from slimlm.retrieval.vocabulary import STOP_WORDS
from slimlm.retrieval.words import fold, terms, words

# A request: documents, the resolved text, the cancel flag, and the passage the conversation is about.
Request = Callable[[str, threading.Event | None, Citation | None], Iterator[Event]]

_THIS_DOCUMENT = r"(?:document|documents|file|text|paper|letter|contract|report|page|pdf|article)\b"
_REFERS = re.compile(
    rf"\b(?:it(?! (?:takes?|costs?|possible|allowed|permitted|true|necessary|safe|legal)\b \w)|they|them|he|she|him|then|such|the same|the latter|the former|(?:this|these|those)(?! {_THIS_DOCUMENT}))\b"
    # "that" points back after a verb or preposition and at the end; after a noun it begins a clause of its own
    r"|(?:^|\b(?:is|was|does|did|do|will|can|of|about|for|with|to|after|before|by|in|on|under|and|mean|than)) that\b|\bthat\W*$"
    r"|(?<!is )(?<!are )(?<!was )(?<!were )\bthere\b"
    r"|^(?:and|but|or|what about|how about)\b\W*(?:\w+\W*){0,6}$"
    r"|^(?:why|why not|how so|since when|until when|who else|what else|anything else|tell me more|more details)\b\W*(?:\w+\W*){0,2}$"
    r"|^(?:where|when|who|how much|how long|by whom|until when)\b\W*\w*\W*$"
    r"|\b(?:er|sie|es|dessen|deren|dort|elle|ce(?:la|ci)|ça|esto|eso|ella|ello)\b|(?<!-)\bil\b|^(?:und|et|y)\b|^¿y\b"
    # German articles stand before a noun, which is capitalized
    r"|\b(?:das|dies\w*)\b(?-i:(?! [A-ZÄÖÜ]))"
    r"|それ|これ|その|この(?!文書|書類|契約|資料)|那|这(?!份|个文件|篇)|它|그것|이것|ذلك|هذا|هذه",
    re.IGNORECASE,
)
MIN_NAMED = 2  # content words before a pronoun from which on it stands for one of them
_OWNER = re.compile(r"\b(?:its|their|his|her|leur|su)\b", re.IGNORECASE)
# Behind one of these, a pronoun mostly stands for something that the question itself has named.
_JOINT = re.compile(r"\b(?:and|when|if|before|after|because|while|once|und|wenn|et|quand|si|y|cuando)\b", re.IGNORECASE)


class Chat:
    """Keeps its turns in memory only."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._turns: list[Turn] = []

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(self._turns)

    def send(self, text: str, cancel: threading.Event | None = None, *, standalone: bool = False) -> Iterator[Event]:
        """Stream the reply. A turn that was cancelled is not kept. ``standalone``: nothing is filled in."""
        resolved, near = (text, None) if standalone else self.resolve(text)
        for event in self._request(resolved, cancel, near):
            if isinstance(event, Done):
                self._turns.append(Turn(text, resolved, event.result))
            yield event

    def resolve(self, text: str) -> tuple[str, Citation | None]:
        """The question with what it leaves out, and the passage it goes on from; unchanged when it stands alone."""
        last = next((turn for turn in reversed(self._turns) if isinstance(turn.answer, Answer)), None)
        if last is None or not isinstance(last.answer, Answer) or not refers_back(text):
            return text, None
        if classify_intent(text) != "ask":
            return text, None  # a summary is of the document, whatever was said before
        near = last.answer.citations[0] if last.answer.citations else None
        missing = _topic(last, known=set(terms(text)))
        bare = text.rstrip().rstrip("?？؟").rstrip()
        return (f"{bare} ({' '.join(missing)})?" if missing else text), near


def refers_back(text: str) -> bool:
    """A question that leans on the one before: a pronoun, a bare continuation, or hardly any content of its own."""
    bare = text.strip()
    if len(set(terms(bare))) <= 1:
        return True
    own = _OWNER.search(bare)
    if own is not None and len(terms(bare[: own.start()])) < MIN_NAMED:
        return True
    found = _REFERS.search(bare)
    if found is None:
        return False
    joint = next((m for m in _JOINT.finditer(bare) if 0 < m.start() <= found.start()), None)
    return joint is None or len(terms(bare[: joint.start()])) < MIN_NAMED


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

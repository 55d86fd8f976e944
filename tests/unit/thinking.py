"""Small documents, a bag-of-words reader and lying models, for the tests of the thinking rooms."""

from __future__ import annotations

import hashlib
import math
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence

from slimlm.assistant.opened import Opened, open_index
from slimlm.assistant.records import Answer, Citation, Done, Event, Summary
from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.records import Document
from slimlm.engine.scripted import ScriptedEngine
from slimlm.prompts.records import Prompt
from slimlm.retrieval.search import SearchIndex
from slimlm.retrieval.words import terms
from slimlm.settings import DocumentSettings

LEASE = """
# Lease of the house at 4 Mill Lane
The lease between Ms Carla Dunn (the landlord) and Mr Peter Weir (the tenant) begins on 1 May 2024 and ends on 30 April 2027.
## 1 Rent
The rent is EUR 950.00 per month, payable in advance on the third working day of each month to the account of the landlord.
If payment is more than seven days late, the landlord may charge EUR 25 for each reminder that she has to send to the tenant.
## 2 Deposit
The tenant pays a deposit of EUR 1,900 before moving in; the landlord returns it within two months after the end of the lease.
## 3 Duties of the tenant
The tenant must:
- keep the garden and the paths in good order
- clean the gutters of the house every autumn
- report any damage to the landlord at once
## 4 Pets
Pets are not allowed in the house, except fish in a tank of no more than 100 litres that stands on the ground floor.
## 5 Keys
| Key: front door; Copies: 3; Fee: EUR 40
| Key: garage; Copies: 2; Fee: EUR 15
| Key: cellar; Copies: 1; Fee: EUR 10
"""  # noqa: E501


def document_of(text: str, name: str = "lease.md") -> Document:
    """A document from lines: "#" headings, "-" list items, "|" table rows, "~" a new page; others are paragraphs."""
    builder = DocumentBuilder(DocumentSettings())
    builder.start_page("page", "1")
    for line in text.strip().splitlines():
        mark, _, rest = line.partition(" ")
        if mark and set(mark) == {"#"}:
            builder.add("heading", rest, level=len(mark))
        elif mark == "-":
            builder.add("list_item", rest)
        elif mark == "|":
            builder.add("table_row", rest)
        elif mark == "~":
            builder.start_page("page", str(builder.n_pages + 1))
        else:
            builder.add("paragraph", line)
    digest = hashlib.sha256((name + text).encode("utf-8", "replace")).hexdigest()
    return builder.finish(digest=digest, name=name, kind="markdown", title="", n_bytes=len(text))


def opened(text: str = LEASE, name: str = "lease.md", *, dense: bool = False) -> Opened:
    document = document_of(text, name)
    return open_index(document, SearchIndex(document, BagReader() if dense else None))


class BagReader:
    """Texts that share terms are near: a hashed bag of words, of unit length."""

    width = 64

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.questions: list[str] = []
        self.closed = 0

    @property
    def name(self) -> str:
        return "bag-64"

    @property
    def languages(self) -> tuple[str, ...]:
        return ("en",)

    def embed(self, texts: Sequence[str], role: str = "passage", cancel: object = None) -> list[array[float]]:
        self.texts += texts
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> array[float]:
        values = [0.0] * self.width
        for term in terms(text) or ["?"]:
            values[zlib.crc32(term.encode("utf-8", "replace")) % self.width] += 1.0
        norm = math.sqrt(sum(v * v for v in values))
        return array("f", [v / norm for v in values])

    def read(self, question: str, passages: Sequence[str], cancel: object = None) -> list[float]:
        """Passages that hold most of the question's terms answer it."""
        asked = set(terms(question)) or {"?"}
        self.questions.append(question)
        return [8.0 * len(asked & set(terms(passage))) / len(asked) - 3.0 for passage in passages]

    def close(self) -> None:
        self.closed += 1


def saying(reply: str | Callable[[Prompt], str]) -> ScriptedEngine:
    """An engine that says this, whatever it is asked."""
    return ScriptedEngine(reply if callable(reply) else lambda _: reply)


def result_of(events: Iterator[Event]) -> object:
    listed = list(events)
    assert isinstance(listed[-1], Done)
    assert not any(isinstance(event, Done) for event in listed[:-1])
    return listed[-1].result


def answer_of(events: Iterator[Event]) -> Answer:
    result = result_of(events)
    assert isinstance(result, Answer)
    return result


def summary_of(events: Iterator[Event]) -> Summary:
    result = result_of(events)
    assert isinstance(result, Summary)
    return result


def exact(document: Document, citation: Citation) -> bool:
    return bool(citation.quote) and document.text[citation.start : citation.end] == citation.quote

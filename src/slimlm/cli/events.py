"""A stream of the assistant's events -> the screen, as they come; or -> JSON.

What enters: events. What leaves: the result of the last one. Progress goes to the status line, claims to the output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from slimlm.assistant.records import (
    Answer,
    Claim,
    Delta,
    Done,
    Event,
    Evidence,
    Progress,
    Suggested,
    Suggestion,
    Summary,
)
from slimlm.cli import render, schema
from slimlm.cli.lines import BLANK, line
from slimlm.cli.output import Output
from slimlm.documents.records import Document

Result = Answer | Summary | tuple[Suggestion, ...]
# answer: each claim above its quotes. paragraph: running text with page marks. points: a list, by section.
Layout = Literal["answer", "paragraph", "points"]

NO_MODEL = "No model is installed"  # how the assistant's note on that begins; said once is enough

_STAGES = {
    "reading": "Reading",
    "indexing": "Indexing for meaning",
    "finding": "Finding",
    "writing": "Writing",
    "checking": "Checking against the document",
}


class Screen:
    """Shows one stream. ``said`` holds the notes that were shown before, so that none is repeated."""

    def __init__(
        self, output: Output, layout: Layout, documents: Sequence[Document], said: set[str], quotes: bool = False,
        first_number: int = 1,
    ) -> None:  # fmt: skip
        self._output = output
        self._layout = layout
        self._documents = documents
        self._said = said
        self._quotes = quotes
        self._claims = 0
        self._suggestions = 0
        self._section = ""
        self._first_number = first_number

    def show(self, events: Iterator[Event]) -> Result:
        """Raises what the stream raises (``CancelledError``...); what was shown until then stays."""
        for event in events:
            match event:
                case Progress():
                    self._output.status(_STAGES[event.stage], event.done, event.total)
                case Evidence():
                    self._output.status("Writing")
                case Delta():
                    self._claim(event.claim, event.section)
                case Suggested():
                    self._suggestion(event.suggestion)
                case Done():
                    self._output.status("")
                    self._rest(event.result)
                    return event.result
        raise AssertionError("a stream ends with Done")

    def _claim(self, claim: Claim, section: str) -> None:
        output = self._output
        if self._layout == "answer":
            output.show(render.claim_with_quotes(claim))
        elif self._layout == "paragraph":
            output.flow(render.claim_in_flow(claim))
        else:
            if section != self._section:
                output.show([*([BLANK] if self._claims else []), line(section, "heading")])
                self._section = section
            output.show([render.claim_as_point(claim)])
            if self._quotes and not render.says_itself(claim):
                output.show([render.quote(citation, indent=4) for citation in claim.citations])
        self._claims += 1

    def _suggestion(self, suggestion: Suggestion) -> None:
        self._output.show([render.suggestion(suggestion, self._first_number + self._suggestions)])
        self._suggestions += 1

    def _rest(self, result: Result) -> None:
        """What the events have not shown: kept results come at once, without them."""
        output = self._output
        if isinstance(result, tuple):
            for suggestion in result[self._suggestions :]:
                self._suggestion(suggestion)
            if not result:
                output.show([line("No question comes to mind: the document may be too short.", "dim")])
            return
        if isinstance(result, Summary):
            if self._layout == "answer":
                self._layout = "points" if result.style in ("points", "sections") else "paragraph"
            if not self._claims:
                for part in result.parts:
                    for point in part.points:
                        self._claim(point, part.title)
            output.end_flow()
            if self._quotes and self._layout == "paragraph":
                output.show(render.summary_quotes(result))
            output.show([render.coverage(result.coverage, self._document(result))])
        elif result.status == "not_found":
            output.show(render.not_found(result, len(self._documents)))
        elif not self._claims:
            for claim in result.claims:
                self._claim(claim, "")
        about_model = NO_MODEL if result.note.startswith(NO_MODEL) else result.note
        if result.note and about_model not in self._said:
            self._said.add(about_model)
            output.note(result.note)

    def _document(self, summary: Summary) -> Document:
        return next(d for d in self._documents if d.id == summary.document_id)


def stream_json(output: Output, events: Iterator[Event], extra: dict[str, object]) -> None:
    """One object per event; ``extra`` goes into the last."""
    for event in events:
        value = schema.event(event)
        output.data({**value, **extra} if isinstance(event, Done) else value)


def last(events: Iterator[Event]) -> Result:
    """The result alone."""
    for event in events:
        if isinstance(event, Done):
            return event.result
    raise AssertionError("a stream ends with Done")

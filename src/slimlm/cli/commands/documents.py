"""open, outline, summarize, suggest, ask, chat, search: one document or several, one call of the assistant each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slimlm.assistant.records import SUMMARY_STYLES, SummaryStyle
from slimlm.cli import events, render, schema
from slimlm.cli.app import App
from slimlm.cli.inputs import Input, open_inputs
from slimlm.cli.interrupt import stoppable
from slimlm.cli.lines import BLANK, line
from slimlm.cli.model_offer import ensure_model
from slimlm.cli.options import Command, fetch_option, stream_option, with_app
from slimlm.documents.records import Document
from slimlm.errors import UsageError

if TYPE_CHECKING:
    import threading

    from slimlm.assistant.assistant import Assistant

MAX_SUGGESTIONS = 20
MAX_RESULTS = 100

files_argument = click.argument("files", nargs=-1, required=True, metavar="FILE...")


@dataclass(frozen=True, slots=True)
class _Opened:
    assistant: Assistant
    inputs: tuple[Input, ...]
    cancel: threading.Event

    @property
    def documents(self) -> tuple[Document, ...]:
        return tuple(item.document for item in self.inputs)

    def as_json(self) -> dict[str, object]:
        return {"documents": [schema.document(item.document, item.opened_from) for item in self.inputs]}


@contextmanager
def _opened(app: App, files: tuple[str, ...], model: bool, reads: bool = True) -> Iterator[_Opened]:
    """The documents, read; ``model``: the command is better with models, so offer them; ``reads``: also to find."""
    with app.assistant() as assistant, stoppable() as cancel:
        inputs = open_inputs(app, assistant, files, cancel)
        if model:
            ensure_model(app, reads)
        yield _Opened(assistant, inputs, cancel)


def _titled(app: App, opened: _Opened, document: Document, first: bool) -> None:
    """With several documents each part says whose it is."""
    if len(opened.inputs) > 1:
        app.output.show([*([] if first else [BLANK]), line(document.name, "title")])


@click.command("open", cls=Command)
@files_argument
@fetch_option
@with_app
def open_(app: App, files: tuple[str, ...]) -> None:
    """Open documents and talk about them. The same as `slimlm FILE...`.

    Shows the outline at once, then a summary and three questions you could ask. Type a question's number, your own
    question, or :help.
    """
    from slimlm.cli.session import Session  # noqa: PLC0415

    with app.assistant() as assistant:
        with stoppable() as cancel:
            inputs = open_inputs(app, assistant, files, cancel)
        session = Session(app, assistant, inputs, stdin_used="-" in files)
        if app.flags.as_json:
            session.report()
        else:
            session.run()


@click.command(cls=Command)
@files_argument
@with_app
def outline(app: App, files: tuple[str, ...]) -> None:
    """Show title, contents and key sentences. Needs no model."""
    with _opened(app, files, model=False) as opened:
        outlines = []
        for number, document in enumerate(opened.documents):
            value = opened.assistant.outline(document)
            outlines.append(schema.outline(value))
            if not app.flags.as_json:
                app.output.show([*([BLANK] if number else []), *render.outline(value, document)])
        if app.flags.as_json:
            app.output.data({**opened.as_json(), "outlines": outlines})


@click.command(cls=Command)
@files_argument
@click.option(
    "--style", type=click.Choice(SUMMARY_STYLES), default="paragraph", show_default=True,
    help="One line, a paragraph, the key points, or points by section.",
)  # fmt: skip
@click.option("--quotes", is_flag=True, help="Show the words of the document that each point rests on.")
@stream_option
@fetch_option
@with_app
def summarize(app: App, files: tuple[str, ...], style: SummaryStyle, quotes: bool) -> None:
    """Summarize documents; every point says where it stands."""
    by_model = style in ("line", "paragraph")  # the others are the document's own sentences
    layout: events.Layout = "paragraph" if by_model else "points"
    with _opened(app, files, model=by_model, reads=False) as opened:
        results = []
        for number, document in enumerate(opened.documents):
            stream = opened.assistant.summarize(document, style, opened.cancel)
            if app.flags.stream:
                events.stream_json(app.output, stream, {"document_id": document.id})
            elif app.flags.as_json:
                results.append(schema.result(events.last(stream))["summary"])
            else:
                _titled(app, opened, document, number == 0)
                events.Screen(app.output, layout, (document,), app.said, quotes).show(stream)
        if app.flags.as_json and not app.flags.stream:
            app.output.data({**opened.as_json(), "summaries": results})


@click.command(cls=Command)
@files_argument
@click.option(
    "--count", type=click.IntRange(1, MAX_SUGGESTIONS), default=3, show_default=True, help="How many per document."
)
@stream_option
@fetch_option
@with_app
def suggest(app: App, files: tuple[str, ...], count: int) -> None:
    """Suggest questions that the document answers."""
    with _opened(app, files, model=True) as opened:
        results = []
        for number, document in enumerate(opened.documents):
            stream = opened.assistant.suggest(document, count, opened.cancel)
            if app.flags.stream:
                events.stream_json(app.output, stream, {"document_id": document.id})
            elif app.flags.as_json:
                results += schema.result(events.last(stream))["suggestions"]
            else:
                _titled(app, opened, document, number == 0)
                events.Screen(app.output, "answer", (document,), app.said).show(stream)
        if app.flags.as_json and not app.flags.stream:
            app.output.data({**opened.as_json(), "suggestions": results})


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, metavar='FILE... "QUESTION"')
@stream_option
@fetch_option
@with_app
def ask(app: App, files: tuple[str, ...]) -> None:
    """Answer one question, with the sentences that say so.

    The last argument is the question: slimlm ask contract.pdf "When can I cancel?"
    """
    *names, question = files
    if not names:
        if Path(question).exists():
            raise UsageError(f"There is no question about {question}.", 'Ask it last: slimlm ask FILE "QUESTION".')
        raise UsageError("There is no document to ask.", 'Name it first: slimlm ask FILE "QUESTION".')
    if not question.strip():
        raise UsageError("The question is empty.", 'Write it in quotes: slimlm ask FILE "QUESTION".')
    with _opened(app, tuple(names), model=True) as opened:
        stream = opened.assistant.ask(opened.documents, question, opened.cancel)
        if app.flags.stream:
            events.stream_json(app.output, stream, opened.as_json())
        elif app.flags.as_json:
            app.output.data({**opened.as_json(), **schema.result(events.last(stream))})
        else:
            events.Screen(app.output, "answer", opened.documents, app.said).show(stream)


@click.command(cls=Command)
@files_argument
@stream_option
@fetch_option
@with_app
def chat(app: App, files: tuple[str, ...]) -> None:
    """Ask one question after the other.

    Follow-ups like "and for the tenant?" are understood.

    Reads one question per line, from the terminal or from a pipe. With --json: one object per answer.
    """
    from slimlm.cli.session import Session  # noqa: PLC0415

    with app.assistant() as assistant:
        with stoppable() as cancel:
            inputs = open_inputs(app, assistant, files, cancel)
        Session(app, assistant, inputs, stdin_used="-" in files).chat()


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, metavar='FILE... "WORDS"')
@click.option("--limit", type=click.IntRange(1, MAX_RESULTS), default=5, show_default=True, help="How many passages.")
@with_app
def search(app: App, files: tuple[str, ...], limit: int) -> None:
    """Find the passages nearest to some words. Needs no model.

    The last argument is what to look for: slimlm search contract.pdf "notice period"
    """
    *names, query = files
    if not names or not query.strip():
        raise UsageError(
            "Name the documents and what to look for.", 'For example: slimlm search contract.pdf "notice period".'
        )
    with _opened(app, tuple(names), model=False) as opened:
        found = opened.assistant.search(opened.documents, query, limit)
        if app.flags.as_json:
            app.output.data({**opened.as_json(), "query": query, "results": [schema.citation(c) for c in found]})
        else:
            app.output.show(render.results(found))

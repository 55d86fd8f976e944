"""A conversation on the terminal: what the document is, what it says, what could be asked; then question by question.

What enters: open documents and lines that a person types (or a pipe sends). What leaves: shown answers. The
conversation is kept in memory only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from slimlm.assistant.chat import Chat
from slimlm.assistant.records import SUMMARY_STYLES, Citation, Event, Suggestion, SummaryStyle
from slimlm.cli import events, render, schema
from slimlm.cli.app import App
from slimlm.cli.inputs import Input, open_inputs
from slimlm.cli.interrupt import stoppable
from slimlm.cli.lines import BLANK, Line, line, table
from slimlm.cli.model_offer import ensure_model, is_installed
from slimlm.cli.safe_text import safe_lines
from slimlm.errors import CancelledError, SlimLMError, UsageError
from slimlm.prompts.intent import classify_intent

if TYPE_CHECKING:
    import threading

    from slimlm.assistant.assistant import Assistant

PROMPT = "› "
FIRST_HEADINGS = 10  # of a long table of contents, when the document is opened
SUGGESTIONS = 3
LEAVE_HINT = "Ctrl-C again leaves, and so does :quit."

_HELP: list[tuple[str, ...]] = [
    ("3", "ask the suggested question number 3"),
    ("any words", "ask, in your own words"),
    (":summary [STYLE]", "summarize: line, paragraph, points or sections"),
    (":questions [N]", "suggest N questions"),
    (":outline", "title, contents and key sentences"),
    (":page N", "the text of page N"),
    (":search WORDS", "the passages nearest to some words"),
    (":add FILE", "open one more document"),
    (":documents", "what is open"),
    (":quit", "leave (Ctrl-D does the same; Ctrl-C stops an answer)"),
]


class _Leave(Exception):  # noqa: N818  (not an error)
    """The person is done."""


class Session:
    """Documents and a conversation about them."""

    def __init__(self, app: App, assistant: Assistant, inputs: tuple[Input, ...], stdin_used: bool = False) -> None:
        self._app = app
        self._output = app.output
        self._assistant = assistant
        self._inputs = list(inputs)
        self._documents = tuple(item.document for item in inputs)
        self._chat = Chat(self._request)
        self._suggestions: tuple[Suggestion, ...] = ()
        self._stdin_used = stdin_used

    # --- the whole ------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Outline, summary, questions, prompt."""
        self._app.catalog.get(self._app.settings.engine.model)  # a wrong name is said at once
        for number, document in enumerate(self._documents):
            value = self._assistant.outline(document)
            self._show([BLANK] if number else [])
            # The key sentences are for the time until the model has written; without one they are the summary.
            self._show(render.outline(value, document, FIRST_HEADINGS, key_sentences=is_installed(self._app)))
        stopped = not (self._offer_model() and self._guarded(self._introduce))
        if self._output.can_converse and not self._stdin_used:
            self._show([BLANK])
            if self._output.is_terminal:
                self._show([line("Type a number, a question, or :help.", "dim")])
            self._converse(stopped)

    def chat(self) -> None:
        """The prompt alone."""
        if not self._app.flags.as_json and self._output.is_terminal:
            for document in self._documents:
                self._show(render.about(self._assistant.outline(document), document))
        ensure_model(self._app)
        self._converse(False)

    def report(self) -> None:
        """What ``run`` shows before its prompt, as one JSON object."""
        with stoppable() as cancel:
            ensure_model(self._app)
            value: dict[str, object] = {
                "documents": [schema.document(item.document, item.opened_from) for item in self._inputs],
                "outlines": [schema.outline(self._assistant.outline(document)) for document in self._documents],
            }
            summaries, suggestions = [], []
            for document in self._documents:
                summary = events.last(self._assistant.summarize(document, cancel=cancel))
                summaries.append(schema.result(summary)["summary"])
                found = events.last(self._assistant.suggest(document, SUGGESTIONS, cancel))
                suggestions += schema.result(found)["suggestions"]
            self._output.data({**value, "summaries": summaries, "suggestions": suggestions})

    def _offer_model(self) -> bool:
        """False when the person stopped it. A model that was named and cannot be had ends the session."""
        try:
            ensure_model(self._app)
        except (CancelledError, KeyboardInterrupt):
            self._output.status("")
            self._show([BLANK, line("Stopped.", "dim")])
            return False
        return True

    def _introduce(self) -> None:
        self._summary("paragraph")
        self._questions(SUGGESTIONS)

    # --- the conversation -----------------------------------------------------------------------------------------

    def _converse(self, stopped: bool) -> None:
        """``stopped``: something was just interrupted, so that one more Ctrl-C leaves."""
        while True:
            try:
                typed = self._output.read_line(PROMPT)
            except KeyboardInterrupt:
                self._show([BLANK])
                if stopped:
                    raise CancelledError("Left.", "") from None
                self._show([line(LEAVE_HINT, "dim")])
                stopped = True
                continue
            if typed is None:
                return
            try:
                stopped = not self._guarded(partial(self._take, typed.strip()))
            except _Leave:
                return
            if typed.strip():
                self._show([BLANK])

    def _guarded(self, action: Callable[[], None]) -> bool:
        """False when it was stopped. Any other error is shown, and the conversation goes on."""
        try:
            action()
        except (CancelledError, KeyboardInterrupt):
            self._output.status("")
            self._output.gap()  # the terminal has just shown ^C
            self._show([line("Stopped.", "dim")])
            return False
        except SlimLMError as error:
            self._output.status("")
            if self._app.flags.as_json:
                self._output.data(schema.error(error))
            else:
                self._output.error(error)
        return True

    def _take(self, text: str) -> None:
        if not text:
            return
        if text.startswith(":"):
            self._command(text[1:])
            return
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 0
        if self._suggestions and 1 <= number <= len(self._suggestions):
            text = self._suggestions[number - 1].question
            self._show([line(text, "heading")])
        elif number:
            raise UsageError(f"There is no question number {number}.", "Type :questions for new ones.")
        self._ask(text)

    def _request(self, text: str, cancel: threading.Event | None, near: Citation | None) -> Iterator[Event]:
        """A suggested question is a question, whatever its words look like."""
        if any(text == suggestion.question for suggestion in self._suggestions):
            return self._assistant.ask(self._documents, text, cancel)
        return self._assistant.request(self._documents, text, cancel, near)

    def _ask(self, text: str) -> None:
        with stoppable() as cancel:
            asked = any(text == suggestion.question for suggestion in self._suggestions)
            stream = self._chat.send(text, cancel, standalone=asked)
            if self._app.flags.as_json:
                self._answer_json(text, stream)
                return
            summary = not asked and len(self._documents) == 1 and classify_intent(text) == "summarize"
            layout: events.Layout = "paragraph" if summary else "answer"
            screen = events.Screen(self._output, layout, self._documents, self._app.said)
            result = screen.show(stream)
            if isinstance(result, tuple):
                self._suggestions = result

    def _answer_json(self, text: str, stream: Iterator[Event]) -> None:
        if self._app.flags.stream:
            events.stream_json(self._output, stream, {"request": text})
        else:
            self._output.data({"request": text, **schema.result(events.last(stream))})

    # --- commands -------------------------------------------------------------------------------------------------

    def _command(self, typed: str) -> None:
        name, _, rest = typed.partition(" ")
        rest = rest.strip()
        match name.casefold():
            case "q" | "quit" | "exit":
                raise _Leave
            case "h" | "help" | "?":
                self._show(table(_HELP, ("mark", "plain"), indent=2))
            case "s" | "summary" | "summarize":
                self._summary(_style(rest))
            case "o" | "outline":
                for document in self._documents:
                    self._show(render.outline(self._assistant.outline(document), document))
            case "p" | "page":
                self._page(rest)
            case "questions" | "suggest":
                self._questions(_positive(rest or str(SUGGESTIONS)))
            case "search" | "find":
                if not rest:
                    raise UsageError("Search for what?", "For example: :search notice period.")
                self._show(render.results(self._assistant.search(self._documents, rest)))
            case "add" | "open":
                self._add(rest)
            case "documents" | "docs":
                self._show([line(d.name, indent=2, mark=f"{i}  ") for i, d in enumerate(self._documents, 1)])
            case _:
                raise UsageError(f"There is no command :{name}.", "Type :help.")

    def _summary(self, style: SummaryStyle) -> None:
        layout: events.Layout = "paragraph" if style in ("line", "paragraph") else "points"
        for document in self._documents:
            self._show(render.heading(self._whose("Summary", document.name)))
            with stoppable() as cancel:
                screen = events.Screen(self._output, layout, (document,), self._app.said)
                screen.show(self._assistant.summarize(document, style, cancel))

    def _questions(self, count: int) -> None:
        """Numbered through all documents."""
        self._show(render.heading("Questions you could ask"))
        found: list[Suggestion] = []
        self._suggestions = ()
        each = max(count // len(self._documents), 1)
        for document in self._documents:
            with stoppable() as cancel:
                screen = events.Screen(self._output, "answer", (document,), self._app.said, first_number=len(found) + 1)
                result = screen.show(self._assistant.suggest(document, each, cancel))
            found += result if isinstance(result, tuple) else ()
            self._suggestions = tuple(found)

    def _page(self, wanted: str) -> None:
        """``3``, a label such as ``iv`` or ``Budget``; with several documents ``2:3`` is page 3 of the second."""
        number, colon, label = wanted.partition(":")
        document = self._documents[0]
        if colon and number.isascii() and number.isdigit() and 1 <= int(number) <= len(self._documents):
            document, wanted = self._documents[int(number) - 1], label
        elif len(self._documents) > 1:
            raise UsageError("Which document?", "Type :page 2:3 for page 3 of the second; :documents lists them.")
        page = render.find_page(document, wanted) if wanted else None
        if page is None:
            raise UsageError(
                f"{document.name} has no page {wanted!r}." if wanted else "Which page?",
                f"It has {render.pages(document)}: type :page 1.",
            )
        self._show([line(f"{document.name}, {render.page_title(page)}", "heading")])
        text = document.text[page.start : page.end].strip()
        self._show([line(row) for row in safe_lines(text)] if text else [line("There is no text on it.", "dim")])

    def _add(self, name: str) -> None:
        if not name:
            raise UsageError("Which file?", "For example: :add contract.pdf.")
        with stoppable() as cancel:
            added = open_inputs(self._app, self._assistant, (name.strip("'\""),), cancel)
        known = {document.id for document in self._documents}
        self._inputs += [item for item in added if item.document.id not in known]
        self._documents = tuple(item.document for item in self._inputs)
        document = added[0].document
        self._show(render.about(self._assistant.outline(document), document))

    # --- small things ---------------------------------------------------------------------------------------------

    def _show(self, lines: list[Line]) -> None:
        if lines and not self._app.flags.as_json:
            self._output.show(lines)

    def _whose(self, what: str, name: str) -> str:
        return f"{what}: {name}" if len(self._documents) > 1 else what


def _style(text: str) -> SummaryStyle:
    if not text:
        return "paragraph"
    for style in SUMMARY_STYLES:
        if style.startswith(text.casefold()):
            return style
    raise UsageError(f"There is no summary style {text!r}.", f"Use one of {', '.join(SUMMARY_STYLES)}.")


def _positive(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 20:
        return int(text)
    raise UsageError(f"{text!r} is not a number from 1 to 20.", "For example: :questions 5.")

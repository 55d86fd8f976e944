"""The only place that prints: results on standard output, everything else on standard error.

What enters: lines of styled spans, JSON values, errors. What leaves: text. On a terminal it is wrapped and colored;
piped it is plain, one thought per line. Every character passes ``safe_text`` on its way out: nothing in a document
can act on the terminal.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from slimlm.cli.lines import BLANK, Line, Span, Style, cell_width, line
from slimlm.cli.safe_text import safe_json, safe_lines, safe_span
from slimlm.cli.status_line import StatusLine
from slimlm.errors import SlimLMError

if TYPE_CHECKING:
    from rich.console import Console

MAX_WIDTH = 100  # longer lines are hard to read
MIN_WIDTH = 24
_STYLES: Mapping[Style, str] = {
    "plain": "",
    "title": "bold",
    "heading": "bold",
    "dim": "dim",
    "mark": "cyan",
    "quote": "",
    "warning": "yellow",
    "error": "bold red",
}
# What a terminal of another encoding gets instead.
_ASCII = str.maketrans({"“": '"', "”": '"', "—": "-", "–": "-", "·": "|", "•": "*", "…": "...", "›": ">", "×": "x"})


class Sheet:
    """One stream that lines are written on: wrapped and styled on a terminal, one thought per line elsewhere."""

    def __init__(self, stream: IO[str], clever: bool, color: bool) -> None:
        self.stream = stream
        self.is_terminal = _isatty(stream)
        self.typographic = _speaks(stream, "“”—·•…›")
        self.width = max(min(shutil.get_terminal_size().columns, MAX_WIDTH), MIN_WIDTH)
        self._clever = clever
        self._color = color and clever and self.is_terminal
        self._console: Console | None = None
        self._column = 0  # of the paragraph that is being written
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a Windows code page must not end the program

    def plain(self, text: str) -> str:
        """In characters that the stream can carry."""
        return text if self.typographic else text.translate(_ASCII)

    def print(self, item: Line) -> None:
        self.end_flow()
        if item == BLANK:
            self.stream.write("\n")
            return
        spans = _preformatted(item) if item.keep_spaces else [Span(safe_span(s.text), s.style) for s in item.spans]
        lead = self.plain(" " * item.indent + item.mark)  # our own: a bullet, a number, a name
        if self.is_terminal:
            self._print_wrapped(lead, spans, item.keep_spaces)
            return
        text = self.plain("".join(span.text for span in spans))
        self.stream.write((lead + (text if item.keep_spaces else text.strip())).rstrip() + "\n")

    def flow(self, spans: Iterable[Span]) -> None:
        """Add to the current paragraph, wrapping at words."""
        for span in spans:
            text = self.plain(safe_span(span.text))
            for word in _words(text) if self.is_terminal else [text]:
                self._flow_word(word, span.style)

    def end_flow(self) -> None:
        if self._column:
            self.stream.write("\n")
            self._column = 0

    def forget_column(self) -> None:
        """The person has pressed Enter: the cursor is at the left again."""
        self._column = 0

    def _flow_word(self, word: str, style: Style) -> None:
        if self.is_terminal and self._column + cell_width(word) > self.width:
            self.end_flow()
        shown = word if self._column else word.lstrip()
        if not shown:
            return
        self._column += cell_width(shown)
        if self._color and _STYLES[style]:
            self._terminal().print(shown, style=_STYLES[style], end="", soft_wrap=True)
        else:
            self.stream.write(shown)

    def _print_wrapped(self, lead: str, spans: list[Span], keep_spaces: bool) -> None:
        console = self._terminal()
        from rich.text import Text  # noqa: PLC0415  (only on a terminal)

        body = Text(no_wrap=keep_spaces)
        for span in spans:
            body.append(self.plain(span.text), style=self._style(span.style))
        body.rstrip()
        rows = [body] if keep_spaces else list(body.wrap(console, max(self.width - cell_width(lead), 8)))
        for number, row in enumerate(rows or [body]):
            row.rstrip()
            start = Text().append(" " * cell_width(lead) if number else lead, style=self._style("mark"))
            console.print(start + row, soft_wrap=True)

    def _style(self, style: Style) -> str:
        return _STYLES[style] if self._color else ""

    def _terminal(self) -> Console:
        if self._console is None:
            from rich.console import Console  # noqa: PLC0415  (only on a terminal: it takes time to import)

            self._console = Console(
                file=self.stream, width=self.width, no_color=not self._color, highlight=False, markup=False, emoji=False
            )
        return self._console


class Output:
    """One per command. ``json``: values go out as JSON and nothing else does; ``color`` None: as the terminal says."""

    def __init__(
        self,
        json: bool = False,
        color: bool | None = None,
        stdout: IO[str] | None = None,
        stderr: IO[str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        env = os.environ if environ is None else environ
        clever = env.get("TERM") != "dumb"
        wanted = not env.get("NO_COLOR") if color is None else color
        self._out = Sheet(sys.stdout if stdout is None else stdout, clever, wanted)
        self._err = Sheet(sys.stderr if stderr is None else stderr, clever, wanted)
        self.json = json
        self.is_terminal = self._out.is_terminal and not json
        self._status: StatusLine | None = None
        if self._err.is_terminal and clever and not json:
            columns = shutil.get_terminal_size().columns
            self._status = StatusLine(self._write_status, columns, _speaks(self._err.stream, "⠋█"))

    # --- results --------------------------------------------------------------------------------------------------

    def show(self, lines: Iterable[Line]) -> None:
        """Print lines to standard output."""
        for item in lines:
            self._clear_status()
            self._out.print(item)
        self._out.stream.flush()

    def gap(self) -> None:
        """Air between two things, where a person reads."""
        if self.is_terminal:
            self.show([BLANK])

    def flow(self, spans: Iterable[Span]) -> None:
        """Add to the current paragraph: claims appear as they come."""
        self._clear_status()
        self._out.flow(spans)
        self._out.stream.flush()

    def end_flow(self) -> None:
        self._out.end_flow()

    def data(self, value: Mapping[str, Any]) -> None:
        """One JSON object on one line."""
        stream = self._out.stream
        stream.write(safe_json(json.dumps(value, ensure_ascii=not _speaks(stream, "“é文"))) + "\n")
        stream.flush()

    # --- beside the results ---------------------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """Something worth knowing, on standard error."""
        self._tell([Line((Span("note: " + text, "dim"),))])

    def remark(self, text: str) -> None:
        """A note without the word, below what the terminal shows for Ctrl-C."""
        self._tell([*([BLANK] if self._err.is_terminal else []), line(text, "dim")])

    def error(self, error: SlimLMError) -> None:
        """``error: message`` and the hint under it."""
        lines = [Line((Span("error: ", "error"), Span(error.message)))]
        self._tell([*lines, line(error.hint, indent=2)] if error.hint else lines)

    def trace(self, text: str) -> None:
        """A traceback, for --debug."""
        self._tell([line(row) if not row[:1].isspace() else _verbatim(row) for row in safe_lines(text)])

    def status(self, text: str, done: int = 0, total: int = 0, amount: str = "") -> None:
        """What is being done now; "" clears it. Shown only where a person watches."""
        if self._status is None:
            return
        if text:
            self._status.update(self._err.plain(text), done, total, amount)
        else:
            self._status.clear()

    def close(self) -> None:
        """Leave the screen in order."""
        if self._status is not None:
            self._status.close()
        self._out.end_flow()
        self._out.stream.flush()

    @contextmanager
    def closing(self) -> Iterator[Output]:
        try:
            yield self
        except BaseException:
            with suppress(BrokenPipeError):
                self.close()
            raise
        self.close()

    # --- asking ---------------------------------------------------------------------------------------------------

    @property
    def can_ask(self) -> bool:
        """A person can see a question (on standard error) and type an answer."""
        return not self.json and _isatty(sys.stdin) and self._err.is_terminal

    @property
    def can_converse(self) -> bool:
        """Questions can come in: from a pipe, or from a person who sees the prompt."""
        return self.is_terminal or not _isatty(sys.stdin)

    def confirm(self, question: str, default: bool) -> bool:
        """Ask on standard error. The end of input means no."""
        choices = "[Y/n]" if default else "[y/N]"
        while True:
            self._tell([])
            self._err.flow([Span(f"{question} {choices} ")])
            self._err.stream.flush()
            typed = sys.stdin.readline()
            self._err.forget_column()
            match typed.strip().casefold() if typed else "n":
                case "":
                    return default
                case "y" | "yes":
                    return True
                case "n" | "no":
                    return False

    def read_line(self, prompt: str) -> str | None:
        """What the person typed, None at the end of input. Editing and history (in memory only) on a terminal."""
        self._clear_status()
        self._out.end_flow()
        self._out.stream.flush()
        if _isatty(sys.stdin) and self.is_terminal:
            with suppress(ImportError):  # Windows has its own
                import readline  # noqa: PLC0415, F401  (``input`` uses it)
            try:
                return input(self._out.plain(prompt))
            except EOFError:
                self._out.print(BLANK)
                return None
        typed = sys.stdin.readline()
        return typed.rstrip("\r\n") if typed else None

    # --- inside ---------------------------------------------------------------------------------------------------

    def _tell(self, lines: list[Line]) -> None:
        self._clear_status()
        if self.is_terminal:
            self._out.end_flow()
            self._out.stream.flush()
        for item in lines:
            self._err.print(item)
        self._err.stream.flush()

    def _write_status(self, text: str) -> None:
        self._err.stream.write(text)
        self._err.stream.flush()

    def _clear_status(self) -> None:
        if self._status is not None:
            self._status.clear()


def _verbatim(text: str) -> Line:
    return Line((Span(text),), keep_spaces=True)


def _preformatted(item: Line) -> list[Span]:
    """Spaces stay, control characters do not, and a line stays one line."""
    return [Span(" ".join(safe_lines(span.text + "|"))[:-1], span.style) for span in item.spans]


def _words(text: str) -> Iterator[str]:
    """Pieces that may stand on a line of their own: words with the space before them, single wide characters."""
    piece = ""
    for character in text:
        wide = not character.isascii() and cell_width(character) == 2
        if piece and (character == " " or wide):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _isatty(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # replaced or closed
        return False


def _speaks(stream: Any, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True

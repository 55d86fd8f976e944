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

from slimlm.cli.lines import BLANK, Line, Span, Style, cell_width
from slimlm.cli.safe_text import safe_json, safe_line, safe_lines, safe_span
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
        self._out = sys.stdout if stdout is None else stdout
        self._err = sys.stderr if stderr is None else stderr
        self.json = json
        self.is_terminal = _isatty(self._out) and not json
        clever = env.get("TERM") != "dumb"
        self._color = clever and not env.get("NO_COLOR") if color is None else color and clever
        self._console: Console | None = None
        self._column = 0  # of the paragraph that is being written
        columns = shutil.get_terminal_size().columns
        self.width = max(min(columns, MAX_WIDTH), MIN_WIDTH)
        moves = _isatty(self._err) and clever and not json
        self._status = StatusLine(self._write_status, columns, _speaks(self._err, "⠋█")) if moves else None
        self._typographic = _speaks(self._out, "“”—·•…")
        for stream in (self._out, self._err):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a Windows code page must not end the program

    # --- results --------------------------------------------------------------------------------------------------

    def show(self, lines: Iterable[Line]) -> None:
        """Print lines to standard output."""
        self.end_flow()
        for item in lines:
            self._clear_status()
            self._print(item)
        self._out.flush()

    def flow(self, spans: Iterable[Span]) -> None:
        """Add to the current paragraph, wrapping at words: claims appear as they come."""
        self._clear_status()
        for span in spans:
            self._flow_span(span)
        self._out.flush()

    def end_flow(self) -> None:
        if self._column:
            self._out.write("\n")
            self._column = 0

    def data(self, value: Mapping[str, Any]) -> None:
        """One JSON object on one line."""
        ascii_only = not _speaks(self._out, "“é文")
        self._out.write(safe_json(json.dumps(value, ensure_ascii=ascii_only, separators=(", ", ": "))) + "\n")
        self._out.flush()

    # --- beside the results ---------------------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """Something worth knowing, on standard error."""
        self._tell("note: ", text, "dim")

    def error(self, error: SlimLMError) -> None:
        """``error: message`` and the hint under it; as JSON on standard output with ``--json``."""
        self._tell("error: ", error.message, "error")
        if error.hint:
            self._err.write(self._plain(f"  {safe_line(error.hint)}\n"))
        self._err.flush()

    def raw_error(self, text: str) -> None:
        """A traceback, for --debug."""
        self._clear_status()
        self._err.write("\n".join(safe_lines(text)) + "\n")

    def _tell(self, label: str, text: str, style: Style) -> None:
        self._clear_status()
        self.end_flow()
        shown_label = label
        if self._color and _isatty(self._err) and style == "error":
            from rich.console import Console  # noqa: PLC0415  (only on a terminal)

            Console(file=self._err, highlight=False).print(label, style=_STYLES[style], end="", markup=False)
            shown_label = ""
        self._err.write(shown_label + self._plain(safe_line(text)) + "\n")
        self._err.flush()

    def status(self, text: str, done: int = 0, total: int = 0, amount: str = "") -> None:
        """What is being done now; "" clears it. Shown only where a person watches."""
        if self._status is None:
            return
        if text:
            self._status.update(text, done, total, amount)
        else:
            self._status.clear()

    def close(self) -> None:
        """Leave the screen in order."""
        self.end_flow()
        if self._status is not None:
            self._status.close()
        self._out.flush()

    @contextmanager
    def closing(self) -> Iterator[Output]:
        try:
            yield self
        finally:
            try:
                self.close()
            except BrokenPipeError:
                if sys.exc_info()[0] is None:
                    raise

    # --- asking ---------------------------------------------------------------------------------------------------

    @property
    def can_ask(self) -> bool:
        """A person can see a question (on standard error) and type an answer."""
        return not self.json and _isatty(sys.stdin) and _isatty(self._err)

    def confirm(self, question: str, default: bool) -> bool:
        """Ask on standard error. No answer (end of input) is the default's opposite of yes: no."""
        self._clear_status()
        self.end_flow()
        choices = "[Y/n]" if default else "[y/N]"
        while True:
            self._err.write(f"{self._plain(safe_line(question))} {choices} ")
            self._err.flush()
            typed = sys.stdin.readline()
            if not typed:
                self._err.write("\n")
                return False
            match typed.strip().casefold():
                case "":
                    return default
                case "y" | "yes":
                    return True
                case "n" | "no":
                    return False

    def read_line(self, prompt: str) -> str | None:
        """What the person typed, None at the end of input. Editing and history (in memory only) on a terminal."""
        self._clear_status()
        self.end_flow()
        self._out.flush()
        if _isatty(sys.stdin) and self.is_terminal:
            with suppress(ImportError):  # Windows has its own
                import readline  # noqa: PLC0415, F401  (``input`` uses it)
            try:
                return input(self._plain(prompt))
            except EOFError:
                self._out.write("\n")
                return None
        typed = sys.stdin.readline()
        return typed.rstrip("\r\n") if typed else None

    # --- inside ---------------------------------------------------------------------------------------------------

    def _print(self, item: Line) -> None:
        if item == BLANK:
            self._out.write("\n")
            return
        clean = safe_lines_of(item) if item.keep_spaces else [Span(safe_span(s.text), s.style) for s in item.spans]
        lead = " " * item.indent + safe_span(item.mark)
        if not self.is_terminal:
            text = "".join(span.text for span in clean)
            self._out.write(self._plain(lead + (text.rstrip() if item.keep_spaces else text.strip())).rstrip() + "\n")
            return
        console = self._terminal()
        from rich.text import Text  # noqa: PLC0415  (only on a terminal)

        body = Text(no_wrap=item.keep_spaces)
        for span in clean:
            body.append(self._plain(span.text), style=_STYLES[span.style] if self._color else "")
        room = max(self.width - cell_width(lead), 8)
        rows = [body] if item.keep_spaces else list(body.wrap(console, room))
        hang = " " * cell_width(lead)
        for i, row in enumerate(rows or [body]):
            row.rstrip()
            start = Text(self._plain(lead) if i == 0 else hang, style=_STYLES["mark"] if self._color else "")
            console.print(start + row, soft_wrap=True, highlight=False)

    def _flow_span(self, span: Span) -> None:
        text = self._plain(safe_span(span.text))
        if not self.is_terminal:
            text = text if self._column else text.lstrip()
            self._out.write(text)
            self._column += len(text)
            return
        console = self._terminal()
        style = _STYLES[span.style] if self._color else ""
        for word in _words(text):
            shown = word if self._column else word.lstrip()
            if self._column and self._column + cell_width(shown) > self.width:
                self.end_flow()
                shown = word.lstrip()
            if not shown:
                continue
            from rich.text import Text  # noqa: PLC0415

            console.print(Text(shown, style=style), end="", soft_wrap=True, highlight=False)
            self._column += cell_width(shown)

    def _terminal(self) -> Console:
        if self._console is None:
            from rich.console import Console  # noqa: PLC0415  (only on a terminal: it takes time to import)

            self._console = Console(
                file=self._out, width=self.width, no_color=not self._color, highlight=False, markup=False, emoji=False
            )
        return self._console

    def _plain(self, text: str) -> str:
        return text if self._typographic else text.translate(_ASCII)

    def _write_status(self, text: str) -> None:
        self._err.write(text)
        self._err.flush()

    def _clear_status(self) -> None:
        if self._status is not None:
            self._status.clear()


def safe_lines_of(item: Line) -> list[Span]:
    """Preformatted spans: spaces stay, control characters do not, and a line stays one line."""
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



from __future__ import annotations

import io
import json

import pytest

from slimlm.cli.lines import BLANK, Line, Span, cell_width, line
from slimlm.cli.output import Output
from slimlm.cli.status_line import StatusLine
from slimlm.errors import DocumentNotFoundError

EVIL = "a\x1b[2Jb\u202ec"


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class OldScreen(Screen):
    encoding = "cp437"


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


def make(out: io.StringIO, err: io.StringIO, **environ: str) -> Output:
    return Output(stdout=out, stderr=err, environ={"TERM": "xterm", **environ})


def test_piped_text_is_one_line_per_thought() -> None:
    out = io.StringIO()
    make(out, io.StringIO()).show([line("word " * 50, "title"), BLANK, line("x", indent=2, mark="• ")])
    assert out.getvalue() == "word " * 49 + "word\n\n  • x\n"


def test_on_a_terminal_lines_wrap_beside_their_mark() -> None:
    out = Screen()
    make(out, io.StringIO(), NO_COLOR="1").show([line("word " * 12, indent=2, mark="• ")])
    rows = out.getvalue().splitlines()
    assert rows[0].startswith("  • word")
    assert all(row.startswith("    word") for row in rows[1:])
    assert all(len(row) <= 40 for row in rows)


def test_wide_characters_wrap_within_the_terminal() -> None:
    out = Screen()
    output = make(out, io.StringIO(), NO_COLOR="1")
    output.show([line("在宅勤務の対象者は" * 10)])
    output.flow([Span("在宅勤務の対象者は" * 10), Span(" [p. 1]", "dim")])
    output.close()
    assert max(map(cell_width, out.getvalue().splitlines())) <= 40


@pytest.mark.parametrize("screen", [io.StringIO, Screen])
def test_nothing_of_a_document_reaches_the_terminal_raw(screen: type[io.StringIO]) -> None:
    out, err = screen(), screen()
    output = make(out, err, NO_COLOR="1")
    output.show([line(EVIL), Line((Span(EVIL),), keep_spaces=True)])
    output.flow([Span(EVIL)])
    output.note(EVIL)
    output.error(DocumentNotFoundError(EVIL, EVIL))
    output.trace(EVIL)
    output.data({"text": EVIL})
    output.close()
    assert not set("\x1b\u202e") & set(out.getvalue() + err.getvalue())


def test_json_survives_exactly() -> None:
    out = io.StringIO()
    Output(json=True, stdout=out, stderr=io.StringIO(), environ={}).data({"text": EVIL + "\x9b2J文"})
    assert json.loads(out.getvalue()) == {"text": EVIL + "\x9b2J文"}
    assert "\x9b" not in out.getvalue()


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_styles_where_they_are_not_wanted(environ: dict[str, str]) -> None:
    out = Screen()
    make(out, io.StringIO(), **environ).show([line("x", "title")])
    assert out.getvalue() == "x\n"
    out = Screen()
    make(out, io.StringIO()).show([line("x", "title")])
    assert "\x1b[1m" in out.getvalue()


def test_an_old_code_page_gets_plain_characters() -> None:
    out = OldScreen()
    make(out, io.StringIO(), NO_COLOR="1").show([line("“quote” — p. 3", mark="• ")])
    assert out.getvalue() == '* "quote" - p. 3\n'


def test_a_paragraph_flows_and_ends() -> None:
    out = io.StringIO()
    output = make(out, io.StringIO())
    output.flow([Span(" One.")])
    output.flow([Span(" Two."), Span(" [p. 1]", "dim")])
    output.show([line("Next")])
    assert out.getvalue() == "One. Two. [p. 1]\nNext\n"


def test_the_status_line_shows_counts_and_clears_itself() -> None:
    written: list[str] = []
    status = StatusLine(written.append, 60, unicode=True)
    status.update("Fetching", 50, 100, "50 of 100 MB")
    assert status.words() == "Fetching  ██████████░░░░░░░░░░  50 of 100 MB"
    status.update("Reading", 3, 12)
    assert status.words() == "Reading  3 of 12"
    status.close()

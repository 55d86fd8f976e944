"""The command as a person sees it, in a pseudo-terminal."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_terminal import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are not on Windows")

PROMPT = "› "


@contextmanager
def session(environ: dict[str, str], *args: str, columns: int = 80, fetch: bool = False) -> Iterator[Terminal]:
    with Terminal(*args, environ=environ, columns=columns) as terminal:
        if not fetch:
            terminal.wait_for("[Y/n]")
            terminal.send("n\n")
        yield terminal


@pytest.fixture
def lease(folder: Path) -> str:
    return str(folder / "lease.md")


def test_a_session(environ: dict[str, str], lease: str) -> None:
    with session(environ, lease) as terminal:
        opening = terminal.wait_for(PROMPT)
        assert opening.index("Summary") < opening.index("Questions you could ask") < opening.index("  1  ")
        terminal.send("1\n")
        assert "“" in terminal.wait_for(PROMPT)
        terminal.send("How much is the rent?\n")
        assert "950 euros" in terminal.wait_for(PROMPT)
        terminal.send(":outline\n")
        assert "2. Deposit" in terminal.wait_for(PROMPT)
        terminal.send(":quit\n")
        assert terminal.wait() == 0


def test_end_of_input_leaves(environ: dict[str, str], lease: str) -> None:
    with session(environ, lease) as terminal:
        terminal.wait_for(PROMPT)
        terminal.send("\x04")
        assert terminal.wait() == 0


def test_a_second_interrupt_at_the_prompt_leaves(environ: dict[str, str], lease: str) -> None:
    with session(environ, lease) as terminal:
        terminal.wait_for(PROMPT)
        _press_until(terminal, lambda: terminal.wait_for("Ctrl-C again", timeout_s=8))
        terminal.wait_for(PROMPT)
        _press_until(terminal, lambda: terminal.wait(timeout_s=8))
        assert terminal.wait() == 130
        assert "Traceback" not in terminal.text


def _press_until(terminal: Terminal, seen: Callable[[], object], times: int = 5) -> None:
    """Press Ctrl-C as a person does: again, when nothing happens. On a loaded machine a press between the prompt and
    its reading is lost (readline looks at signals only while it waits)."""
    for attempt in range(times):
        terminal.interrupt()
        try:
            seen()
            return
        except AssertionError:
            if attempt == times - 1:
                raise


def test_the_model_is_offered_with_its_size_and_what_leaves_the_device(environ: dict[str, str], lease: str) -> None:
    with Terminal("ask", lease, "How much is the rent?", environ=environ) as terminal:
        offer = " ".join(terminal.wait_for("[Y/n]").split())
        assert "SmolLM2 135M Instruct (93 MB)" in offer
        assert "Your documents never leave it" in offer
        terminal.send("n\n")
        assert terminal.wait() == 0
        assert "950 euros" in terminal.text


def test_forgetting_asks(environ: dict[str, str], lease: str) -> None:
    with Terminal("library", "add", lease, environ=environ) as terminal:
        assert terminal.wait() == 0
    with Terminal("library", "forget", "lease.md", environ=environ) as terminal:
        terminal.wait_for("Forget lease.md? [y/N]")
        terminal.send("\n")
        assert terminal.wait() == 0
        assert "Nothing was forgotten" in terminal.text


@pytest.mark.parametrize("columns", [30, 80, 200])
def test_lines_fit_the_terminal(environ: dict[str, str], folder: Path, columns: int) -> None:
    text = "在宅勤務の対象者は、勤続六か月以上の従業員のうち、在宅勤務を希望し、所属長の許可を受けた者とする。"
    (folder / "ja.txt").write_text(f"在宅勤務規程\n\n{text * 3}\n", "utf-8")
    for args in (["outline", str(folder / "ja.txt")], ["outline", str(folder / "lease.md")]):
        with Terminal(*args, environ={**environ, "COLUMNS": str(columns)}, columns=columns) as terminal:
            assert terminal.wait() == 0
            from slimlm.cli.lines import cell_width

            assert max(cell_width(row) for row in terminal.text.splitlines()) <= min(columns, 100)


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_styles_where_they_are_not_wanted(environ: dict[str, str], lease: str, more: dict[str, str]) -> None:
    with Terminal("outline", lease, environ={**environ, **more}) as terminal:
        assert terminal.wait() == 0
        assert "\x1b" not in terminal.raw
    with Terminal("outline", lease, environ=environ) as terminal:
        assert terminal.wait() == 0
        assert "\x1b[1m" in terminal.raw


def test_interrupted_reading_ends_within_a_second(environ: dict[str, str], folder: Path) -> None:
    file = folder / "long.txt"
    paragraphs = (f"Paragraph {i} says something about the number {i * 7}." for i in range(120_000))
    file.write_text("\n\n".join(paragraphs), "utf-8")
    with Terminal("outline", str(file), environ=environ) as terminal:
        time.sleep(1.0)  # it reads for much longer
        started = time.monotonic()
        terminal.interrupt()
        assert terminal.wait() == 130
        assert time.monotonic() - started < 3  # one second of it is promised; the rest is for a busy test machine
        assert "Traceback" not in terminal.text
        assert "topped." in terminal.text


@pytest.mark.model
def test_an_answer_of_the_real_model_can_be_stopped(environ: dict[str, str], lease: str, tmp_path: Path) -> None:
    from model_cache import installed_model

    model = installed_model()
    home = Path(environ["SLIMLM_HOME"]) / "models"
    home.mkdir(parents=True)
    for file in model.path.parent.glob(f"{model.name}.*"):
        try:
            os.link(file, home / file.name)
        except OSError:  # another file system
            shutil.copy2(file, home / file.name)
    with session({**environ, "SLIMLM_ENGINE_READER": "off"}, lease, fetch=True) as terminal:
        terminal.wait_for("Summary", 120)
        time.sleep(0.5)
        terminal.interrupt()
        started = time.monotonic()
        terminal.wait_for("Stopped.", 30)
        assert time.monotonic() - started < 3
        terminal.wait_for(PROMPT)
        terminal.send("How much is the rent?\n")
        assert "950 euros" in terminal.wait_for(PROMPT, 240)
        terminal.send(":quit\n")
        assert terminal.wait() == 0

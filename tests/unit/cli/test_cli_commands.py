"""Commands with a scripted assistant: what is asked of it, what is shown, what comes back to the shell."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from cli_fakes import FakeAssistant

from slimlm.cli import main as main_module
from slimlm.cli.app import Services
from slimlm.cli.interrupt import stoppable
from slimlm.cli.main import COMMANDS, cli, main
from slimlm.engine.catalog import Catalog
from slimlm.errors import CancelledError, EngineError, SlimLMError


class FakeCatalog:
    def reader_name(self, setting: str) -> str:
        return "slimlm-reader"

    def get(self, name: str) -> object:
        return SimpleNamespace(kind="chat")

    def installed(self, name: str) -> object:
        return object()


@pytest.fixture
def lease(tmp_path: Path) -> str:
    file = tmp_path / "lease.pdf"
    file.touch()
    return str(file)


def services(assistant: FakeAssistant) -> Services:
    make: Any = lambda _settings, _model: assistant  # noqa: E731
    catalog: Any = lambda _settings: FakeCatalog()  # noqa: E731
    return Services(assistant=make, catalog=catalog)


def test_ask(assistant: FakeAssistant, lease: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", lease, "How much is the rent?"], services(assistant)) == 0
    out = capsys.readouterr().out
    assert out == "950 euros a month.\n  “The rent is 950 euros a month.” — lease.pdf, p. 1 · Tenancy\n"
    assert assistant.closed


def test_summaries(assistant: FakeAssistant, lease: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summarize", lease], services(assistant)) == 0
    assert capsys.readouterr().out.splitlines() == [
        "The rent is 950 euros a month. [p. 1] The deposit is 1900 euros. [p. ii]",
        "Read: all 2 sentences on 2 pages; pages without text: 2.",
    ]
    assert main(["summarize", lease, "--style", "points"], services(assistant)) == 0
    assert capsys.readouterr().out.startswith("  • The rent is 950 euros a month. [p. 1]\n")


def test_a_session_asks_the_suggested_question(
    assistant: FakeAssistant, lease: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("1\n9\nWho won the cup in Lisbon?\n:page ii\n:summary x\n:q\n"))
    assert main([lease], services(assistant)) == 0
    captured = capsys.readouterr()
    assert assistant.asked == ["How much is the rent?", "Who won the cup in Lisbon?"]
    assert "Not in this document." in captured.out
    assert "The deposit is 1900 euros." in captured.out.split("lease.pdf, page ii")[1]
    assert "There is no question number 9." in captured.err
    assert "There is no summary style 'x'." in captured.err


@pytest.mark.parametrize("error", [EngineError("It failed."), CancelledError("Stopped."), EngineError("x\x1b[2J", "y")])
def test_errors_give_their_exit_code(error: SlimLMError, lease: str, capsys: pytest.CaptureFixture[str]) -> None:
    assistant = FakeAssistant(error)
    assert main(["ask", lease, "rent?"], services(assistant)) == error.exit_code
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert "\x1b" not in captured.err
    assert assistant.closed
    assert main(["ask", lease, "rent?", "--json"], services(assistant)) == error.exit_code
    assert json.loads(capsys.readouterr().out)["error"]["code"] == error.code


def test_an_unexpected_error_is_one_line(lease: str, capsys: pytest.CaptureFixture[str]) -> None:
    assistant = FakeAssistant(RuntimeError("a bug"))
    assert main(["ask", lease, "rent?"], services(assistant)) == 1
    err = capsys.readouterr().err
    assert "a bug" in err
    assert "--debug" in err
    assert "Traceback" not in err
    assert main(["ask", lease, "rent?", "--debug"], services(assistant)) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_mistyped_command_is_no_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sumarize", "x.pdf"]) == 2
    assert "slimlm summarize" in capsys.readouterr().err


def test_help_lines_are_those_of_the_commands() -> None:
    context = cli.make_context("slimlm", ["doctor"], resilient_parsing=True)
    for name, (_, _, summary) in COMMANDS.items():
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert (command.help or "").startswith(summary), name


def test_help_imports_nothing_heavy() -> None:
    import subprocess

    code = (
        "import sys; from slimlm.cli.main import main; main(['--help']); "
        "print([m for m in ('httpx', 'lxml', 'numpy', 'rich', 'sqlite3', 'subprocess', 'asyncio', 'slimlm.assistant',"
        " 'slimlm.documents', 'slimlm.engine') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


# --- Ctrl-C -----------------------------------------------------------------------------------------------------------


def test_an_interrupt_sets_the_event_and_becomes_cancelled() -> None:
    with pytest.raises(CancelledError), stoppable() as cancel:  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        assert cancel.is_set()
        raise EngineError("the worker was interrupted too")


def test_work_that_does_not_listen_is_stopped_anyway() -> None:
    with pytest.raises(CancelledError), stoppable():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        threading.Event().wait(20)


def test_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stoppable():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_errors_without_an_interrupt_stay_what_they_are() -> None:
    with pytest.raises(EngineError), stoppable():
        raise EngineError("x")


def test_broken_pipes_are_quiet(assistant: FakeAssistant, lease: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    monkeypatch.setattr(main_module.os, "dup2", lambda *_: None)
    assert main(["ask", lease, "rent?"], services(assistant)) == main_module.BROKEN_PIPE_EXIT


# --- the model is missing ---------------------------------------------------------------------------------------------


class EmptyCatalog(Catalog):
    """The real entries, with nothing installed; records what is pulled."""

    pulled: ClassVar[list[str]] = []

    def installed(self, name: str) -> None:
        return None

    def pull(self, name: str, progress: Any = None, cancel: Any = None, force: bool = False) -> Any:
        progress(0, None, "connecting")
        progress(40_000_000, 93_000_000, "downloading")
        self.pulled.append(name)
        return None


@pytest.mark.parametrize(
    ("args", "environ", "pulled"),
    [
        ([], {}, []),
        (["--yes"], {}, ["smollm2-135m-instruct", "slimlm-reader"]),
        ([], {"SLIMLM_ASSUME_YES": "1"}, ["smollm2-135m-instruct", "slimlm-reader"]),
    ],
)
def test_a_missing_model_is_fetched_only_with_consent(
    args: list[str], environ: dict[str, str], pulled: list[str], assistant: FakeAssistant, lease: str,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(EmptyCatalog, "pulled", [])
    given = replace(
        services(assistant), catalog=lambda settings: EmptyCatalog(settings.paths), environ={**os.environ, **environ}
    )
    assert main(["ask", lease, "How much is the rent?", *args], given) == 0
    assert EmptyCatalog.pulled == pulled
    assert ("note: no model is installed" in capsys.readouterr().err) == (not pulled)


def test_a_named_model_that_is_missing_is_an_error(
    assistant: FakeAssistant, lease: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = replace(services(assistant), catalog=lambda settings: EmptyCatalog(settings.paths))
    assert main(["--model", "gemma-3-1b-it", "ask", lease, "How much is the rent?"], given) == 32
    assert "slimlm models pull gemma-3-1b-it" in capsys.readouterr().err

"""The command as scripts see it: plain text or JSON on standard output, exit codes, nothing else."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from cli_terminal import COMMAND, LEASE, Run

from slimlm import __version__


def test_version(run: Run) -> None:
    result = run("--version")
    assert (result.code, result.out) == (0, f"slimlm {__version__}\n")


def test_an_answer_quotes_the_document_and_says_where(run: Run) -> None:
    result = run("ask", "lease.md", "How much is the deposit?")
    assert result.code == 0
    assert "“The tenant pays a deposit of 1900 euros." in result.out
    assert "— lease.md, 2. Deposit" in result.out


def test_piped_output_is_plain(run: Run) -> None:
    for args in (["lease.md"], ["summarize", "lease.md"], ["outline", "lease.md"], ["models", "list"], ["settings"]):
        result = run(*args)
        assert result.code == 0, result.err
        assert "\x1b" not in result.out + result.err
        assert "\r" not in result.out + result.err


def test_without_a_model_it_goes_on_with_quotes_and_says_so(run: Run) -> None:
    result = run("ask", "lease.md", "How much is the deposit?")
    assert result.err.count("model") >= 1
    assert "93 MB" in result.err
    assert result.err.count("note:") == 1


def test_what_is_not_there_is_not_answered(run: Run) -> None:
    result = run("ask", "lease.md", "Who won the football match in Lisbon?")
    assert result.code == 0
    assert result.out.startswith("Not in this document.")


def test_a_session_reads_its_questions_from_a_pipe(run: Run) -> None:
    result = run(
        "lease.md", stdin="How much is the rent?\n:page 1\n:nonsense\nHow much is the deposit?\n:quit\nnever\n"
    )
    assert result.code == 0
    assert result.out.index("Tenancy agreement") < result.out.index("Summary") < result.out.index("Questions")
    assert "950 euros" in result.out.split("Questions")[1]
    assert "1900 euros" in result.out.split("Questions")[1]
    assert "error: There is no command :nonsense.\n  Type :help." in result.err
    assert "never" not in result.out


def test_a_session_without_questions_ends(run: Run) -> None:
    assert run("lease.md").code == 0


def test_several_documents(run: Run) -> None:
    result = run("ask", "lease.md", "invoice.txt", "When is the invoice payable?")
    assert "30 June 2024" in result.out
    assert "invoice.txt" in result.out


def test_standard_input(run: Run, folder: Path) -> None:
    result = run("ask", "-", "How much is the rent?", stdin=(folder / "lease.md").read_bytes())
    assert result.code == 0
    assert "950 euros" in result.out
    assert "standard input" in result.out


# --- JSON -------------------------------------------------------------------------------------------------------------


def test_json_of_an_answer(run: Run, folder: Path) -> None:
    result = run("ask", "lease.md", "How much is the deposit?", "--json")
    value = json.loads(result.out)
    assert result.out.count("\n") == 1
    assert value["documents"][0]["name"] == "lease.md"
    assert value["documents"][0]["opened_from"] == "file"
    answer = value["answer"]
    assert answer["status"] == "answered"
    citation = answer["claims"][0]["citations"][0]
    assert set(citation) == {
        "document", "document_id", "page", "page_label", "page_kind", "section", "start", "end", "quote", "boxes",
    }  # fmt: skip
    assert citation["document"] == "lease.md"
    assert citation["end"] - citation["start"] == len(citation["quote"])


def test_general_options_stand_before_or_after_the_command(run: Run) -> None:
    before, after = run("--json", "outline", "lease.md"), run("outline", "lease.md", "--json")
    assert json.loads(before.out)["outlines"] == json.loads(after.out)["outlines"]


@pytest.mark.parametrize(
    ("args", "key"),
    [
        (["outline", "lease.md"], "outlines"),
        (["summarize", "lease.md", "--style", "points"], "summaries"),
        (["suggest", "lease.md", "--count", "2"], "suggestions"),
        (["search", "lease.md", "notice"], "results"),
        (["lease.md"], "summaries"),
        (["library", "add", "lease.md"], "documents"),
        (["library", "list"], "documents"),
        (["models", "list"], "models"),
        (["models", "show"], "model"),
        (["doctor", "--quick"], "report"),
        (["settings"], "settings"),
    ],
)
def test_every_command_speaks_json(run: Run, args: list[str], key: str) -> None:
    result = run(*args, "--json")
    assert result.code == 0, result.err
    assert key in json.loads(result.out)


def test_stream_is_one_event_per_line_and_ends_with_done(run: Run) -> None:
    result = run("ask", "lease.md", "How much is the deposit?", "--json", "--stream")
    events = [json.loads(row) for row in result.out.splitlines()]
    assert events[-1]["event"] == "done"
    assert events[-1]["answer"]["claims"][0] == next(e for e in events if e["event"] == "claim")["claim"]


def test_chat_answers_line_by_line(run: Run) -> None:
    result = run("chat", "lease.md", "--json", stdin="How much is the rent?\nAnd the deposit?\n:nonsense\n")
    values = [json.loads(row) for row in result.out.splitlines()]
    assert [value.get("request") for value in values] == ["How much is the rent?", "And the deposit?", None]
    assert values[2]["error"]["code"] == "usage"


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "code", "name"),
    [
        (["ask", "missing.pdf", "Why?"], 11, "document_not_found"),
        (["outline", "."], 13, "not_a_file"),
        (["outline", "empty.txt"], 14, "empty_document"),
        (["outline", "noise.bin"], 15, "unsupported_document"),
        (["outline", "broken.pdf"], 17, "corrupt_document"),
        (["ask", "lease.md"], 2, "usage"),
        (["ask"], 2, "usage"),
        (["ask", "lease.md", " "], 2, "usage"),
        (["summarize", "lease.md", "--style", "poem"], 2, "usage"),
        (["--model", "nothing-like-it", "ask", "lease.md", "Why?"], 31, "unknown_model"),
        (["models", "use", "smollm2-135m-instruct"], 32, "model_not_installed"),
        (["library", "forget", "nothing", "--yes"], 51, "not_in_library"),
        (["summarise", "lease.md"], 2, "usage"),
    ],
)
def test_exit_codes(run: Run, folder: Path, args: list[str], code: int, name: str) -> None:
    (folder / "empty.txt").touch()
    (folder / "noise.bin").write_bytes(bytes(range(256)) * 40)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing else")
    result = run(*args)
    assert result.code == code, result.err
    assert result.out == ""
    assert "Traceback" not in result.err
    message, hint = [row for row in result.err.splitlines() if not row.startswith("note:")][:2]
    assert message.startswith("error: ")
    assert hint.startswith("  ")

    result = run("--json", *args)
    error = json.loads(result.out)["error"]
    assert (result.code, error["code"], error["exit_code"]) == (code, name, code)


def test_a_wrong_setting_names_the_variable(run: Run) -> None:
    result = run("outline", "lease.md", SLIMLM_DOCUMENTS_MAX_PAGES="many")
    assert result.code == 50
    assert "SLIMLM_DOCUMENTS_MAX_PAGES" in result.err


def test_debug_shows_the_traceback(run: Run) -> None:
    assert "Traceback" in run("--debug", "outline", "missing.pdf").err


def test_a_reader_that_leaves_is_no_error(environ: dict[str, str], folder: Path) -> None:
    (folder / "long.md").write_text("\n\n".join(f"# Heading {i}\n\nSentence {i}." for i in range(4000)), "utf-8")
    with subprocess.Popen(
        [*COMMAND, "outline", "long.md"], cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        os.read(process.stdout.fileno(), 10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 141)


# --- library ----------------------------------------------------------------------------------------------------------


def test_a_document_of_the_library_is_opened_by_name(run: Run, folder: Path) -> None:
    assert run("library", "add", "lease.md").code == 0
    (folder / "lease.md").unlink()
    result = run("ask", "lease.md", "How much is the rent?")
    assert "950 euros" in result.out
    assert "from the library" in result.err
    value = json.loads(run("outline", "lease.md", "--json").out)
    assert value["documents"][0]["opened_from"] == "library"


def test_forgetting_takes_consent(run: Run) -> None:
    run("library", "add", "lease.md")
    identity = json.loads(run("library", "list", "--json").out)["documents"][0]["id"]
    refused = run("library", "forget", identity[:8])
    assert refused.code == 2
    assert "--yes" in refused.err
    assert run("library", "forget", identity[:8], "--yes").out == "Forgotten: lease.md\n"
    assert json.loads(run("library", "list", "--json").out)["documents"] == []


def test_the_library_is_searched(run: Run) -> None:
    run("library", "add", "lease.md", "invoice.txt")
    assert "lease.md" in run("library", "search", "deposit").out


# --- the text of a document is data -----------------------------------------------------------------------------------


def test_terminal_escapes_of_a_document_are_not_obeyed(run: Run, folder: Path) -> None:
    evil = "The rent is \x1b[31m950\x1b[0m euros\x07 and \x9b2J \u202eesrever\u202c due \x1b]0;owned\x07 monthly.\n"
    (folder / "evil.txt").write_text(LEASE + evil, "utf-8")
    for args in (["ask", "evil.txt", "How much is the rent?"], ["outline", "evil.txt"], ["evil.txt"]):
        for more in ([], ["--json"]):
            result = run(*args, *more, stdin=":page 1\n")
            assert result.code == 0, result.err
            assert not set("\x1b\x07\x9b\u202e\u202c") & set(result.out + result.err)


def test_a_file_name_is_data_too(run: Run, folder: Path) -> None:
    name = "evil\x1b[2J\u202e.txt"
    (folder / name).write_text("The rent is 950 euros a month.\n", "utf-8")
    for args in (["outline", name], ["ask", name, "How much is the rent?"], ["outline", "missing" + name]):
        result = run(*args)
        assert not set("\x1b\u202e") & set(result.out + result.err)

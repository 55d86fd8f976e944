"""The entry point: arguments in, exit code out. Every error ends here as one message, a hint and its exit code.

What enters: ``sys.argv``. What leaves: an exit code. Nothing heavy is imported for ``--help`` and ``--version``.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import slimlm
from slimlm.cli.options import Group
from slimlm.errors import CancelledError, SlimLMError, UsageError

if TYPE_CHECKING:
    from slimlm.cli.app import Flags, Services

BROKEN_PIPE_EXIT = 141  # as the shell reports a program ended by SIGPIPE
_OPEN = "open"

# Name -> (module, attribute, the first line of its help), in the order a newcomer needs them. A command's module is
# imported when it runs; a test keeps the lines the same as the docstrings.
COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "open": ("documents", "open_", "Open documents and talk about them."),
    "outline": ("documents", "outline", "Show title, contents and key sentences."),
    "summarize": ("documents", "summarize", "Summarize documents; every point says where it stands."),
    "suggest": ("documents", "suggest", "Suggest questions that the document answers."),
    "ask": ("documents", "ask", "Answer one question, with the sentences that say so."),
    "chat": ("documents", "chat", "Ask one question after the other."),
    "search": ("documents", "search", "Find the passages nearest to some words."),
    "library": ("library", "library", "Keep documents on this device and reopen them by name."),
    "models": ("models", "models", "Fetch and choose the models that run on this device."),
    "doctor": ("doctor", "doctor", "Check this machine: processor, memory, model, speed, folders."),
    "settings": ("settings", "settings", "Show every setting, its value and where it comes from."),
}


class Main(Group):
    """The first word is a command; anything else is a document to open."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(import_module(f"slimlm.cli.commands.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, _, summary) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        first = args[0]
        if first in COMMANDS:
            return super().resolve_command(ctx, args)
        if looks_like_a_mistyped_command(first):
            from difflib import get_close_matches  # noqa: PLC0415

            close = get_close_matches(first, list(COMMANDS), n=1)
            if close:
                raise UsageError(f"There is no command or file {first!r}.", f"Did you mean `slimlm {close[0]}`?")
        return super().resolve_command(ctx, [_OPEN, *args])


def looks_like_a_mistyped_command(word: str) -> bool:
    """A bare word that is no file."""
    return word.isalpha() and not Path(word).exists()


@click.group(
    cls=Main, general_hidden=False, no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)  # fmt: skip
@click.version_option(slimlm.__version__, "--version", message="slimlm %(version)s")
def cli() -> None:
    """Open private documents: read a summary, pick a suggested question, get a short answer that quotes the page.

    Everything happens on this device. Start with: slimlm FILE
    """


def main(argv: Sequence[str] | None = None, services: Services | None = None) -> int:
    """Run one command and return its exit code. Never raises."""
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(args, services)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _abandon_stdout()
        return BROKEN_PIPE_EXIT


def _run(args: list[str], services: Services | None) -> int:
    try:
        result = cli.main(args, prog_name="slimlm", standalone_mode=False, obj=services)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        if os.name == "nt" and error.errno == errno.EINVAL:  # what Windows calls a broken pipe
            raise BrokenPipeError from error
        return _report(args, services, _unexpected(error))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return UsageError.exit_code
    except click.ClickException as error:
        return _report(args, services, _from_click(error))
    except SlimLMError as error:
        return _report(args, services, error)
    except (KeyboardInterrupt, click.Abort):
        return _report(args, services, CancelledError("Stopped.", ""))
    except Exception as error:  # noqa: BLE001  (the last line of defence: people see no traceback)
        return _report(args, services, _unexpected(error))
    return result if isinstance(result, int) else 0


def _unexpected(error: Exception) -> SlimLMError:
    return SlimLMError(f"Something went wrong inside SlimLM ({type(error).__name__}: {error}).")


def _from_click(error: click.ClickException) -> UsageError:
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "slimlm"
    message = error.format_message()
    return UsageError(message if message.endswith((".", "?", "!")) else message + ".", f"See `{command} --help`.")


def _report(args: list[str], services: Services | None, error: SlimLMError) -> int:
    from slimlm.cli.app import App  # noqa: PLC0415

    flags = _flags(args)
    output = App(flags, services).output
    with output.closing():
        if flags.debug:
            import traceback  # noqa: PLC0415

            output.trace(traceback.format_exc())
        if flags.as_json:
            from slimlm.cli import schema  # noqa: PLC0415

            output.data({**({"event": "error"} if flags.stream else {}), **schema.error(error)})
        elif isinstance(error, CancelledError):
            output.remark(f"{error.message} {error.hint}".strip())
        else:
            output.error(error)
    return error.exit_code


def _flags(args: list[str]) -> Flags:
    """The general flags, read without a parser: they count for errors of the parser too."""
    from slimlm.cli.app import Flags  # noqa: PLC0415

    words: set[str] = set(args[: args.index("--")] if "--" in args else args)
    given: dict[str, Any] = {
        name: f"--{name.replace('_', '-')}" in words for name in ("json", "stream", "no_color", "debug")
    }
    return Flags(**given)


def _abandon_stdout() -> None:
    """The reader has left: nothing more can be said, not even by the interpreter on its way out."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

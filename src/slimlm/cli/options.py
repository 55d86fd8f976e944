"""Options that several commands share, and the command class that accepts the general ones anywhere on the line."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from slimlm.cli.app import App, Flags

P = ParamSpec("P")
R = TypeVar("R")

_KEY = "slimlm.flags"


def _remember(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Given before the command or after it: both count."""
    if value not in (None, False):
        context.meta.setdefault(_KEY, {})[option.name] = value
    return value


def _general_options(hidden: bool) -> list[click.Option]:
    def option(name: str, description: str, **more: Any) -> click.Option:
        return click.Option([name], help=description, expose_value=False, callback=_remember, **more)

    return [
        option("--json", "Print one JSON object instead of text (docs/cli.md has its shape).", is_flag=True),
        option("--model", "Use this model instead of the default one.", metavar="NAME"),
        option("--no-color", "No colors or styles (NO_COLOR does the same).", is_flag=True, hidden=hidden),
        option("--debug", "Show the traceback of an error.", is_flag=True, hidden=hidden),
    ]


class Command(click.Command):
    """A command that also takes the general options, after its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_general_options(hidden=True))


class Group(click.Group):
    command_class = Command

    def __init__(self, *args: Any, general_hidden: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_general_options(general_hidden))


Group.group_class = Group


def flags_of(context: click.Context) -> Flags:
    from slimlm.cli.app import Flags  # noqa: PLC0415  (not needed for --help)

    return Flags(**context.meta.get(_KEY, {}))


def with_app(function: Callable[Concatenate[App, P], R]) -> Callable[P, R]:
    """Give the command its ``App`` as the first argument; its output is closed afterwards."""

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        from slimlm.cli.app import App, Services  # noqa: PLC0415  (not needed for --help)

        context = click.get_current_context()
        app = App(flags_of(context), context.find_object(Services))
        with app.output.closing():
            return function(app, *args, **kwargs)

    return update_wrapper(wrapper, function)


def stream_option(function: Callable[P, R]) -> Callable[P, R]:
    return click.option(
        "--stream", is_flag=True, expose_value=False, callback=_remember,
        help="Print one JSON object per line, as things are found and written.",
    )(function)  # fmt: skip


def yes_option(description: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        return click.option("--yes", "-y", is_flag=True, expose_value=False, callback=_remember, help=description)(
            function
        )

    return decorate


fetch_option = yes_option("Fetch the default model without asking when it is missing.")

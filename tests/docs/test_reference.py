"""The reference pages say what the program does: every command, option, setting and error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import click
import pytest
from error_table import FILE as ERRORS
from error_table import error_classes, with_table

from slimlm.cli import schema
from slimlm.cli.main import cli
from slimlm.cli.options import Command, Group
from slimlm.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
CLI = (DOCS / "cli.md").read_text("utf-8")
SETTINGS = (DOCS / "settings.md").read_text("utf-8")


def commands(group: click.Group, path: str, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}", context)


ALL = list(commands(cli, "slimlm", click.Context(cli)))


@pytest.mark.parametrize(("path", "command"), ALL, ids=[path for path, _ in ALL])
def test_every_command_and_option_is_documented(path: str, command: click.Command) -> None:
    if not isinstance(command, click.Group):
        group, _, name = path.removeprefix("slimlm ").rpartition(" ")
        listed = group and re.search(rf"slimlm {group} [a-z|]*\b{name}\b", CLI)
        assert listed or f"slimlm {name} " in CLI
    for option in command.params:
        if isinstance(option, click.Option):
            for name in option.opts:
                assert f"`{name}" in CLI or f"[{name}" in CLI or f" {name} " in CLI, f"{path} {name}"


@pytest.mark.parametrize(("path", "command"), ALL, ids=[path for path, _ in ALL])
def test_every_command_explains_itself_and_takes_the_general_options(path: str, command: click.Command) -> None:
    assert command.help
    assert isinstance(command, (Command, Group))
    names = {name for option in command.params for name in option.opts}
    assert {"--json", "--model", "--no-color", "--debug"} <= names
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help, f"{path} {option.name}"


def test_every_option_in_the_page_exists() -> None:
    real = {name for _, command in ALL for option in command.params for name in (*option.opts, *option.secondary_opts)}
    real |= {name for option in cli.params for name in option.opts} | {"--help", "-h"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", CLI)) <= real


def test_every_setting_is_documented_with_default_and_variable() -> None:
    rows = set(re.findall(r"^\| `([a-z0-9_.]+)` \| `([^`]*)` \| `([A-Z0-9_]+)` \| \S", SETTINGS, re.MULTILINE))
    expected = set()
    for section in fields(Settings):
        value = getattr(Settings(), section.name)
        if section.name == "paths" or not is_dataclass(value):
            continue
        for item in fields(value):
            variable = f"SLIMLM_{section.name}_{item.name}".upper()
            expected.add((f"{section.name}.{item.name}", str(item.default), variable))
    assert rows == expected


def test_the_error_table_is_true() -> None:
    text = ERRORS.read_text("utf-8")
    assert text == with_table(text), "run `python tests/docs/error_table.py`"


def test_error_codes_are_distinct() -> None:
    kinds = error_classes()
    assert len({kind.exit_code for kind in kinds}) == len(kinds)
    assert len({kind("x").code for kind in kinds}) == len(kinds)


def test_the_json_keys_are_documented() -> None:
    source = Path(schema.__file__).read_text("utf-8")
    for key in set(re.findall(r'^\s+"([a-z_0-9]+)":', source, re.MULTILINE)):
        assert f"`{key}`" in CLI, key

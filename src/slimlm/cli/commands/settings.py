"""settings: every setting as it is in effect, and where it comes from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import click

from slimlm.cli.app import App
from slimlm.cli.lines import BLANK, Style, line, table
from slimlm.cli.options import Command, with_app
from slimlm.settings import Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """``source``: default, file or environment."""

    name: str
    value: Any
    default: Any
    source: str
    variable: str


@click.command(cls=Command)
@with_app
def settings(app: App) -> None:
    """Show every setting, its value and where it comes from."""
    effective = app.settings  # checked: a wrong file or variable is an error here
    file = effective.paths.config_file
    found = list(list_settings(effective, _read(app, file.exists()), app.services.environ))
    if app.flags.as_json:
        values = [
            {"name": s.name, "value": s.value, "default": s.default, "source": s.source, "variable": s.variable}
            for s in found
        ]
        app.output.data({"settings": values, "config_file": str(file), "home": str(effective.paths.home)})
        return
    rows: list[tuple[str, ...]] = [(s.name, _shown(s.value), _origin(s)) for s in found]
    styles: tuple[Style, ...] = ("plain", "mark", "dim")
    app.output.show(table(rows, styles))
    state = "" if file.exists() else " (not there yet)"
    app.output.show([BLANK, line(f"Change them in {file}{state}, or in the environment.", "dim")])


def list_settings(
    effective: Settings, tables: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str]
) -> Iterator[Setting]:
    """Every setting of every section. ``tables``: what the settings file says."""
    for section in fields(Settings):
        current = getattr(effective, section.name)
        if section.name == "paths" or not is_dataclass(current):
            continue
        for item in fields(current):
            variable = f"SLIMLM_{section.name}_{item.name}".upper()
            source = "file" if item.name in tables.get(section.name, {}) else "default"
            yield Setting(
                name=f"{section.name}.{item.name}",
                value=getattr(current, item.name),
                default=item.default,
                source="environment" if variable in environ else source,
                variable=variable,
            )


def _read(app: App, exists: bool) -> dict[str, dict[str, Any]]:
    return tomllib.loads(app.settings.paths.config_file.read_text("utf-8")) if exists else {}


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _origin(setting: Setting) -> str:
    if setting.source == "environment":
        return f"from {setting.variable}"
    if setting.source == "file":
        return f"from config.toml (default {_shown(setting.default)})"
    return "default"

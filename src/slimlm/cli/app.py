"""What every command is given: its flags, its output, and the way to the rooms below.

What enters: parsed flags and ``Services`` (how to make an assistant and a catalog; tests give their own). What leaves:
an ``App``. Nothing heavy is imported before a command asks for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from slimlm.cli.output import Output
from slimlm.settings import Settings, load_settings

if TYPE_CHECKING:
    from slimlm.assistant.assistant import Assistant
    from slimlm.engine.catalog import Catalog

ASSUME_YES_VARIABLE = "SLIMLM_ASSUME_YES"


@dataclass(frozen=True, slots=True)
class Flags:
    """The options that every command understands."""

    json: bool = False
    stream: bool = False
    no_color: bool = False
    debug: bool = False
    yes: bool = False
    model: str | None = None

    @property
    def as_json(self) -> bool:
        """A stream of events is JSON too."""
        return self.json or self.stream


def _assistant(settings: Settings, model: str | None) -> Assistant:
    from slimlm.assistant.assistant import Assistant  # noqa: PLC0415

    return Assistant(settings, model=model)


def _catalog(settings: Settings) -> Catalog:
    from slimlm.engine.catalog import Catalog  # noqa: PLC0415

    return Catalog(settings.paths)


@dataclass(frozen=True, slots=True)
class Services:
    """How the command line reaches what it does not do itself."""

    assistant: Callable[[Settings, str | None], Assistant] = _assistant
    catalog: Callable[[Settings], Catalog] = _catalog
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


class App:
    """One run of one command."""

    def __init__(self, flags: Flags, services: Services | None = None) -> None:
        self.flags = flags
        self.services = services = services or Services()
        self.said: set[str] = set()  # notes that were shown: none is repeated
        self.output = Output(json=flags.as_json, color=False if flags.no_color else None, environ=services.environ)

    @cached_property
    def settings(self) -> Settings:
        settings = load_settings(environ=self.services.environ)
        if self.flags.model is not None:
            settings = replace(settings, engine=replace(settings.engine, model=self.flags.model))
        return settings

    @property
    def assume_yes(self) -> bool:
        return self.flags.yes or self.services.environ.get(ASSUME_YES_VARIABLE, "").casefold() in ("1", "true", "yes")

    @cached_property
    def catalog(self) -> Catalog:
        return self.services.catalog(self.settings)

    @contextmanager
    def assistant(self) -> Iterator[Assistant]:
        """Closed at the end, whatever happens."""
        assistant = self.services.assistant(self.settings, self.flags.model)
        try:
            yield assistant
        finally:
            self.output.status("")
            assistant.close()

    def stdin_bytes(self) -> bytes:
        return sys.stdin.buffer.read()

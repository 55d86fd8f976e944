"""The user's settings: frozen, from defaults, then ``config.toml``, then the environment.

Every setting ``section.name`` can be set in the environment as ``SLIMLM_SECTION_NAME``. Unknown names and wrong types
are errors, never ignored.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from slimlm.errors import SettingsError
from slimlm.paths import Paths, default_paths


@dataclass(frozen=True, slots=True)
class DocumentSettings:
    """Limits of the reader's worker process."""

    timeout_s: float = 120.0  # wall clock for one document without OCR; hostile files end much sooner
    memory_mb: int = 1024  # address-space growth allowed to the reader
    max_file_mb: int = 512
    max_pages: int = 5000
    max_cells: int = 500_000
    max_chars: int = 20_000_000
    ocr: str = "auto"  # auto: pages without text are recognized when the extra is installed; off
    ocr_max_pages: int = 200


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """0 or ``auto`` means: measured on this device at first use."""

    model: str = "default"
    reader: str = "auto"  # auto: the reading model when it is installed; off: search by words only
    threads: int = 0
    context_tokens: int = 0
    flash_attention: str = "auto"  # auto, on, off
    state_cache_mb: int = 1024
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    documents: DocumentSettings = field(default_factory=DocumentSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    paths: Paths = field(default_factory=default_paths)


_SECTIONS = ("documents", "engine")


def load_settings(paths: Paths | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read settings; raises ``SettingsError`` naming the file or variable, the value and what is allowed."""
    env = dict(os.environ if environ is None else environ)
    where = paths or default_paths(env)
    settings = Settings(paths=where)
    tables = _read_toml(where.config_file)
    for section in _SECTIONS:
        table = tables.pop(section, {})
        if not isinstance(table, dict):
            raise SettingsError(f"{where.config_file}: {section} must be a section, written [{section}].")
        values = dict(table)
        origin = dict.fromkeys(values, str(where.config_file))
        current = getattr(settings, section)
        for item in fields(current):
            variable = f"SLIMLM_{section}_{item.name}".upper()
            if variable in env:
                values[item.name], origin[item.name] = env[variable], variable
        settings = replace(settings, **{section: _apply(section, current, values, origin)})
    if tables:
        raise SettingsError(f"{where.config_file} has an unknown section [{next(iter(tables))}].")
    return settings


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{file} cannot be read: {error}.") from error


def _apply(section: str, current: Any, values: dict[str, Any], origin: dict[str, str]) -> Any:
    known = {item.name: getattr(current, item.name) for item in fields(current)}
    parsed: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise SettingsError(f"{origin[name]}: {section}.{name} is not a setting.")
        try:
            parsed[name] = _convert(value, type(known[name]))
        except (TypeError, ValueError) as error:
            kind = type(known[name]).__name__
            raise SettingsError(f"{origin[name]}: {section}.{name} = {value!r} is not a valid {kind}.") from error
        if isinstance(parsed[name], (int, float)) and not parsed[name] >= 0:  # not a number is not at least 0 either
            raise SettingsError(f"{origin[name]}: {section}.{name} must not be negative.")
    return replace(current, **parsed)


def _convert(value: Any, kind: type[Any]) -> Any:
    """Text from the environment is parsed; a value of the file must have the right type already (5 is a float, too)."""
    if not isinstance(value, str) and type(value) is not kind and not (kind is float and type(value) is int):
        raise TypeError(f"not a {kind.__name__}")
    return kind(value)

"""The records of the model catalog, and how they are written down.

What enters: tables (TOML of the package, JSON of the user). What leaves: ``ModelEntry`` and ``InstalledModel``.
This module refuses to fetch anything.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from slimlm.engine.sources import Wanted, parse_source
from slimlm.errors import UsageError

Kind = Literal["chat", "reader"]
KINDS: tuple[Kind, ...] = ("chat", "reader")
AS_IS = "as-is"
# A base encoder with the trained weights of this package (reader_weights.py); after it the start of their SHA-256.
READER_LAYOUT = "slimlm-reader@"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that can be pulled. Sizes in bytes; 0: unknown.

    ``sources`` are tried in order.
    ``languages``: ISO 639-1 codes in which the model's answers may be shown to a person. ``layout``: how the file is
    prepared for this engine after it was fetched (``as-is``: not at all), see ``slimlm.engine.layout``.
    """

    name: str
    title: str
    kind: Kind
    sources: tuple[Wanted, ...]
    licence: str = ""
    parameters: int = 0
    size_bytes: int = 0  # installed
    languages: tuple[str, ...] = ("en",)
    layout: str = AS_IS
    gated: bool = False  # the hub asks to accept a licence first
    note: str = ""
    built_in: bool = True

    @property
    def chat_template_required(self) -> bool:
        return self.kind == "chat"

    @property
    def download_bytes(self) -> int:
        """What the first source sends."""
        first = self.sources[0]
        return first.download_bytes or first.size_bytes or self.size_bytes


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model file that was fetched, checked and prepared. ``sha256`` is of the file at ``path``."""

    name: str
    title: str
    kind: Kind
    path: Path
    sha256: str
    size_bytes: int
    modified_ns: int  # of the file when it was hashed: a change means hashing again
    languages: tuple[str, ...]
    licence: str
    parameters: int
    layout: str
    source: str  # the one it came from
    source_sha256: str  # of the file before it was prepared
    in_place: bool  # the user's own file, outside SLIMLM_HOME: never deleted
    made_with: str  # version of this program

    @property
    def identity(self) -> str:
        """What was computed with one file is never taken for another's."""
        return f"{self.name}:{self.sha256[:12]}"


def check_name(name: str) -> str:
    if not _NAME.fullmatch(name) or name == "default":
        raise UsageError(
            f"{name!r} cannot be a model's name.", "Use up to 64 lower-case letters, digits, dots, dashes, underscores."
        )
    return name


def check_sha256(text: str | None) -> str | None:
    if text is not None and not _SHA256.fullmatch(text):
        raise UsageError(f"{text!r} is not a SHA-256 (64 hexadecimal digits).")
    return text.lower() if text else None


def check_languages(codes: tuple[str, ...]) -> tuple[str, ...]:
    for code in codes:
        if not _LANGUAGE.fullmatch(code):
            raise UsageError(f"{code!r} is not a language code.", "Use ISO 639-1 codes such as en, de, zh.")
    return tuple(dict.fromkeys(codes))


def read_entry(table: Mapping[str, Any], built_in: bool) -> ModelEntry:
    """One table -> one entry. Raises ``UsageError``, ``KeyError`` or ``TypeError`` when the table is wrong."""
    kind = table["kind"]
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is not a kind of model: use one of {', '.join(KINDS)}.")
    sources = tuple(
        Wanted(
            parse_source(item["from"]),
            check_sha256(item.get("sha256")),
            item.get("size_bytes"),
            item.get("download_bytes"),
        )
        for item in table["sources"]
    )
    return ModelEntry(
        name=check_name(table["name"]),
        title=table.get("title") or table["name"],
        kind=kind,
        sources=sources,
        licence=table.get("licence", ""),
        parameters=int(table.get("parameters", 0)),
        size_bytes=int(table.get("size_bytes", 0)),
        languages=check_languages(tuple(table.get("languages", ("en",)))),
        layout=table.get("layout", AS_IS),
        gated=bool(table.get("gated", False)),
        note=table.get("note", ""),
        built_in=built_in,
    )


def entry_table(entry: ModelEntry) -> dict[str, Any]:
    """The inverse of ``read_entry``."""
    table = asdict(entry)
    del table["built_in"]
    table["sources"] = [
        {
            "from": str(wanted.source),
            "sha256": wanted.sha256,
            "size_bytes": wanted.size_bytes,
            "download_bytes": wanted.download_bytes,
        }
        for wanted in entry.sources
    ]
    return table


def load_built_in() -> tuple[ModelEntry, ...]:
    text = resources.files("slimlm.engine").joinpath("catalog.toml").read_text("utf-8")
    return tuple(read_entry(table, built_in=True) for table in tomllib.loads(text)["model"])


def read_installed(record: Mapping[str, Any], folder: Path) -> InstalledModel:
    """Raises ``KeyError`` or ``TypeError`` for a damaged record. Own files are recorded relative to ``folder``."""
    values = dict(record)
    values["path"] = folder / values["path"]  # an absolute path (in place) stays what it is
    values["languages"] = tuple(values["languages"])
    return InstalledModel(**values)


def installed_record(model: InstalledModel) -> dict[str, Any]:
    """The inverse of ``read_installed``."""
    record = asdict(model)
    record["path"] = str(model.path) if model.in_place else model.path.name
    return record

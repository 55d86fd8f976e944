"""Reads bytes with one reader, in this process; and writes the smallest packages that hold what a test is about."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

import pytest

from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.readers.registry import reader_for
from slimlm.documents.records import Document
from slimlm.documents.source import Source
from slimlm.settings import DocumentSettings

Read = Callable[..., Document]
Shown = Callable[[Document], list[str]]


@pytest.fixture(scope="session")
def read() -> Read:
    def run(data: bytes | str, kind: str, limits: DocumentSettings | None = None, name: str = "file.x") -> Document:
        raw = data.encode() if isinstance(data, str) else data
        settings = limits or DocumentSettings()
        builder = DocumentBuilder(settings)
        title = reader_for(kind)(Source(name, raw, kind), settings, builder, lambda progress: None)
        document = builder.finish(digest="0" * 64, name=name, kind=kind, title=title, n_bytes=len(raw))
        assert all(0 <= b.start < b.end <= len(document.text) for b in document.blocks)
        return document

    return run


@pytest.fixture(scope="session")
def shown() -> Shown:
    """Blocks as "kind level: text", which a person can compare."""

    def run(document: Document) -> list[str]:
        return [f"{b.kind}{b.level or ''}: {document.text[b.start : b.end]}" for b in document.blocks]

    return run


@pytest.fixture(scope="session")
def package() -> Callable[[Mapping[str, str | bytes]], bytes]:
    def run(parts: Mapping[str, str | bytes]) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        return file.getvalue()

    return run

"""What a reader is given and what it gives back: the one interface between formats and the rest of the room.

A reader is a function ``read_xxx(source, limits, builder, report) -> title``. It runs inside the worker process, puts
pages and blocks into ``builder``, calls ``report`` now and then, and returns the document's own title ("" when it has
none). It may raise any ``SlimLMError``; every other exception becomes a ``CorruptDocumentError`` at the worker's edge.
Readers never open files, never touch the network and never print.
"""

from __future__ import annotations

import io
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.records import ReadProgress
from slimlm.settings import DocumentSettings

Report = Callable[[ReadProgress], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A file's bytes and what they are. ``data`` may be a read-only memory map: slice it, never copy it whole."""

    name: str  # the file's name, for titles and messages; never a path
    data: bytes | mmap.mmap
    format: str  # one of ``readers.registry.FORMATS``

    def head(self, n_bytes: int) -> bytes:
        return bytes(self.data[:n_bytes])

    def open(self) -> io.RawIOBase | io.BytesIO:
        """A seekable read-only file over the bytes, without a copy: for libraries that want a file."""
        return open_bytes(self.data)


class _View(io.RawIOBase):
    """A file over a memory map (``mmap`` itself lacks ``seekable`` before Python 3.13)."""

    def __init__(self, data: mmap.mmap) -> None:
        super().__init__()
        self._data = data
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._at = base + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        piece = self._data[self._at :] if size < 0 else self._data[self._at : self._at + size]
        self._at += len(piece)
        return piece


def open_bytes(data: bytes | mmap.mmap) -> io.RawIOBase | io.BytesIO:
    return io.BytesIO(data) if isinstance(data, bytes) else _View(data)


class Reader(Protocol):
    def __call__(self, source: Source, limits: DocumentSettings, builder: DocumentBuilder, report: Report) -> str: ...

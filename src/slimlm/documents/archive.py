"""Opens the ZIP packages of office formats without trusting them.

What enters: a file's bytes. What leaves: an ``Archive`` whose members can be read, each bounded. Nothing is ever
extracted to disk, so a path in a name cannot escape; such names are refused all the same, because only an attack or a
broken program writes them.
"""

from __future__ import annotations

import io
import mmap
import zipfile
import zlib
from pathlib import PurePosixPath

from slimlm.documents.source import open_bytes
from slimlm.errors import CorruptDocumentError, EncryptedDocumentError, SuspiciousArchiveError
from slimlm.settings import DocumentSettings

MAX_ENTRIES = 20_000  # the largest real packages (EPUBs with images, decks with media) hold a few thousand
MAX_RATIO = 200  # deflate reaches 1,032; office XML compresses 10 to 60 times, wide empty sheets up to 150
RATIO_FREE_BYTES = 32 << 20  # below this much expanded data a high ratio does no harm (styles, blank images)
MAX_EXPANDED_BYTES = 1 << 30
_CHUNK = 1 << 18
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the only ones that OPC, ODF and EPUB allow


class Archive:
    """Members of a checked package. Python's ``zipfile`` never inflates past the declared size, which is checked."""

    def __init__(self, package: zipfile.ZipFile, memory_bytes: int) -> None:
        self._package = package
        self._infos = {info.filename: info for info in package.infolist()}
        self._by_lower = {name.lower(): name for name in self._infos}
        self._memory_bytes = memory_bytes
        self.names: tuple[str, ...] = tuple(self._infos)

    def __contains__(self, name: str) -> bool:
        return self.find(name) is not None

    def find(self, name: str) -> str | None:
        """The member's exact name; package part names compare without case."""
        name = name.lstrip("/")
        return name if name in self._infos else self._by_lower.get(name.lower())

    def size(self, name: str) -> int:
        """Expanded size in bytes; 0 for a member that is not there."""
        found = self.find(name)
        return self._infos[found].file_size if found else 0

    def read(self, name: str, max_bytes: int = 256 << 20) -> bytes:
        """One member's bytes. Raises ``CorruptDocumentError`` (missing, damaged), ``SuspiciousArchiveError``."""
        found = self.find(name)
        if found is None:
            raise CorruptDocumentError(f"The part {name} is missing from the file.")
        info = self._infos[found]
        if info.file_size > min(max_bytes, self._memory_bytes):
            raise SuspiciousArchiveError(f"The part {name} expands to {info.file_size >> 20:,} MB.")
        pieces: list[bytes] = []
        left = info.file_size
        try:
            with self._package.open(info) as stream:
                while piece := stream.read(min(_CHUNK, left + 1)):
                    left -= len(piece)
                    if left < 0:
                        raise SuspiciousArchiveError(f"The part {name} is larger than the file says.")
                    pieces.append(piece)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise CorruptDocumentError(f"The part {name} is damaged.") from error
        return b"".join(pieces)

    def verify(self) -> None:
        """Inflate every member once and count: for parsers that open the package themselves (spreadsheets).

        A member whose data goes on after its declared size would be expanded in full by a careless parser.
        """
        for info in self._infos.values():
            self._count(info)

    def _count(self, info: zipfile.ZipInfo) -> None:
        if info.compress_type == zipfile.ZIP_STORED or info.is_dir():
            return
        source = self._package.fp
        assert source is not None
        source.seek(info.header_offset + 26)
        lengths = source.read(4)
        source.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), io.SEEK_CUR)
        inflate, left, total = zlib.decompressobj(-15), info.compress_size, 0
        try:
            while left > 0 and not inflate.eof:
                data = source.read(min(_CHUNK, left))
                if not data:
                    raise CorruptDocumentError(f"The part {info.filename} is cut off.")
                left -= len(data)
                while data:
                    total += len(inflate.decompress(data, _CHUNK))
                    data = inflate.unconsumed_tail
                    if total > info.file_size:
                        raise SuspiciousArchiveError(f"The part {info.filename} is larger than the file says.")
        except zlib.error as error:
            raise CorruptDocumentError(f"The part {info.filename} is damaged.") from error


def open_archive(data: bytes | mmap.mmap, limits: DocumentSettings) -> Archive:
    """Check a package's directory and open it.

    Raises ``CorruptDocumentError`` (no ZIP, damaged, unknown compression), ``EncryptedDocumentError`` (members under a
    password) and ``SuspiciousArchiveError`` (too many or overlapping members, too large or dense, escaping names).
    """
    try:
        package = zipfile.ZipFile(open_bytes(data))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise CorruptDocumentError("The file is a damaged or incomplete ZIP package.") from error
    infos = package.infolist()
    if len(infos) > MAX_ENTRIES:
        raise SuspiciousArchiveError(f"The file holds {len(infos):,} parts (limit {MAX_ENTRIES:,}).")
    for info in infos:
        _check_entry(info)
    _check_sizes(infos, len(data), limits)
    return Archive(package, limits.memory_mb << 20)


def _check_entry(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 0x41:  # bit 0: encrypted; bit 6: strong encryption
        raise EncryptedDocumentError("Parts of the file are protected by a password.")
    if info.compress_type not in _METHODS:
        raise CorruptDocumentError(f"The part {info.filename[:80]} uses a compression that office files never use.")
    name = info.filename.replace("\\", "/")
    if name.startswith("/") or ".." in PurePosixPath(name).parts or name[1:3] == ":/" or "\x00" in info.orig_filename:
        raise SuspiciousArchiveError(f"The file holds a part whose name leaves the package: {name[:80]!r}.")


def _check_sizes(infos: list[zipfile.ZipInfo], n_bytes: int, limits: DocumentSettings) -> None:
    expanded = sum(info.file_size for info in infos)
    ceiling = min(MAX_EXPANDED_BYTES, max(limits.memory_mb << 20, RATIO_FREE_BYTES))
    if expanded > ceiling:
        raise SuspiciousArchiveError(f"The file expands to {expanded >> 20:,} MB (limit {ceiling >> 20:,} MB).")
    packed = max(sum(info.compress_size for info in infos), 1)
    # Overlapping members are how a small file expands without a high ratio in any one of them.
    end = 0
    for info in sorted(infos, key=lambda item: item.header_offset):
        if info.header_offset < end:
            raise SuspiciousArchiveError("Parts of the file overlap each other.")
        end = info.header_offset + 30 + info.compress_size  # 30: the fixed part of a local header
    if end > n_bytes:
        raise CorruptDocumentError("The file is cut off: its parts reach past its end.")
    if expanded > RATIO_FREE_BYTES and expanded / packed > MAX_RATIO:
        raise SuspiciousArchiveError(f"The file expands {expanded // packed:,} times.")

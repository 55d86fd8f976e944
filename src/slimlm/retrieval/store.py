"""The library: documents that were opened, so that they open again at once. The only SQL of the product.

What enters: documents, vectors, results. What leaves: the same, hits of a search over all documents, and after
``forget`` nothing: no byte of the text stays in the files. This module refuses to know models, prompts and the network.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from slimlm.documents.records import Document
from slimlm.documents.serial import pack_document, unpack_document
from slimlm.errors import SlimLMError, StorageError
from slimlm.paths import ensure
from slimlm.retrieval.index import TermIndex
from slimlm.retrieval.store_blobs import (
    VECTOR_CHUNK,
    document_text,
    pack_text,
    pack_vectors,
    span_at,
    unpack_text,
    unpack_vectors,
)
from slimlm.retrieval.store_index import (
    DAMAGE,
    TERMS_VERSION,
    check_index,
    content_of,
    count_words,
    drop_content,
    drop_index,
    match,
    merge_index,
    put_content,
)
from slimlm.retrieval.store_schema import as_storage_error, create_file, damaged, migrate, open_connection

FILE_NAME = "library.sqlite3"
RESULT_BYTES = 4 << 20  # kept results of one document, compressed; the oldest go first
_TIMEOUT_S = 15.0  # a large document is written in 2 s; another process waits for it
_ENTRY = "id, name, title, format, n_pages, n_words, added, opened, n_bytes, path"


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """A document that can be reopened at once. ``path`` is where it was opened from, for the person's eyes only."""

    id: str
    name: str
    title: str
    format: str
    n_pages: int
    n_words: int
    added: str  # ISO 8601, UTC
    opened: str
    n_bytes: int = 0
    path: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class LibraryHit:
    """A sentence somewhere in the library: ``document.text[start:end] == text``. Higher scores are better."""

    document_id: str
    start: int
    end: int
    text: str
    score: float


class LibraryStore:
    """The database ``library.sqlite3``. May be used by several threads and several processes at once.

    Readers never wait for a writer. Every method raises ``StorageError`` or ``DiskSpaceError`` when the file refuses;
    what was stored before is then unchanged. One object must not be carried over a fork.
    """

    def __init__(self, file: Path, writer: sqlite3.Connection, timeout_s: float) -> None:
        self.file = file
        self._timeout_s = timeout_s
        self._writer = writer
        self._writing = threading.RLock()
        self._readers: list[sqlite3.Connection] = []  # idle ones; ``list.pop`` and ``append`` are atomic
        self._closed = False

    @classmethod
    def open(cls, folder: Path, timeout_s: float = _TIMEOUT_S) -> Self:
        """Open or create the library in ``folder``. ``timeout_s``: the longest wait for another process."""
        file = ensure(folder) / FILE_NAME
        create_file(file)
        writer = open_connection(file, timeout_s, writes=True)
        try:
            with as_storage_error(file):
                migrate(writer, file, timeout_s)
                unfinished = writer.execute("SELECT 1 FROM chores").fetchone() is not None
        except BaseException:
            writer.close()
            raise
        store = cls(file, writer, timeout_s)
        if unfinished:
            with suppress(SlimLMError):  # it stays noted for the next time
                store._remove_traces()
        return store

    def close(self) -> None:
        with self._writing:
            self._closed = True
            while self._readers:
                self._readers.pop().close()
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # --- documents ----------------------------------------------------------------------------------------------------

    def put_document(self, document: Document, path: str = "", index: TermIndex | None = None) -> None:
        """Keep ``document``; again with a new reading of the same file, which drops vectors and results of the old.

        ``index``: the document's, when there is one already; it saves two thirds of the time.
        """
        packed = pack_document(replace(document, name=""))  # the name is kept in its column: a file may be renamed
        content = None if self._is_indexed(document.id, packed) else content_of(document, packed, index)
        about = {
            "id": document.id,
            "name": _plain(document.name),
            "title": _plain(document.title),
            "format": document.format,
            "n_pages": len(document.pages),
            "n_words": count_words(document.text),
            "n_bytes": document.n_bytes,
            "path": _plain(path),
            "now": _now(),
        }
        with self._transaction() as db:
            number = _number(db, document.id)
            if number is None and content is None:  # another program forgot it just now
                content = content_of(document, packed, index)
            if number is not None and content is not None:
                drop_content(db, number)
            (number,) = db.execute(_UPSERT, about).fetchone()
            if content is not None:
                put_content(db, number, content)

    def _is_indexed(self, id: str, packed: bytes) -> bool:
        query = "SELECT 1 FROM documents JOIN contents USING (number) WHERE id = ? AND packed = ? AND terms_version = ?"
        with self._snapshot() as db:
            return db.execute(query, (id, packed, TERMS_VERSION)).fetchone() is not None

    def get_document(self, id: str) -> Document | None:
        """The document as it was put, or None. Does not count as opening: see ``touch``."""
        with self._snapshot() as db:
            row = db.execute(
                "SELECT name, packed FROM documents JOIN contents USING (number) WHERE id = ?", (id,)
            ).fetchone()
        if row is None:
            return None
        with self._sound():
            return replace(unpack_document(row[1]), name=row[0])

    def touch(self, id: str) -> None:
        """The document was opened just now."""
        with self._transaction() as db:
            db.execute(f"UPDATE documents SET opened = ?, opened_order = {_NEXT} WHERE id = ?", (_now(), id))  # noqa: S608

    def entries(self) -> tuple[LibraryEntry, ...]:
        """All documents, most recently opened first."""
        with self._snapshot() as db:
            rows = db.execute(f"SELECT {_ENTRY} FROM documents ORDER BY opened_order DESC").fetchall()  # noqa: S608
        return tuple(LibraryEntry(*row) for row in rows)

    def find(self, ref: str) -> tuple[LibraryEntry, ...]:
        """Documents that ``ref`` may mean: the start of an id (6 or more hex digits), else an exact name, else a part
        of a name or title in any case. Most recently opened first."""
        entries, folded = self.entries(), ref.strip().casefold()
        if not folded:
            return ()
        by_id = tuple(e for e in entries if re.fullmatch("[0-9a-f]{6,}", folded) and e.id.startswith(folded))
        by_name = tuple(e for e in entries if e.name == ref)
        by_part = tuple(e for e in entries if folded in e.name.casefold() or folded in e.title.casefold())
        return by_id or by_name or by_part

    # --- forgetting ---------------------------------------------------------------------------------------------------

    def forget(self, id: str) -> bool:
        """Remove a document with its index, vectors and results, and overwrite what held them. False: it is unknown.

        The index of the whole library is written anew: 2 s of CPU where it holds 600,000 sentences.
        """
        with self._transaction() as db:
            number = _number(db, id)
            if number is None:
                return False
            drop_content(db, number)
            db.execute("DELETE FROM documents WHERE number = ?", (number,))
            db.execute("INSERT OR IGNORE INTO chores VALUES ('traces')")
            merge_index(db)
        self._remove_traces()
        return True

    def forget_all(self) -> None:
        """Remove every document."""
        with self._transaction() as db:
            drop_index(db)
            db.execute("DELETE FROM documents")
            db.execute("INSERT OR IGNORE INTO chores VALUES ('traces')")
        self._remove_traces()

    def _remove_traces(self) -> None:
        """Give freed pages back and empty the write-ahead log, which still holds old pages."""
        with self._writing, as_storage_error(self.file):
            # Not ``execute``: this pragma makes rows without columns, after the first of which ``execute`` stops.
            self._writer.executescript("PRAGMA incremental_vacuum")
            busy, _, _ = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise StorageError(
                    "The document was removed, but another program still reads the library: traces of the text may "
                    f"stand in {self.file.name}-wal.",
                    "Close other SlimLM programs; the traces are removed when the library is next opened.",
                )
            self._writer.execute("DELETE FROM chores")

    # --- vectors and results ------------------------------------------------------------------------------------------

    def put_vectors(self, id: str, reader: str, vectors: Mapping[int, array[float]]) -> bool:
        """Keep vectors by sentence number, beside those already kept of this reading model and in place of any other's.

        False: the document is not in the library.
        """
        chunks: dict[int, dict[int, array[float]]] = {}
        for i, vector in vectors.items():
            chunks.setdefault(i // VECTOR_CHUNK, {})[i] = vector
        with self._transaction() as db:
            number = _number(db, id)
            if number is None:
                return False
            db.execute("DELETE FROM vectors WHERE number = ? AND embedder <> ?", (number, reader))
            for chunk, new in chunks.items():
                key = (number, reader, chunk)
                row = db.execute(
                    "SELECT packed FROM vectors WHERE number = ? AND embedder = ? AND chunk = ?", key
                ).fetchone()
                with self._sound():
                    old = unpack_vectors(row[0]) if row else {}
                db.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", (*key, pack_vectors(old | new)))
        return True

    def get_vectors(self, id: str, reader: str) -> dict[int, array[float]]:
        """Sentence number -> vector, as far as they are kept."""
        with self._snapshot() as db:
            rows = db.execute(
                "SELECT packed FROM vectors JOIN documents USING (number) WHERE id = ? AND embedder = ? ORDER BY chunk",
                (id, reader),
            ).fetchall()
        vectors: dict[int, array[float]] = {}
        with self._sound():
            for (packed,) in rows:
                vectors |= unpack_vectors(packed)
        return vectors

    def put_result(self, id: str, key: str, payload: str) -> bool:
        """Keep a result under ``key`` (which names everything it depends on), in place of an older one.

        False: the document is not in the library, or the result alone is over ``RESULT_BYTES``.
        """
        packed = pack_text(payload)
        if len(packed) > RESULT_BYTES:
            return False
        with self._transaction() as db:
            number = _number(db, id)
            if number is None:
                return False
            db.execute("INSERT OR REPLACE INTO results (number, key, payload) VALUES (?, ?, ?)", (number, key, packed))
            # Newer rows have higher places: those that no longer fit, counted from the newest, go.
            db.execute(
                "DELETE FROM results WHERE place IN (SELECT place FROM (SELECT place, sum(length(payload)) OVER "
                "(ORDER BY place DESC) AS total FROM results WHERE number = ?) WHERE total > ?)",
                (number, RESULT_BYTES),
            )
        return True

    def get_result(self, id: str, key: str) -> str | None:
        with self._snapshot() as db:
            row = db.execute(
                "SELECT payload FROM results JOIN documents USING (number) WHERE id = ? AND key = ?", (id, key)
            ).fetchone()
        if row is None:
            return None
        with self._sound():
            return unpack_text(row[0])

    # --- search -------------------------------------------------------------------------------------------------------

    def search(self, query: str, limit: int = 20) -> tuple[LibraryHit, ...]:
        """The best sentences of all documents for the words of ``query``, best first. No query is an error."""
        with self._snapshot() as db:
            found = match(db, query, limit)
            homes = {number: self._home(db, number) for number in {m.number for m in found}}
        hits = []
        for m in found:
            id, text, spans = homes[m.number]
            with self._sound():
                start, end = span_at(spans, m.sentence)
            hits.append(LibraryHit(id, start, end, text[start:end], m.score))
        return tuple(hits)

    def _home(self, db: sqlite3.Connection, number: int) -> tuple[str, str, bytes]:
        """Id, text and sentence spans of a document."""
        query = "SELECT id, packed, spans FROM documents JOIN contents USING (number) WHERE number = ?"
        with self._sound():
            id, packed, spans = db.execute(query, (number,)).fetchone()
            return id, document_text(packed), spans

    def check(self) -> tuple[str, ...]:
        """What is wrong with the file, for ``slimlm doctor``; empty when it is sound. Reads all of it."""
        try:
            with self._transaction() as db:
                problems = [row[0] for row in db.execute("PRAGMA quick_check")]
                check_index(db)
        except StorageError as error:
            return (error.message,)
        return tuple(problem for problem in problems if problem != "ok")

    # --- connections --------------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; one writer at a time, over all threads and processes."""
        with self._writing, as_storage_error(self.file):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """One unchanging view of the library, on a connection of its own."""
        if self._closed:
            raise StorageError(f"The library {self.file} was closed.")
        with as_storage_error(self.file):
            try:
                reader = self._readers.pop()
            except IndexError:
                reader = open_connection(self.file, self._timeout_s, writes=False)
            sound = False
            try:
                reader.execute("BEGIN")
                yield reader
                reader.execute("COMMIT")
                sound = True
            finally:
                if sound and not self._closed:
                    self._readers.append(reader)
                else:
                    reader.close()

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except DAMAGE as error:
            raise damaged(self.file) from error


_NEXT = "(SELECT coalesce(max(opened_order), 0) + 1 FROM documents)"
_UPSERT = f"""
INSERT INTO documents (id, name, title, format, n_pages, n_words, n_bytes, path, added, opened, opened_order)
VALUES (:id, :name, :title, :format, :n_pages, :n_words, :n_bytes, :path, :now, :now, {_NEXT})
ON CONFLICT (id) DO UPDATE SET name = excluded.name, title = excluded.title, format = excluded.format,
    n_pages = excluded.n_pages, n_words = excluded.n_words, n_bytes = excluded.n_bytes,
    path = CASE excluded.path WHEN '' THEN path ELSE excluded.path END,
    opened = excluded.opened, opened_order = {_NEXT}
RETURNING number
"""  # noqa: S608  (two constants of this file)


def _number(db: sqlite3.Connection, id: str) -> int | None:
    row = db.execute("SELECT number FROM documents WHERE id = ?", (id,)).fetchone()
    return None if row is None else int(row[0])


def _plain(text: str) -> str:
    """File names may hold bytes that are no character: those become "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

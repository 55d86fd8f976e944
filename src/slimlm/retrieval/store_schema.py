"""The library's database file: its tables, how it is opened, and what its errors mean to a person.

What enters: the file's path. What leaves: a connection on which every privacy and safety switch is set. This module
refuses to know what documents are.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slimlm.errors import DiskSpaceError, SlimLMError, StorageError

APPLICATION_ID = 0x534C4D31  # "SLM1": tells our file from any other database
_FULL_BYTES = 1 << 20  # a disk with less is full

# Entry n brings a file of version n to version n + 1; entries are only ever added.
_MIGRATIONS = (
    """
    CREATE TABLE documents (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, title TEXT NOT NULL,
        format TEXT NOT NULL, n_pages INTEGER NOT NULL, n_words INTEGER NOT NULL, n_bytes INTEGER NOT NULL,
        path TEXT NOT NULL, added TEXT NOT NULL, opened TEXT NOT NULL, opened_order INTEGER NOT NULL);
    -- packed: documents.serial. spans: u32 pairs, start and end of each sentence. terms: what the index holds for each
    -- sentence, compressed; a term can only be taken out of a contentless index by giving exactly what was put in.
    CREATE TABLE contents (
        number INTEGER PRIMARY KEY REFERENCES documents ON DELETE CASCADE,
        packed BLOB NOT NULL, spans BLOB NOT NULL, terms BLOB NOT NULL, terms_version INTEGER NOT NULL);
    CREATE TABLE vectors (
        number INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE, embedder TEXT NOT NULL,
        chunk INTEGER NOT NULL, packed BLOB NOT NULL, PRIMARY KEY (number, embedder, chunk));
    CREATE TABLE results (
        place INTEGER PRIMARY KEY, number INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
        key TEXT NOT NULL, payload BLOB NOT NULL, UNIQUE (number, key));
    -- traces: removed text may still stand in the write-ahead log.
    CREATE TABLE chores (name TEXT PRIMARY KEY);
    -- ascii: only separates at what our terms never hold; every other character, in any script, is part of a term.
    CREATE VIRTUAL TABLE sentence_index USING fts5 (terms, content='', tokenize="ascii tokenchars '.,:/-'");
    """,
)
VERSION = len(_MIGRATIONS)


def create_file(file: Path) -> None:
    """The file exists, and is its owner's alone. SQLite gives -wal and -shm the same mode."""
    with as_storage_error(file):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
            companion = file.with_name(name)
            if companion.exists() and companion.stat().st_mode & 0o077:
                companion.chmod(0o600)


def open_connection(file: Path, timeout_s: float, *, writes: bool) -> sqlite3.Connection:
    """A connection in autocommit mode. ``timeout_s``: how long to wait for another process. Raises ``StorageError``."""
    with as_storage_error(file):
        connection = sqlite3.connect(file, timeout=timeout_s, isolation_level=None, check_same_thread=False)
        try:
            for switch in (
                "secure_delete = ON",  # removed rows are overwritten with zeros
                "temp_store = MEMORY",  # no document text in temporary files
                "foreign_keys = ON",
                "synchronous = NORMAL",  # with WAL: a power cut may lose the last change, never damage the file
                "journal_size_limit = 16777216",
                "trusted_schema = OFF",  # the file may have been tampered with
                "cell_size_check = ON",
            ):
                connection.execute(f"PRAGMA {switch}")
            if not writes:
                connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
        return connection


def migrate(connection: sqlite3.Connection, file: Path, timeout_s: float) -> None:
    """Create the tables or bring them up to date; two processes may try at once."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            _migrate(connection, file)
            return
        except sqlite3.OperationalError as error:
            # The change to WAL does not wait for other processes by itself.
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _migrate(connection: sqlite3.Connection, file: Path) -> None:
    if _pragma(connection, "user_version") == VERSION and _pragma(connection, "application_id") == APPLICATION_ID:
        return
    if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # forgetting gives the disk space back
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _pragma(connection, "user_version")
        foreign = version == 0 and connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
        if foreign or (version and _pragma(connection, "application_id") != APPLICATION_ID):
            raise StorageError(f"{file} is a database of another program.", f"Move it away: mv '{file}' '{file}.other'")
        if version > VERSION:
            raise StorageError(f"{file} was written by a newer SlimLM.", "Update SlimLM: pip install -U slimlm")
        for step in _MIGRATIONS[version:]:
            for statement in _statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """One by one: ``executescript`` would end the transaction."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def primary_code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


@contextmanager
def as_storage_error(file: Path) -> Iterator[None]:
    """Every failure of the database or its file, told in words of the person's world."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(error, file) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(file) from error
        hint = f"Check the rights of {file.parent} and that its disk is not mounted read-only."
        raise StorageError(f"Cannot use the library {file}: {error.strerror}.", hint) from error


def _explain(error: sqlite3.Error, file: Path) -> SlimLMError:
    match primary_code(error):
        case sqlite3.SQLITE_FULL:
            return _disk_full(file)
        case sqlite3.SQLITE_IOERR if _free_bytes(file) < _FULL_BYTES:
            return _disk_full(file)  # the shared index beside the file says no more than "I/O error" then
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return StorageError(
                f"Another program is using the library {file}.",
                "Wait until it is done, or close other SlimLM windows and servers, and try again. Nothing was changed.",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(file)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return StorageError(
                f"The library {file} cannot be opened or written.",
                f"Check the rights of {file.parent} and that its disk is not mounted read-only.",
            )
        case sqlite3.SQLITE_TOOBIG:
            return StorageError("The document is too large for the library.", "Split it into several files.")
        case _ if "no such module" in str(error):
            return StorageError(
                "This Python's SQLite has no full-text search (FTS5).",
                "Use a Python from python.org, conda, uv or your distribution.",
            )
        case _:
            return StorageError(f"The library {file} cannot be used: {error}.")


def _disk_full(file: Path) -> DiskSpaceError:
    return DiskSpaceError(f"The disk is full: the library {file} was not changed.")


def _free_bytes(file: Path) -> int:
    try:
        return shutil.disk_usage(file.parent).free
    except OSError:
        return _FULL_BYTES


def damaged(file: Path) -> StorageError:
    """Nothing is ever deleted for the person: the file may be wanted for a rescue."""
    return StorageError(
        f"The library {file} is damaged.",
        f"Move it away and open your documents again: mv '{file}' '{file}.damaged' (and the same for -wal and -shm, if "
        "they exist). Your own files were never changed.",
    )

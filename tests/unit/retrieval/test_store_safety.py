"""Full disks, damaged files, killed programs, several programs: nothing is lost, and the person is told what to do."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from store_samples import make_document, make_random, make_vectors

from slimlm.errors import DiskSpaceError, StorageError
from slimlm.retrieval import store_schema
from slimlm.retrieval.store import LibraryStore
from slimlm.retrieval.store_schema import as_storage_error

LEASE = make_document("The tenant pays rent.")
_CHILD = """
import random, sys
from pathlib import Path
from store_samples import make_random
from slimlm.retrieval.store import LibraryStore
folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
r = random.Random(seed)
"""
_WRITER = """
with LibraryStore.open(folder, timeout_s=60) as store:
    for _ in range(count):
        document = make_random(r, 60)
        store.put_document(document)
        store.put_result(document.id, "summary", "x")
        store.search("garden key")
"""
# Stops inside the transaction, after everything was written and before it counts.
_STOPPED = """
import sqlite3, time
from slimlm.retrieval import store as module
store = LibraryStore.open(folder)
real = store._writer
class Slow:
    def __getattr__(self, name): return getattr(real, name)
    def execute(self, sql, *rest):
        if sql == "COMMIT":
            print("written", flush=True)
            time.sleep(60)
        return real.execute(sql, *rest)
real.execute("PRAGMA cache_size = 10")  # so that pages go to the file before the end
store._writer = Slow()
document = make_random(r, count)
if sys.argv[4] == "put":
    store.put_document(document)
else:
    store.forget(store.entries()[-1].id)
"""


def start(code: str, folder: Path, *args: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", _CHILD + code, str(folder), *map(str, args)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_processes_write_at_once(tmp_path: Path) -> None:
    children = [start(_WRITER, tmp_path, seed, 12) for seed in range(3)]  # all create the file, too
    assert [child.wait(120) for child in children] == [0, 0, 0]
    with LibraryStore.open(tmp_path) as store:
        entries = store.entries()
        assert len(entries) == 36
        assert all(store.get_result(entry.id, "summary") == "x" for entry in entries)
        assert store.check() == ()
    for child in children:
        child.communicate()


@pytest.mark.parametrize("action", ["put", "forget"])
def test_a_kill_in_the_middle_leaves_nothing_half_done(tmp_path: Path, action: str) -> None:
    kept = make_random(random.Random(1), 3000)
    with LibraryStore.open(tmp_path) as store:
        store.put_document(kept)
        before = store.entries()
    child = start(_STOPPED, tmp_path, 7, 3000, action)
    assert child.stdout is not None
    assert child.stdout.readline() == "written\n"
    assert (tmp_path / "library.sqlite3-wal").stat().st_size > 100_000  # half of it stands in the file
    child.send_signal(signal.SIGKILL)
    child.communicate()
    with LibraryStore.open(tmp_path) as store:
        assert store.entries() == before
        assert store.get_document(kept.id) == kept
        assert all(hit.document_id == kept.id for hit in store.search("garden key", limit=50))
        assert store.check() == ()
        other = make_random(random.Random(7), 3000)
        store.put_document(other)
        assert store.get_document(other.id) == other


def test_kills_at_any_moment(tmp_path: Path) -> None:
    r = random.Random(2)
    for seed in range(6):
        child = start(_WRITER, tmp_path, 100 + seed, 10_000)
        threading.Event().wait(r.uniform(0.3, 1.5))
        child.kill()
        child.communicate()
    with LibraryStore.open(tmp_path) as store:
        assert all(store.get_document(entry.id) is not None for entry in store.entries())
        assert store.check() == ()


def test_threads_share_one_store(tmp_path: Path) -> None:
    documents = [make_random(random.Random(i), 40) for i in range(12)]

    def use(i: int) -> None:
        document = documents[i % len(documents)]
        store.put_document(document)
        store.put_vectors(document.id, "e", make_vectors(random.Random(i), range(20)))
        assert store.get_document(document.id) == document
        assert store.search("garden", limit=3)
        assert len(store.get_vectors(document.id, "e")) == 20
        store.touch(document.id)
        if i >= 36:
            store.forget(document.id)

    with LibraryStore.open(tmp_path, timeout_s=60) as store, ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(36)))
        assert len(store.entries()) == 12
        list(pool.map(store.forget, [document.id for document in documents[:6]]))
        assert {entry.id for entry in store.entries()} == {document.id for document in documents[6:]}
        assert store.check() == ()


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path) as store:
        store.put_document(LEASE)
        (pages,) = store._writer.execute("PRAGMA page_count").fetchone()
        store._writer.execute(f"PRAGMA max_page_count = {pages + 4}")
        large = make_random(random.Random(1), 3000)
        with pytest.raises(DiskSpaceError, match="not changed") as caught:
            store.put_document(large)
        assert "SLIMLM_HOME" in caught.value.hint
        with pytest.raises(DiskSpaceError):
            store.put_result(LEASE.id, "summary", random.Random(1).randbytes(60_000).hex())
        with pytest.raises(DiskSpaceError):
            store.put_vectors(LEASE.id, "e", make_vectors(random.Random(1), range(500)))
        assert [entry.id for entry in store.entries()] == [LEASE.id]
        assert store.get_document(LEASE.id) == LEASE
        assert store.search("garden") == ()
        assert store.check() == ()
        store._writer.execute("PRAGMA max_page_count = 1000000")
        store.put_document(large)
        assert store.get_document(large.id) == large


@pytest.mark.parametrize(
    ("code", "kind", "free"),
    [
        (sqlite3.SQLITE_FULL, DiskSpaceError, 1 << 30),
        (sqlite3.SQLITE_IOERR_SHMSIZE, DiskSpaceError, 0),
        (sqlite3.SQLITE_IOERR_WRITE, StorageError, 1 << 30),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StorageError, 1 << 30),
        (sqlite3.SQLITE_READONLY_DIRECTORY, StorageError, 1 << 30),
        (sqlite3.SQLITE_TOOBIG, StorageError, 1 << 30),
        (sqlite3.SQLITE_ERROR, StorageError, 1 << 30),
    ],
)
def test_every_error_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[Exception], free: int
) -> None:
    monkeypatch.setattr(store_schema, "_free_bytes", lambda _: free)
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    with pytest.raises((StorageError, DiskSpaceError)) as caught, as_storage_error(tmp_path / "library.sqlite3"):
        raise error
    assert type(caught.value) is kind
    assert caught.value.hint


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, DiskSpaceError), (errno.EROFS, StorageError)])
def test_a_file_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(store_schema.os, "open", refuse)
    with pytest.raises((StorageError, DiskSpaceError)) as caught:
        LibraryStore.open(tmp_path)
    assert type(caught.value) is kind


def test_a_python_without_full_text_search_is_explained(tmp_path: Path) -> None:
    error = sqlite3.OperationalError("no such module: fts5")
    with pytest.raises(StorageError, match="full-text") as caught, as_storage_error(tmp_path):
        raise error
    assert "Python" in caught.value.hint


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="rights of POSIX systems")
def test_a_read_only_folder(tmp_path: Path) -> None:
    """As another user, because the owner would simply be given the right back."""
    with LibraryStore.open(tmp_path):
        pass
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    tmp_path.chmod(0o755)
    (tmp_path / "library.sqlite3").chmod(0o644)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setuid(65534)
            try:
                LibraryStore.open(tmp_path)
            except StorageError as error:
                status = 0 if error.hint and str(tmp_path) in error.message else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "library").write_text("")
    with pytest.raises(StorageError, match="library"):
        LibraryStore.open(tmp_path / "library")


def test_another_program_holds_the_lock_too_long(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path, timeout_s=0.2) as store:
        store.put_document(LEASE)
        other = sqlite3.connect(store.file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="Another program") as caught:
            store.put_result(LEASE.id, "summary", "x")
        assert "close" in caught.value.hint.lower()
        assert store.get_document(LEASE.id) == LEASE  # reading goes on
        with LibraryStore.open(tmp_path, timeout_s=0.2) as second:
            assert second.search("tenant")
        other.execute("ROLLBACK")
        other.close()
        assert store.put_result(LEASE.id, "summary", "x")


def test_a_damaged_file_is_named_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite3"
    file.write_bytes(b"this is not a database, it is a letter" * 200)
    with pytest.raises(StorageError, match="damaged") as caught:
        LibraryStore.open(tmp_path)
    assert str(file) in caught.value.message
    assert "mv " in caught.value.hint
    assert file.read_bytes().startswith(b"this is not")


def _damage(store: LibraryStore) -> list[Callable[[], object]]:
    entry = store.entries()[0].id if store.entries() else "0"
    return [
        store.entries,
        lambda: store.get_document(entry),
        lambda: store.search("garden key"),
        lambda: store.get_vectors(entry, "e"),
        lambda: store.get_result(entry, "summary"),
        lambda: store.put_document(LEASE),
        lambda: store.forget(entry),
    ]


@pytest.mark.parametrize("seed", range(25))
def test_damage_anywhere_is_an_error_or_harmless(tmp_path: Path, seed: int) -> None:
    r = random.Random(seed)
    document = make_random(r, 500)
    with LibraryStore.open(tmp_path) as store:
        store.put_document(document)
        store.put_vectors(document.id, "e", make_vectors(r, range(60)))
        store.put_result(document.id, "summary", r.randbytes(3000).hex())
        file = store.file
    raw = bytearray(file.read_bytes())
    if seed % 3 == 0:
        del raw[r.randrange(len(raw)) :]
    else:
        at = r.randrange(len(raw) // 4096) * 4096
        raw[at : at + 4096] = bytes(4096) if seed % 3 == 1 else r.randbytes(4096)
    file.write_bytes(raw)
    try:
        store = LibraryStore.open(tmp_path)
    except StorageError:
        assert file.exists()
        return
    with store:
        store.check()
        try:
            uses = _damage(store)
        except StorageError:
            uses = []
        for use in uses:
            with contextlib.suppress(StorageError):
                use()
    assert file.exists()


def test_packed_bytes_that_rotted(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path) as store:
        store.put_document(LEASE)
        store.put_vectors(LEASE.id, "e", make_vectors(random.Random(1), range(2)))
        store.put_result(LEASE.id, "summary", "x")
        for table, column in (
            ("contents", "packed"),
            ("contents", "terms"),
            ("vectors", "packed"),
            ("results", "payload"),
        ):
            store._writer.execute(f"UPDATE {table} SET {column} = x'00010203'")
        for use in (
            lambda: store.get_document(LEASE.id),
            lambda: store.get_vectors(LEASE.id, "e"),
            lambda: store.get_result(LEASE.id, "summary"),
            lambda: store.search("tenant"),
        ):
            with pytest.raises(StorageError, match="damaged"):
                use()
        other = make_document("The tenant keeps the key.")
        store.put_document(other)
        assert store.forget(LEASE.id)
        assert [hit.document_id for hit in store.search("tenant key")] == [other.id]
        assert store.check() == ()

"""What is forgotten is gone: from every answer of the library and from every byte of its files."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from store_samples import make_document, make_random, make_vectors, rare_word

from slimlm.documents.records import Document
from slimlm.documents.serial import pack_document
from slimlm.errors import StorageError
from slimlm.retrieval.store import LibraryStore
from slimlm.retrieval.store_blobs import pack_text, pack_vectors


@dataclass(frozen=True)
class Secret:
    """A document of which every part can be recognized among raw bytes."""

    document: Document
    marks: list[str]
    values: list[bytes]  # as they stand in the file: packed text, vectors, result


def put_secret(store: LibraryStore, r: random.Random, n_sentences: int) -> Secret:
    marks = [rare_word(r) for _ in range(24)]
    document = replace(make_random(r, n_sentences, marks), name=f"{marks[0]}.pdf", title=marks[1])
    vectors, result = make_vectors(r, range(40)), marks[2] + r.randbytes(600).hex()
    store.put_document(document, path=f"/home/{marks[3]}/x.pdf")
    store.put_vectors(document.id, "e", vectors)
    store.put_result(document.id, "summary", result)
    packed = [pack_document(replace(document, name="")), pack_vectors(vectors), pack_text(result)]
    return Secret(document, marks, [*packed, document.id.encode()])


def raw_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


def traces(secret: Secret, raw: bytes, others: list[Secret]) -> list[str]:
    """What of a secret stands in ``raw``. Of marks their ends: the index omits beginnings that neighbours share."""
    found = [mark for mark in secret.marks if mark[4:].encode() in raw]
    shared = b"".join(value for other in others for value in other.values)
    for value in secret.values:
        for at in range(0, len(value) - 12, 31):
            piece = value[at : at + 12]
            if piece in raw and piece not in shared and piece.count(0) < 3:
                found.append(f"{at} of {len(value)} bytes")
                break
    return found


@pytest.mark.parametrize("seed", range(2))
def test_no_byte_of_a_forgotten_document_is_left(tmp_path: Path, seed: int) -> None:
    r = random.Random(seed)
    with LibraryStore.open(tmp_path) as store:
        secrets = [put_secret(store, r, r.choice([3, 40, 400])) for _ in range(10)]
        raw = raw_bytes(tmp_path)
        assert all(len(traces(secret, raw, [])) == 28 for secret in secrets)  # the test can see them
        r.shuffle(secrets)
        gone, kept = secrets[:5], secrets[5:]
        for secret in gone:
            assert store.forget(secret.document.id)
            assert not store.forget(secret.document.id)
        raw = raw_bytes(tmp_path)
        assert [traces(secret, raw, kept) for secret in gone] == [[]] * 5
        for secret in gone:
            assert store.get_document(secret.document.id) is None
            assert store.get_vectors(secret.document.id, "e") == {}
            assert store.get_result(secret.document.id, "summary") is None
            assert store.search(secret.marks[5]) == ()
        for secret in kept:
            assert store.get_document(secret.document.id) == secret.document
            assert store.search(secret.marks[5])[0].document_id == secret.document.id
        assert store.check() == ()
        store.forget_all()
        raw = raw_bytes(tmp_path)
        assert [traces(secret, raw, []) for secret in secrets] == [[]] * 10
        assert store.entries() == ()
        assert store.check() == ()
        store.put_document(kept[0].document)
        assert store.search(kept[0].marks[5])


def test_an_older_reading_leaves_nothing_either(tmp_path: Path) -> None:
    r = random.Random(8)
    with LibraryStore.open(tmp_path) as store:
        kept = put_secret(store, r, 50)
        secret = put_secret(store, r, 200)
        store.put_document(replace(make_document("Another reading."), id=secret.document.id))
        store.forget(secret.document.id)
        assert traces(secret, raw_bytes(tmp_path), [kept]) == []


def test_forgetting_gives_the_disk_space_back(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path) as store:
        put_secret(store, random.Random(1), 10)
        large = put_secret(store, random.Random(2), 5000)
        before = len(raw_bytes(tmp_path))
        store.forget(large.document.id)
        assert len(raw_bytes(tmp_path)) < before / 3


def test_a_reader_elsewhere_delays_the_last_step(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path, timeout_s=0.2) as store:
        secret = put_secret(store, random.Random(3), 100)
        reader = sqlite3.connect(store.file, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM documents").fetchone()
        with pytest.raises(StorageError, match="traces") as caught:
            store.forget(secret.document.id)
        assert "Close" in caught.value.hint
        assert store.get_document(secret.document.id) is None
        assert traces(secret, raw_bytes(tmp_path), [])
        with LibraryStore.open(tmp_path, timeout_s=0.2):  # still cannot; opening works all the same
            pass
        reader.execute("COMMIT")
        reader.close()
        with LibraryStore.open(tmp_path, timeout_s=0.2):
            assert traces(secret, raw_bytes(tmp_path), []) == []

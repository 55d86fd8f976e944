"""The library keeps what it is given and finds it again."""

from __future__ import annotations

import random
import re
import sqlite3
import stat
from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_samples import make_document, make_random, make_vectors

from slimlm.documents.serial import pack_document
from slimlm.errors import StorageError
from slimlm.retrieval import store as store_module
from slimlm.retrieval import store_index
from slimlm.retrieval.index import TermIndex
from slimlm.retrieval.sentences import split_sentences
from slimlm.retrieval.store import RESULT_BYTES, LibraryStore
from slimlm.retrieval.store_blobs import document_text, pack_vectors, unpack_vectors

LEASE = make_document(
    "The tenant pays 1,250.00 euros a month.", "Either party may end the lease with thirty days' notice."
)
SOUP = make_document("Boil the onions. Add 30 g of butter.", name="Onion soup.docx", title="Zwiebelsuppe")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", timeout_s=5) as opened:
        yield opened


def test_a_document_comes_back_equal_also_in_a_new_process(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path) as store:
        store.put_document(LEASE, "/home/ada/lease.pdf")
        assert store.get_document(LEASE.id) == LEASE
    with LibraryStore.open(tmp_path) as store:
        assert store.get_document(LEASE.id) == LEASE
        assert store.get_document("0" * 64) is None


def test_entries_most_recently_opened_first(store: LibraryStore) -> None:
    store.put_document(LEASE, "/home/ada/lease.pdf")
    store.put_document(SOUP)
    assert [e.id for e in store.entries()] == [SOUP.id, LEASE.id]
    store.touch(LEASE.id)
    store.touch("unknown")
    lease, soup = store.entries()
    assert (lease.id, soup.id) == (LEASE.id, SOUP.id)
    assert (lease.name, lease.title, lease.format) == ("lease.pdf", "Lease", "pdf")
    assert (lease.n_pages, lease.n_words, lease.n_bytes) == (1, 17, LEASE.n_bytes)
    assert lease.path == "/home/ada/lease.pdf"
    assert "/home/ada" not in repr(lease)
    for moment in (lease.added, lease.opened):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment)


def test_words_of_scripts_without_spaces_are_counted(store: LibraryStore) -> None:
    store.put_document(make_document("契約期間は三年です。"))
    assert store.entries()[0].n_words >= 9


def test_putting_again_changes_nothing_but_name_path_and_order(store: LibraryStore) -> None:
    store.put_document(LEASE, "/home/ada/lease.pdf")
    store.put_document(SOUP)
    store.put_result(LEASE.id, "summary", "short")
    store.put_document(replace(LEASE, name="renamed.pdf"))
    first, _ = store.entries()
    assert (first.id, first.name, first.path) == (LEASE.id, "renamed.pdf", "/home/ada/lease.pdf")
    assert store.get_result(LEASE.id, "summary") == "short"
    assert len(store.search("tenant")) == 1


def test_another_reading_of_the_file_replaces_everything(store: LibraryStore) -> None:
    store.put_document(LEASE)
    store.put_result(LEASE.id, "summary", "short")
    store.put_vectors(LEASE.id, "e", make_vectors(random.Random(1), range(2)))
    again = replace(make_document("Recognized text about a garden."), id=LEASE.id)
    store.put_document(again)
    assert store.get_document(LEASE.id) == again
    assert store.get_result(LEASE.id, "summary") is None
    assert store.get_vectors(LEASE.id, "e") == {}
    assert store.search("tenant") == ()
    assert [hit.text for hit in store.search("garden")] == [again.text.strip()]
    assert store.check() == ()


def test_an_index_that_exists_is_used(store: LibraryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    index = TermIndex(split_sentences(LEASE))
    monkeypatch.setattr(store_index, "split_sentences", lambda _: pytest.fail("split again"))
    store.put_document(LEASE, index=index)
    assert len(store.search("tenant")) == 1


def test_other_rules_for_terms_index_again(store: LibraryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put_document(LEASE)
    for module in (store_module, store_index):
        monkeypatch.setattr(module, "TERMS_VERSION", store_index.TERMS_VERSION + 7)
    monkeypatch.setattr(store_index, "terms", lambda text: [f"q{w}" for w in text.lower().split()])
    store.put_document(LEASE)
    monkeypatch.setattr(store_index, "terms", lambda text: [text])
    assert store.search("tenant") == ()
    assert len(store.search("qtenant")) == 1
    assert store.forget(LEASE.id)
    assert store.check() == ()


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        (LEASE.id[:6], [LEASE.id]),
        (LEASE.id.upper(), [LEASE.id]),
        (LEASE.id[:5], []),
        ("lease.pdf", [LEASE.id]),
        ("Onion soup.docx", [SOUP.id]),
        ("ONION", [SOUP.id]),
        ("zwiebel", [SOUP.id]),
        ("%", []),
        ("", []),
        ("  ", []),
        ("e", [SOUP.id, LEASE.id]),
    ],
)
def test_find(store: LibraryStore, ref: str, expected: list[str]) -> None:
    store.put_document(LEASE)
    store.put_document(SOUP)
    assert [entry.id for entry in store.find(ref)] == expected


def test_an_exact_name_comes_before_a_part(store: LibraryStore) -> None:
    store.put_document(LEASE)
    store.put_document(replace(SOUP, name="old lease.pdf"))
    assert [entry.id for entry in store.find("lease.pdf")] == [LEASE.id]


def test_a_file_name_that_is_no_text(store: LibraryStore) -> None:
    store.put_document(replace(LEASE, name="a\udcff.pdf"), path="/tmp/a\udcff.pdf")
    assert store.entries()[0].name == "a?.pdf"
    assert store.get_document(LEASE.id) is not None


# --- search -----------------------------------------------------------------------------------------------------------


def test_search_quotes_the_document_exactly(store: LibraryStore) -> None:
    store.put_document(LEASE)
    store.put_document(SOUP)
    hits = store.search("When can the lease be ended? 30 days notice", limit=5)
    assert hits[0].document_id == LEASE.id
    assert hits[0].text == "Either party may end the lease with thirty days' notice."
    assert {hit.document_id for hit in hits} == {LEASE.id, SOUP.id}  # "30 g": number words are numbers
    for hit in hits:
        document = store.get_document(hit.document_id)
        assert document is not None
        assert document.text[hit.start : hit.end] == hit.text
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len(store.search("lease notice 30", limit=1)) == 1
    assert store.search("lease", limit=0) == ()
    assert store.search("the of and") == ()


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("契約期間は三年です。", "契約期間"),
        ("Die Kündigungsfrist beträgt drei Monate.", "kundigungsfrist"),
        ("Срок действия договора один год.", "договора"),
        ("مدة العقد سنة واحدة.", "عقد"),
        ("ระยะเวลาของสัญญาหนึ่งปี", "สัญญา"),
        ("계약 기간은 일 년입니다.", "계약"),
        ("अनुबंध की अवधि एक वर्ष है।", "अनुबंध"),
        ("The amount is 1,250.00 euros on 2024-05-01.", "1250"),
        ("The amount is 1,250.00 euros on 2024-05-01.", "2024-05-01"),
        ("See O'Neil's clause 3.2.1 at 12:30.", "12:30"),
    ],
)
def test_search_in_any_script(store: LibraryStore, text: str, query: str) -> None:
    store.put_document(SOUP)
    store.put_document(make_document(text))
    assert store.search(query)[0].text == text


_QUERY = st.text() | st.lists(
    st.sampled_from(
        ['"', "'", "*", "(", ")", "NEAR", "AND", "OR", "NOT", "tenant", ":", "^", "-", "+", "{", "\x00", "terms:"]
    )
).map(" ".join)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=_QUERY)
def test_no_query_is_an_error(store: LibraryStore, query: str) -> None:
    if not store.entries():
        store.put_document(LEASE)
    for hit in store.search(query):
        assert LEASE.text[hit.start : hit.end] == hit.text
    store.find(query)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_is_kept_indexed_and_taken_out_again(store: LibraryStore, text: str) -> None:
    document = make_document(text)
    store.put_document(document)
    assert store.get_document(document.id) == document
    for hit in store.search(text):
        assert document.text[hit.start : hit.end] == hit.text
    assert store.forget(document.id)
    assert store.search(text) == ()
    assert store.check() == ()


# --- vectors and results ----------------------------------------------------------------------------------------------


def test_vectors_come_back_equal_and_add_up(store: LibraryStore) -> None:
    r = random.Random(3)
    store.put_document(LEASE)
    first, second = make_vectors(r, range(0, 600, 7)), make_vectors(r, range(500, 700))
    assert store.put_vectors(LEASE.id, "small@1", first)
    assert store.put_vectors(LEASE.id, "small@1", second)
    assert store.get_vectors(LEASE.id, "small@1") == first | second
    assert store.put_vectors(LEASE.id, "other", {5: array("f", [1.0, 2.0])})
    assert store.get_vectors(LEASE.id, "small@1") == {}  # one model's vectors at a time
    assert store.get_vectors(LEASE.id, "other") == {5: array("f", [1.0, 2.0])}
    assert store.get_vectors(LEASE.id, "none") == {}
    assert store.put_vectors(LEASE.id, "other", {})
    assert not store.put_vectors(SOUP.id, "other", first)  # not in the library: nothing to remember it by


def test_damaged_vectors_are_not_used() -> None:
    packed = pack_vectors(make_vectors(random.Random(4), range(3)))
    assert len(unpack_vectors(packed)) == 3
    for broken in (packed[:-1], packed + b"\0"):
        with pytest.raises(ValueError, match="damaged"):
            unpack_vectors(broken)


def test_results_are_replaced_by_key(store: LibraryStore) -> None:
    store.put_document(LEASE)
    assert store.get_result(LEASE.id, "summary/points/m1/p3") is None
    assert store.put_result(LEASE.id, "summary/points/m1/p3", '{"é": "\u2028"}')
    assert store.put_result(LEASE.id, "summary/points/m1/p3", "")
    assert store.get_result(LEASE.id, "summary/points/m1/p3") == ""
    assert store.get_result(LEASE.id, "summary") is None
    assert not store.put_result(SOUP.id, "summary", "x")


def test_the_oldest_results_make_room(store: LibraryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "RESULT_BYTES", 1000)
    store.put_document(LEASE)
    store.put_document(SOUP)
    store.put_result(SOUP.id, "k", "other document")
    noise = [random.Random(i).randbytes(120).hex() for i in range(10)]  # about 140 bytes when compressed
    for i, payload in enumerate(noise):
        assert store.put_result(LEASE.id, f"k{i}", payload)
    kept = [i for i in range(10) if store.get_result(LEASE.id, f"k{i}")]
    assert kept == list(range(kept[0], 10))
    assert 4 <= len(kept) < 10
    assert not store.put_result(LEASE.id, "big", random.Random(0).randbytes(2000).hex())
    assert store.get_result(SOUP.id, "k") == "other document"
    assert RESULT_BYTES >= 1 << 20


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "library"
    with LibraryStore.open(folder) as store:
        store.put_document(LEASE)
        store.search("tenant")
        files = sorted(folder.iterdir())
        assert [file.name for file in files] == ["library.sqlite3", "library.sqlite3-shm", "library.sqlite3-wal"]
        assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for item in (folder, *files):
            item.chmod(0o755)
        with LibraryStore.open(folder):
            assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_text_alone_is_read_from_packed_documents() -> None:
    document = make_random(random.Random(5), 50)
    assert document_text(pack_document(document)) == document.text


def test_a_closed_library_says_so(tmp_path: Path) -> None:
    store = LibraryStore.open(tmp_path)
    store.put_document(LEASE)
    store.close()
    store.close()
    for use in (store.entries, lambda: store.put_document(LEASE), lambda: store.search("tenant")):
        with pytest.raises(StorageError):
            use()


def test_a_newer_version_and_a_foreign_database_are_left_alone(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path) as store:
        file = store.file
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(StorageError, match="newer") as caught:
        LibraryStore.open(tmp_path)
    assert "Update" in caught.value.hint
    file.unlink()
    with sqlite3.connect(file) as raw:
        raw.execute("CREATE TABLE theirs (x)")
    raw.close()
    with pytest.raises(StorageError, match="another program"):
        LibraryStore.open(tmp_path)
    with sqlite3.connect(file) as raw:
        assert raw.execute("SELECT count(*) FROM theirs").fetchone() == (0,)
    raw.close()

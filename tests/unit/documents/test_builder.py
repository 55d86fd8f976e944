"""DocumentBuilder: whatever readers put in, offsets, pages and words agree."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimlm.documents.builder import DocumentBuilder, PlacedWord
from slimlm.documents.records import Document
from slimlm.documents.serial import SerialError, pack_document, unpack_document
from slimlm.errors import DocumentTooLargeError, NoTextError
from slimlm.settings import DocumentSettings

LIMITS = DocumentSettings(max_chars=10_000, max_pages=50)
TEXT = st.text(st.one_of(st.characters(), st.sampled_from(" \n\t-\u00ad\x01\u2028\ufeff")), max_size=30)
KINDS = st.sampled_from(["paragraph", "heading", "title", "list_item", "table_row", "footnote", "code"])
STEP = st.one_of(
    st.tuples(st.just("page")),
    st.tuples(st.just("add"), KINDS, TEXT, st.integers(0, 6)),
    st.tuples(st.just("extend"), TEXT, st.sampled_from([" ", ""])),
    st.tuples(st.just("trim"), st.integers(0, 3)),
)


def words_of(text: str, page: int) -> list[PlacedWord]:
    """A box for each run of non-blank characters, in reverse order (readers need not sort)."""
    found, start = [], None
    for i, char in enumerate([*text, " "]):
        if char.isspace() and start is not None:
            found.append(PlacedWord(start, i, page, 10.0 + start, 20.0, 10.0 + i, 30.0))
            start = None
        elif not char.isspace() and start is None:
            start = i
    return found[::-1]


def build(steps: list[tuple]) -> Document | None:  # type: ignore[type-arg]
    builder = DocumentBuilder(LIMITS)
    builder.start_page("page", "1", 600, 800)
    for step in steps:
        if step[0] == "page":
            builder.start_page("page", str(builder.n_pages + 1), 600, 800)
        elif step[0] == "add":
            builder.add(step[1], step[2], step[3] or 1, words_of(step[2], builder.n_pages))
        elif step[0] == "extend":
            builder.extend(step[1], words_of(step[1], builder.n_pages), step[2])
        elif (last := builder.last_block) and len(last[1]) > step[1]:
            builder.trim_tail(step[1])
    try:
        return builder.finish(digest="0" * 64, name="x.pdf", kind="pdf", title="", n_bytes=1)
    except NoTextError:
        return None


@given(st.lists(STEP, max_size=25))
@settings(max_examples=300, deadline=None)
def test_everything_agrees(steps: list[tuple]) -> None:  # type: ignore[type-arg]
    document = build(steps)
    if document is None:
        return
    n = len(document.text)
    assert not any(c in document.text for c in "\x01\u2028\ufeff\x00")
    assert all(0 <= b.start < b.end <= n for b in document.blocks)
    assert all(a.end <= b.start for a, b in zip(document.blocks, document.blocks[1:], strict=False))
    assert all(
        not document.text[a.end : b.start].strip() for a, b in zip(document.blocks, document.blocks[1:], strict=False)
    )
    assert all(a.end == b.start or a.end <= b.start for a, b in zip(document.pages, document.pages[1:], strict=False))
    assert document.pages[-1].end == n
    assert [page.number for page in document.pages] == list(range(1, len(document.pages) + 1))
    words = document.words
    assert len(words.xyxy) == 4 * len(words)
    assert all(words.start[i] < words.end[i] <= n for i in range(len(words)))
    assert all(words.end[i] <= words.start[i + 1] for i in range(len(words) - 1))
    for block in document.blocks:
        assert document.pages[block.page - 1].start <= block.end
        assert document.page_at(block.start).number >= block.page
    for section in document.sections:
        assert document.section_at(section.start) == section
    for i in range(len(words)):
        assert document.boxes(words.start[i], words.end[i])[0].page == words.page[i]
    assert unpack_document(pack_document(document)) == document


@given(st.lists(STEP, min_size=1, max_size=8), st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_bytes_are_refused_or_equal(steps: list[tuple], data: st.DataObject) -> None:  # type: ignore[type-arg]
    document = build(steps)
    if document is None:
        return
    packed = bytearray(pack_document(document))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(1, 255))
    try:
        found = unpack_document(bytes(packed))
    except SerialError:
        return
    assert len(found.words.start) == len(found.words.end)  # damage that went unseen still keeps the invariants
    with pytest.raises(SerialError):
        unpack_document(bytes(packed[: len(packed) // 2]))


def test_paragraph_over_a_page_break() -> None:
    builder = DocumentBuilder(LIMITS)
    builder.start_page("page", "1")
    builder.add("paragraph", "The manage-", words=[PlacedWord(0, 3, 1, 0, 0, 9, 9), PlacedWord(4, 11, 1, 10, 0, 40, 9)])
    builder.start_page("page", "2")
    builder.trim_tail(1)
    builder.extend("ment decides.", [PlacedWord(0, 4, 2, 0, 0, 20, 9), PlacedWord(5, 13, 2, 21, 0, 60, 9)], joiner="")
    builder.add("paragraph", "Next.")
    document = builder.finish(digest="", name="x", kind="pdf", title="", n_bytes=1)
    assert document.text == "The management decides.\n\nNext."
    assert [(page.start, page.end) for page in document.pages] == [(0, 10), (10, 30)]
    start = document.text.index("management")
    assert [(box.page, box.x0) for box in document.boxes(start, start + 10)] == [(1, 10.0), (2, 0.0)]
    assert document.page_at(start).number == 1
    assert document.page_at(start + 8).number == 2


def test_levels_are_settled_late() -> None:
    builder = DocumentBuilder(LIMITS)
    builder.add("heading", "One", 100)
    builder.add("heading", "One point one", 101)
    builder.add("heading", "Two", 100)
    builder.settle_levels({100: 1, 101: 2})
    document = builder.finish(digest="", name="x", kind="pdf", title="", n_bytes=1)
    assert [(s.title, s.level, document.text[s.start : s.end].strip()) for s in document.sections] == [
        ("One", 1, "One\n\nOne point one"),
        ("One point one", 2, "One point one"),
        ("Two", 1, "Two"),
    ]


def test_limits() -> None:
    builder = DocumentBuilder(DocumentSettings(max_chars=10, max_pages=1))
    with pytest.raises(DocumentTooLargeError):
        builder.add("paragraph", "more than ten characters")
    with pytest.raises(DocumentTooLargeError):
        builder.start_page("page", "2")


def test_invisible_characters_are_no_text() -> None:
    builder = DocumentBuilder(LIMITS)
    builder.add("paragraph", "\u200b\u200c\u2060")
    with pytest.raises(NoTextError):
        builder.finish(digest="", name="x", kind="text", title="", n_bytes=1)

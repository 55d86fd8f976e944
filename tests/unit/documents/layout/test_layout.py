"""Layout on made-up words: lines, columns, running lines, hyphens."""

from __future__ import annotations

import pytest

from slimlm.documents.layout.blocks import PageStyle, region_chunks
from slimlm.documents.layout.columns import regions
from slimlm.documents.layout.hyphens import Vocabulary
from slimlm.documents.layout.lines import segments
from slimlm.documents.layout.records import Line, Table, Word, place_words
from slimlm.documents.layout.running import Edges, running_lines
from slimlm.documents.layout.tables import aligned_tables, table_chunks


def line(text: str, x: float, y: float, size: float = 12.0, bold: bool = False) -> Line:
    """Words of six points per letter."""
    words, at = [], x
    for word in text.split():
        words.append(Word(word, at, y, at + 6 * len(word), y + size, size, bold))
        at += 6 * len(word) + 4
    return Line(words)


def texts(found: list[list[object]]) -> list[list[str]]:
    return [[item.text for item in region if isinstance(item, Line)] for region in found]


def test_segments_join_words_and_keep_columns_apart() -> None:
    left, right = line("the quick brown fox", 50, 100), line("jumps over dogs", 320, 100)
    found = segments([*left.words, *right.words])
    assert [item.text for item in found] == ["the quick brown fox", "jumps over dogs"]
    scattered = segments([left.words[2], left.words[0], left.words[3], left.words[1]])
    assert [item.text for item in scattered] == ["the quick brown fox"]


def prose(word: str, x: float, n: int) -> list[Line]:
    return [line(f"and {word} goes on in line number {word} here", x, 100 + 14 * i) for i in range(n)]


def test_columns_between_wide_lines() -> None:
    title = line("A title that runs over both columns of the page and more words here", 50, 60)
    closing = line("A closing line that runs over both columns of the page and more", 50, 400)
    found = regions([*prose("right", 340, 6), title, *prose("left", 50, 6), closing])
    assert [len(region) for region in found] == [1, 6, 6, 1]
    assert "left" in texts(found)[1][0]
    assert "right" in texts(found)[2][0]


def test_right_to_left_columns() -> None:
    found = regions([*prose("right", 340, 6), *prose("left", 50, 6)], rtl=True)
    assert "right" in texts(found)[0][0]


def test_table_cells_are_no_columns() -> None:
    rows = [("Cleaning windows", "120"), ("Garden work", "85"), ("Locks", "9"), ("Roof", "1000")]
    cells = [line(cell, 50 + 200 * j, 100 + 14 * i) for i, row in enumerate(rows) for j, cell in enumerate(row)]
    assert len(regions(cells)) == 1
    (table,) = aligned_tables(cells)
    assert isinstance(table, Table)
    chunks = table_chunks(table, 1)
    assert [chunk.text for chunk in chunks] == [
        "Cleaning windows: 120",
        "Garden work: 85",
        "Locks: 9",
        "Roof: 1000",
    ]
    for chunk in chunks:
        assert [chunk.text[w.start : w.end] for w in chunk.words][-1].isdigit()


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("the exam-", "ple shows", "the example shows"),
        ("a well-", "known fact", "a well-known fact"),
        ("seen neigh\u00ad", "bourhood", "seen neighbourhood"),
        ("state-of-the-", "art work", "state-of-the-art work"),
        ("Jean-", "Pierre", "Jean-Pierre"),
        ("Ein-", "und Ausgang", "Ein- und Ausgang"),
        ("the rate -", "high", "the rate - high"),
        ("no hyphen", "here", "no hyphen here"),
        ("a decision-", "maker", "a decision-maker"),
        ("12-", "month term", "12-month term"),
    ],
)
def test_hyphens(before: str, after: str, joined: str) -> None:
    vocabulary = Vocabulary()
    vocabulary.learn("Every decision-maker reads examples.")
    cut, between = vocabulary.join(before, after) or (0, " ")
    assert before[: len(before) - cut] + between + after == joined


def test_running_lines() -> None:
    pages = [
        [line("Annual Report", 50, 30), line(f"Chapter {2 * i}", 50, 90, 20), line(f"Page {i}", 250, 800)]
        for i in range(1, 6)
    ]
    edges = [Edges(lines, 842) for lines in pages]
    assert running_lines(edges, 2, 5) == {id(pages[2][0]), id(pages[2][2])}


def test_repeated_text_that_touches_the_body_stays() -> None:
    pages = [[line("Fee 12 due", 50, 60), line(f"unlike others {'x' * i}", 50, 73)] for i in range(1, 6)]
    assert running_lines([Edges(lines, 842) for lines in pages], 2, 5) == set()


def test_blocks() -> None:
    style = PageStyle(1, 842, 12.0, Vocabulary())
    lines = [
        line("3.2 Rent", 50, 100, 16, bold=True),
        line("The tenant pays on the first day of the", 50, 130),
        line("month.", 50, 144),
        line("Sincerely yours", 50, 172),
        line("Ann Example", 50, 186),
        line("• first thing that is quite long and goes", 50, 214),
        line("on here", 62, 228),
        line("• second thing", 50, 242),
    ]
    chunks = region_chunks(lines, style)
    assert [(chunk.kind, chunk.text) for chunk in chunks] == [
        ("heading", "3.2 Rent"),
        ("paragraph", "The tenant pays on the first day of the month."),
        ("paragraph", "Sincerely yours"),
        ("paragraph", "Ann Example"),
        ("list_item", "• first thing that is quite long and goes on here"),
        ("list_item", "• second thing"),
    ]
    for chunk in chunks:
        assert all(chunk.text[w.start : w.end].strip() for w in chunk.words)


def test_place_words_respects_glue() -> None:
    words = [Word("m", 0, 0, 5, 9, 9), Word("²", 5, 0, 8, 5, 5, glued=True), Word("wide", 12, 0, 30, 9, 9)]
    text, placed = place_words(words, 3)
    assert text == "m² wide"
    assert [text[w.start : w.end] for w in placed] == ["m", "²", "wide"]

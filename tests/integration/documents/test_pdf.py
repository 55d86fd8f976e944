"""PDFs drawn by the test are read back: words at their places, columns in order, tables as rows."""

from __future__ import annotations

from pathlib import Path

import pdf_samples as samples
import pytest

from slimlm.documents import read_document
from slimlm.documents.records import Box, Document


def iou(a: Box, b: samples.Drawn) -> float:
    across = max(min(a.x1, b.x1) - max(a.x0, b.x0), 0) * max(min(a.y1, b.y1) - max(a.y0, b.y0), 0)
    both = (a.x1 - a.x0) * (a.y1 - a.y0) + (b.x1 - b.x0) * (b.y1 - b.y0)
    return across / (both - across)


def block_texts(document: Document, *kinds: str) -> list[str]:
    return [document.text[b.start : b.end] for b in document.blocks if not kinds or b.kind in kinds]


def test_boxes_of_known_words(tmp_path: Path) -> None:
    drawn = samples.placed_words(tmp_path / "a.pdf")
    document = read_document(tmp_path / "a.pdf")
    at = 0
    for word in drawn:
        at = document.text.index(word.text, at)
        (box,) = document.boxes(at, at + len(word.text))
        assert iou(box, word) >= 0.7, (word, box)
        at += len(word.text)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_turned_pages(tmp_path: Path, turns: int) -> None:
    (word,) = samples.rotated(tmp_path / "a.pdf", turns)
    document = read_document(tmp_path / "a.pdf")
    assert document.text == "Turned pages are read like any other page. Their second line follows the first one."
    assert iou(document.boxes(0, 6)[0], word) >= 0.7


def test_two_columns(tmp_path: Path) -> None:
    samples.two_columns(tmp_path / "a.pdf")
    document = read_document(tmp_path / "a.pdf")
    assert document.title == "Rivers and Mountains of the North"
    paragraphs = block_texts(document, "paragraph")
    assert paragraphs[0].startswith("This abstract runs over")
    assert paragraphs[1:-1] == [*samples.LEFT, *samples.RIGHT]
    assert paragraphs[-1].startswith("Both columns end above")


def test_three_columns(tmp_path: Path) -> None:
    samples.three_columns(tmp_path / "a.pdf")
    paragraphs = block_texts(read_document(tmp_path / "a.pdf"))
    assert [text.split()[0] for text in paragraphs] == ["Alpha", "Bravo", "Charlie"]
    assert all(text.count("opens a column of small print") == 6 for text in paragraphs)


def test_report(tmp_path: Path) -> None:
    samples.report(tmp_path / "a.pdf", watermark=True)
    document = read_document(tmp_path / "a.pdf")
    assert document.title == "Annual Report"
    assert "Lantern Society" not in document.text
    assert "Page 2 of" not in document.text
    assert "DRAFT" not in document.text
    assert [notice.code for notice in document.notices] == ["diagonal_text"]
    assert [(s.level, s.title) for s in document.sections] == [
        (1, "Annual Report"),
        *[entry for i in range(1, 5) for entry in ((2, f"{i}. Season number {i}"), (3, f"{i}.1 Costs"))],
    ]
    paragraphs = block_texts(document, "paragraph")
    assert len(paragraphs) in (8, 9), "paragraphs go on over page breaks"
    assert all(text.startswith("The society lit") and text.endswith("that night.") for text in paragraphs)
    assert len(document.pages) > 2
    for block in document.blocks:
        assert document.pages[block.page - 1].start <= block.start < document.pages[block.page - 1].end


def test_tables(tmp_path: Path) -> None:
    samples.tables(tmp_path / "a.pdf")
    document = read_document(tmp_path / "a.pdf")
    assert block_texts(document, "table_row") == [
        "Service: Cleaning of windows; Price: 120.00; Due: May",
        "Service: Garden; Price: 85.50; Due: June",
        "Service: Locks; Price: 9.99; Due: July",
        "City: Olhao; People: 44,000",
        "City: Tavira; People: 26,000",
        "City: Faro; People: 67,000",
        "Month: March; Rain (mm): 61; Days: 12",
        "Month: April; Rain (mm): 48; Days: 9",
        "Month: May; Rain (mm): 55; Days: 10",
    ]
    price = document.text.index("120.00")
    (box,) = document.boxes(price, price + 6)
    assert 20 < box.x1 - box.x0 < 45
    assert block_texts(document, "paragraph")[-1] == "And a closing sentence after all of them."


def test_hyphens(tmp_path: Path) -> None:
    samples.hyphens(tmp_path / "a.pdf")
    document = read_document(tmp_path / "a.pdf")
    assert document.text == (
        "The agreement covers the whole of the management of the house and is a well-known example of long-term "
        "planning in the neighbourhood of Jean-Pierre Martin. The management also pays for Ein- und Ausgang in full."
    )
    start = document.text.index("neighbourhood")
    first, second = document.boxes(start, start + len("neighbourhood"))
    assert second.y0 > first.y1 - 2
    assert second.x0 < first.x0


def test_hidden_text_is_left_out(tmp_path: Path) -> None:
    samples.hidden(tmp_path / "a.pdf")
    document = read_document(tmp_path / "a.pdf")
    assert document.text == "The rent is nine hundred euros a month.\n\nWhite on blue is meant to be read."
    assert [notice.code for notice in document.notices] == ["hidden_text"]


def test_margin_remark_stays_out_of_the_text(tmp_path: Path) -> None:
    samples.sideways(tmp_path / "a.pdf")
    texts = block_texts(read_document(tmp_path / "a.pdf"))
    assert texts == [*samples.LEFT, "arXiv:2401.01234 filed in March"]


def test_footnotes(tmp_path: Path) -> None:
    samples.footnotes(tmp_path / "a.pdf")
    document = read_document(tmp_path / "a.pdf")
    assert "pays the rent. The landlord" in document.text
    assert "in repair and the flat measures 64 m² in all." in document.text
    assert block_texts(document, "footnote") == ["1 By bank transfer only.", "2 Except for storms."]


def test_chinese_lines_join_without_spaces(tmp_path: Path) -> None:
    samples.chinese(tmp_path / "a.pdf")
    document = read_document(tmp_path / "a.pdf")
    assert (
        document.text
        == "本合同自二零二四年三月一日起生效，租金每月为三千元，押金为两个月租金。双方应当遵守本合同的各项条款。"
    )


def test_vertical_columns_are_not_mixed(tmp_path: Path) -> None:
    """pdfium loses one column of this page; what it gives must be in order, and the person must be told."""
    samples.vertical(tmp_path / "a.pdf")
    document = read_document(tmp_path / "a.pdf")
    columns = ("第一条の規則を定める。", "勤務時間は午前九時から", "午後六時までとする。")
    found = [document.text.find(column) for column in columns if column in document.text]
    assert len(found) >= 2
    assert found == sorted(found)
    assert [notice.code for notice in document.notices] == ["vertical_text"]


def test_hebrew_is_in_logical_order(tmp_path: Path) -> None:
    samples.hebrew(tmp_path / "a.pdf")
    document = read_document(tmp_path / "a.pdf")
    assert "חוזה שכירות בין המשכיר לבין השוכר" in document.text
    start = document.text.index("שכירות")
    (box,) = document.boxes(start, start + 6)
    assert 300 < box.x0 < box.x1 < 500


def test_contents_lines(tmp_path: Path) -> None:
    samples.contents(tmp_path / "a.pdf")
    assert "2 Duties of the parties … 7" in block_texts(read_document(tmp_path / "a.pdf"))


def test_many_pages(tmp_path: Path) -> None:
    """Smoke: hundreds of pages within the usual limits. How fast is a matter for the benchmark."""
    samples.report(tmp_path / "a.pdf", n_pages=150)
    document = read_document(tmp_path / "a.pdf")
    assert len(document.pages) >= 75
    # A paragraph whose sentence ends with the page may end there too; no sentence is ever torn.
    for text in block_texts(document, "paragraph"):
        assert text.startswith("The society lit")
        assert text.endswith("that night.")

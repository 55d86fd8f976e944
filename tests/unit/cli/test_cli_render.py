from __future__ import annotations

from dataclasses import replace

import pytest
from cli_fakes import DEPOSIT, RENT, FakeAssistant, make_document, quoted

from slimlm.assistant.records import Answer, Claim, Coverage, OutlineEntry, cite
from slimlm.cli import render
from slimlm.cli.lines import Line, cell_width, pad, table


def text_of(lines: list[Line]) -> list[str]:
    return [" " * item.indent + item.mark + "".join(span.text for span in item.spans) for item in lines]


def test_a_claim_stands_above_its_quotes() -> None:
    claim = Claim("It costs 950 euros.", (cite(make_document(), *RENT),), "verified")
    assert text_of(render.claim_with_quotes(claim)) == [
        "It costs 950 euros.",
        "  “The rent is 950 euros a month.” — lease.pdf, p. 1 · Tenancy",
    ]


def test_a_claim_that_is_the_quote_is_shown_once() -> None:
    lines = text_of(render.claim_with_quotes(quoted(make_document(), DEPOSIT)))
    assert lines == ["“The deposit is 1900 euros.” — lease.pdf, p. ii · Tenancy"]


@pytest.mark.parametrize(
    ("kind", "label", "number", "name"),
    [
        ("page", "iv", 4, "p. iv"),
        ("page", "", 4, "p. 4"),
        ("slide", "Slide 3", 3, "Slide 3"),
        ("slide", "3", 3, "slide 3"),
        ("sheet", "Budget", 1, "sheet Budget"),
        ("part", "", 1, ""),
        ("part", "1", 1, ""),
        ("part", "Booking", 3, "Booking"),
    ],
)
def test_what_a_page_is_called(kind: str, label: str, number: int, name: str) -> None:
    assert render.page_name(kind, label, number) == name


def test_not_found_offers_the_closest_passages() -> None:
    answer = Answer("Why?", "not_found", closest=(cite(make_document(), *RENT),))
    assert text_of(render.not_found(answer, 1))[0] == "Not in this document."
    assert text_of(render.not_found(answer, 2))[0] == "Not in these documents."
    assert "950 euros" in text_of(render.not_found(answer, 1))[2]
    assert len(render.not_found(replace(answer, closest=()), 1)) == 1


@pytest.mark.parametrize(
    ("coverage", "text"),
    [
        (Coverage(214, 214), "Read: all 214 sentences on 2 pages."),
        (Coverage(214, 214, (2,)), "Read: all 214 sentences on 2 pages; pages without text: 2."),
        (Coverage(107, 214), "Read: 107 of 214 sentences (50%) on 2 pages."),
    ],
)
def test_coverage(coverage: Coverage, text: str) -> None:
    assert text_of([render.coverage(coverage, make_document())]) == [text]


def test_ranges() -> None:
    assert render.ranges((3, 1, 2, 7, 9, 10)) == "1–3, 7, 9–10"
    assert render.ranges(tuple(range(1, 60, 2))).endswith(", …")


def test_long_quotes_are_cut_on_the_screen() -> None:
    assert len(render.shortened("word " * 1000)) <= render.MAX_QUOTE_CHARS + 1


def test_a_long_outline_shows_its_highest_levels() -> None:
    entries = tuple(OutlineEntry(f"{i}", 1 if i % 5 == 0 else 2, 1, "1", i, i) for i in range(20))
    assert [e.level for e in render.shown_entries(entries, 10)] == [1, 1, 1, 1]
    assert len(render.shown_entries(entries, None)) == 20


def test_the_outline_says_what_was_opened() -> None:
    document = make_document()
    lines = text_of(render.outline(FakeAssistant().outline(document), document))
    assert lines[:2] == ["Tenancy", "lease.pdf · PDF · 2 pages · 12 words · English"]
    assert "  Rent · p. 1" in lines


def test_pages_are_found_by_label_and_number() -> None:
    document = make_document()
    assert [render.find_page(document, wanted) for wanted in ("II", "2", "page 1", "3", "x")] == [
        document.pages[1], document.pages[1], document.pages[0], None, None,
    ]  # fmt: skip


def test_wide_characters_count_twice() -> None:
    assert cell_width("在宅a") == 5
    assert cell_width("e\u0301") == 1
    rows = table([("在宅", "x"), ("abc", "y")], ("plain", "plain"))
    assert [cell_width(item.spans[0].text) for item in rows] == [6, 6]
    assert pad("在", 4) == "在  "


@pytest.mark.parametrize(
    ("size", "text"), [(92_871_040, "93 MB"), (1_066_000_000, "1.1 GB"), (81_920, "82 kB"), (1_500_000, "2 MB")]
)
def test_sizes(size: int, text: str) -> None:
    assert render.megabytes(size) == text

# ruff: noqa: E501  (markup and layouts are clearer unbroken)
from __future__ import annotations

import contextlib
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Read, Shown
from slimlm.errors import DocumentTooLargeError, NoTextError, SlimLMError, UnsupportedDocumentError
from slimlm.settings import DocumentSettings

AGREEMENT = """SERVICE AGREEMENT

between Acme Ltd and Bolt GmbH

1. Scope

The Supplier shall deliver the well-
known goods to the inter-
national warehouse, as the parties have agreed in writing and in good
faith, within 30 days. The international rules apply here too, see page
12. Nothing else does.

  - Hammers of all kinds, including those with long wooden handles that
    are sold separately
  - Nails

    Item            Qty      Price
    ------------------------------
    Hammer            3      12.00
    Nails           500       4.50

2. Payment
==========

(a) Invoices are due within 14 days of receipt of the invoice by the
customer at its registered office.
(b) Interest is 5%.

Name: Ada Lind
Date: 1 May 2024

Acme Ltd
12 High Street
London

Roses are red,
Violets are blue and fine,
Sugar is sweet,
And so are you.
"""


def test_structure(read: Read, shown: Shown) -> None:
    document = read(AGREEMENT, "text")
    assert document.title == "SERVICE AGREEMENT"
    assert shown(document) == [
        "title1: SERVICE AGREEMENT",
        "paragraph: between Acme Ltd and Bolt GmbH",
        "heading1: 1. Scope",
        "paragraph: The Supplier shall deliver the well-known goods to the international warehouse, as the parties have "
        "agreed in writing and in good faith, within 30 days. The international rules apply here too, see page 12. "
        "Nothing else does.",
        "list_item2: - Hammers of all kinds, including those with long wooden handles that are sold separately",
        "list_item2: - Nails",
        "table_row: Item: Hammer; Qty: 3; Price: 12.00",
        "table_row: Item: Nails; Qty: 500; Price: 4.50",
        "heading1: 2. Payment",
        "list_item1: (a) Invoices are due within 14 days of receipt of the invoice by the customer at its registered "
        "office.",
        "list_item1: (b) Interest is 5%.",
        "paragraph: Name: Ada Lind\nDate: 1 May 2024",
        "paragraph: Acme Ltd\n12 High Street\nLondon",
        "paragraph: Roses are red,\nViolets are blue and fine,\nSugar is sweet,\nAnd so are you.",
    ]


def test_line_per_paragraph_is_not_joined(read: Read, shown: Shown) -> None:
    one = (
        "This paragraph stands on one line, however long it may become, and it ends with a full stop, as it should. "
        * 2
    )
    document = read(f"{one}\n{one}\n", "text")
    assert shown(document) == [f"paragraph: {one.strip()}"] * 2


def test_scripts_without_spaces_are_joined_without_one(read: Read) -> None:
    text = "これは長い日本語の文章で、行の途中で折り返されていますが、本来は一つの段落\nとして読まれるべきものです。\n"
    assert read(text, "text").text == text.replace("\n", "")


def test_form_feeds_begin_pages_without_running_lines(read: Read, shown: Shown) -> None:
    body = "The quick brown fox jumps over the lazy dog and then it runs away from\n"
    ending = "it again and again until the end of the"
    pages = [f"RFC 9999        A Protocol\n\n{body * 2}{ending}\n\n- {i} -\n" for i in range(1, 5)]
    document = read("\f".join(pages), "text")
    assert [page.kind for page in document.pages] == ["page"] * 4
    assert "RFC" not in document.text
    assert "- 1 -" not in document.text


def test_barred_table(read: Read, shown: Shown) -> None:
    text = "+------+-----+\n| Name | Age |\n+------+-----+\n| Ada  | 36  |\n| Bo   | 41  |\n+------+-----+\n"
    assert shown(read(text, "text")) == ["table_row: Name: Ada; Age: 36", "table_row: Name: Bo; Age: 41"]


def test_comma_separated(read: Read, shown: Shown) -> None:
    document = read('Item,Price\n"Hammer, big",12.5\nNail,0.1\nSaw,3\n', "text", name="list.csv")
    assert shown(document)[0] == "table_row: Item: Hammer, big; Price: 12.5"


def test_limits(read: Read) -> None:
    with pytest.raises(DocumentTooLargeError):
        read("word " * 1000, "text", replace(DocumentSettings(), max_chars=1000))
    with pytest.raises(DocumentTooLargeError):
        read("a,b\n" * 1000, "text", replace(DocumentSettings(), max_cells=1000), name="a.csv")


def test_no_text(read: Read) -> None:
    with pytest.raises(NoTextError):
        read("\u200b\u2060\ufeff\n", "text")
    with pytest.raises(UnsupportedDocumentError):
        read(bytes(range(32)) * 200, "text")


@pytest.mark.parametrize("line", ["word " * 2_000_000, "a" * 10_000_000])
def test_ten_million_characters_on_one_line(read: Read, line: str) -> None:
    started = time.process_time()
    assert len(read(line, "text").text) == len(line.strip())
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "unit", ["a    b\nc      d e\n", "a|b\n|||||\n", "a\n", "- a\n", "=====\nx\n", "1. a\n\n", "A:\n"]
)
def test_hostile_repetition_takes_linear_time(read: Read, unit: str) -> None:
    started = time.process_time()
    read(unit * 10_000, "text")
    assert time.process_time() - started < 10


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(read: Read, data: bytes) -> None:
    with contextlib.suppress(SlimLMError):
        read(data, "text")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab1.- \n\t|+=A:\f*(", max_size=300))
def test_any_layout_loses_no_word(read: Read, text: str) -> None:
    try:
        document = read(text, "text")
    except SlimLMError:
        return
    # Table rows may repeat headers; nothing may vanish but drawn lines, page numbers and running lines.
    if "\f" not in text and "|" not in text and document.blocks and all(b.kind != "table_row" for b in document.blocks):
        assert sum(c in "abA" for c in document.text) == sum(c in "abA" for c in text)

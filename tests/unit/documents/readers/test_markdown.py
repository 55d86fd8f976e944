from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Read, Shown
from slimlm.errors import SlimLMError

NOTES = """---
title: "Minutes of May"
date: 2024-05-01
---
# Minutes *of* the meeting

A [link](http://example.com "t"), `code`, **bold** and a
soft break.\\
Hard break. ![alt](x.png) H<sub>2</sub>O &amp; more \\* star[^1].

[^1]: A note.

Sub
---

1. one
2. two
   - deeper
   - [x] done
3. three

   more of three

| Item | Price |
|------|------:|
| Rent | **900** |

```python
print(1)
```

> quoted text

<div align="center">centred <b>text</b></div>

<!-- a comment -->
"""


def test_structure(read: Read, shown: Shown) -> None:
    document = read(NOTES, "markdown")
    assert document.title == "Minutes of May"
    assert shown(document) == [
        "heading1: Minutes of the meeting",
        "paragraph: A link, code, bold and a soft break.\nHard break. H2O & more * star[^1].",
        "footnote: A note.",
        "heading2: Sub",
        "list_item1: 1. one",
        "list_item1: 2. two",
        "list_item2: deeper",
        "list_item2: done",
        "list_item1: 3. three",
        "list_item1: more of three",
        "table_row: Item: Rent; Price: 900",
        "code: print(1)",
        "paragraph: quoted text",
        "paragraph: centred text",
    ]


@pytest.mark.parametrize(
    "text",
    [
        ">" * 20_000 + "x", "- " * 3000 + "x", "[" * 50_000, "*a " * 20_000, "`a" * 20_000, "[a](b" * 10_000,
        "<a " * 20_000, "**a*_b " * 10_000, "<!-- " * 10_000 + "-->x", "![" * 20_000, "a\n===\n" * 500,
        "|a|b|\n|-|-|\n" + "|1|2|\n" * 5000,
    ],
)  # fmt: skip
def test_pathological_input_is_read_quickly(read: Read, text: str) -> None:
    started = time.process_time()
    assert read(text + "\n\nThe last paragraph.", "markdown").text.endswith("The last paragraph.")
    assert time.process_time() - started < 10


def test_text_after_deep_nesting_is_not_lost(read: Read) -> None:
    lists = "".join("  " * i + "- a\n" for i in range(300))
    assert "the end" in read(lists + "\nthe end\n", "markdown").text


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.binary(max_size=300), st.text(alphabet="ab1.- \n\t|+=#>*`[]()!<_~:^", max_size=200).map(str.encode))
)
def test_any_input(read: Read, data: bytes) -> None:
    with contextlib.suppress(SlimLMError):
        read(data, "markdown")

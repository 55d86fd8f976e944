"""What every spreadsheet format is read into before it becomes text: the cells that hold something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True)
class Sheet:
    name: str
    is_hidden: bool = False
    rows: dict[int, dict[int, str]] = field(default_factory=dict)  # row -> column -> text, both from 0, no empty text
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)  # first row and column, last row and column
    strong: dict[int, int] = field(default_factory=dict)  # row -> number of its cells in bold or coloured type
    headers: set[int] = field(default_factory=set)  # rows that the file itself calls a header (a table, a filter)
    has_comments: bool = False


class Workbook(Protocol):
    title: str

    @property
    def n_sheets(self) -> int: ...

    def sheets(self) -> Iterator[Sheet]: ...

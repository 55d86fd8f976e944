"""Writes the table of docs/errors.md from ``slimlm.errors``: ``python tests/docs/error_table.py``."""

from __future__ import annotations

import inspect
from pathlib import Path

from slimlm import errors
from slimlm.errors import SlimLMError

FILE = Path(__file__).parents[2] / "docs" / "errors.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def error_classes() -> list[type[SlimLMError]]:
    found = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, SlimLMError)]
    return sorted(found, key=lambda c: (c.exit_code, c.__name__))


def table() -> str:
    rows = ["| Exit code | HTTP | `code` | What to do |", "|---|---|---|---|"]
    for kind in error_classes():
        hint = kind.default_hint.replace("|", "\\|")
        rows.append(f"| {kind.exit_code} | {kind.http_status} | `{kind('x').code}` | {hint} |")
    return "\n".join(rows)


def with_table(text: str) -> str:
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    FILE.write_text(with_table(FILE.read_text("utf-8")), "utf-8")

"""Renders the sources of the evaluation corpus to documents: ``python tests/quality/make_corpus.py [split ...]``.

Without arguments both splits are rendered. The result is kept in the repository as well, since what is measured must
not change with the version of a rendering library; run this again only after a source was changed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rendering import read_source, render

HERE = Path(__file__).resolve().parent
SPLITS = ("dev", "test")


def make_split(split: str, only: set[str]) -> int:
    """Renders one split, drops documents whose source is gone, and returns how many bytes it holds.

    A document whose bytes would not change is left alone, so that its time stamp does not move.
    """
    target = HERE / "corpus" / split
    target.mkdir(parents=True, exist_ok=True)
    total = 0
    wanted: set[str] = set()
    for path in sorted((HERE / "sources" / split).glob("*.md")):
        source = read_source(path)
        wanted.add(source.file_name)
        document = target / source.file_name
        if not only or source.slug in only:
            data = render(source)
            if not document.exists() or document.read_bytes() != data:
                document.write_bytes(data)
                print(f"{split}/{source.file_name}: {len(data)} bytes")
        total += document.stat().st_size if document.exists() else 0
    for stale in target.iterdir():
        if stale.name not in wanted and not stale.name.startswith("."):
            stale.unlink()
    return total


def main() -> int:
    """Renders what the command line names and prints the size of each split."""
    parser = argparse.ArgumentParser(description="Render the evaluation corpus from its sources.")
    parser.add_argument("splits", nargs="*", default=list(SPLITS), help="which splits to render (default: both)")
    parser.add_argument("--only", action="append", default=[], metavar="SLUG", help="render only this source")
    arguments = parser.parse_args()
    unknown = set(arguments.splits) - set(SPLITS)
    if unknown:
        parser.error(f"unknown split: {', '.join(sorted(unknown))}")
    for split in arguments.splits:
        print(f"{split}: {make_split(split, set(arguments.only)) / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

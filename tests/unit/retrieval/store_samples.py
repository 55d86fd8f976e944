"""Small documents for the store's tests, also imported by the processes that they start."""

from __future__ import annotations

import hashlib
import random
from array import array

from slimlm.documents.records import Block, Document, Page, Section, WordBoxes


def make_document(*paragraphs: str, name: str = "lease.pdf", title: str = "Lease") -> Document:
    text, blocks = "", []
    for paragraph in paragraphs:
        blocks.append(Block("paragraph", len(text), len(text) + len(paragraph), 1))
        text += paragraph + "\n"
    words = WordBoxes(array("I", [0]), array("I", [1]), array("I", [1]), array("f", [72.0, 72.0, 80.5, 84.25]))
    return Document(
        id=hashlib.sha256((text + name).encode()).hexdigest(),
        name=name,
        format="pdf",
        title=title,
        text=text,
        pages=(Page(1, "page", "1", 0, len(text), 612.0, 792.0),),
        blocks=tuple(blocks),
        sections=(Section("Terms", 1, 0, len(text), 1),),
        words=words,
        n_bytes=len(text),
    )


def rare_word(r: random.Random) -> str:
    """Twelve letters that occur nowhere else, and that no stemmer changes."""
    return "".join(r.choice("bcdfghjklmnpqrtvwxz") for _ in range(12))


def make_random(r: random.Random, n_sentences: int, marks: list[str] | None = None) -> Document:
    """Sentences of common words, with every mark once."""
    common = "tenant landlord deposit month rent notice pays within days after house repair key garden".split()
    sentences = [
        " ".join(r.choices(common, k=12)).capitalize() + f" {r.randint(1, 10**9)}." for _ in range(n_sentences)
    ]
    for mark in marks or []:
        sentences.insert(r.randrange(len(sentences) + 1), f"The {mark} is due.")
    return make_document(
        *(" ".join(sentences[i : i + 4]) for i in range(0, len(sentences), 4)), name=f"{r.random()}.pdf"
    )


def make_vectors(r: random.Random, indices: range, width: int = 64) -> dict[int, array[float]]:
    return {i: array("f", [r.gauss(0, 0.1) for _ in range(width)]) for i in indices}

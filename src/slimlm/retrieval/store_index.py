"""The full-text index of the library: a contentless FTS5 table over the terms of every sentence.

What enters: lines of terms, one a sentence. What leaves: rowids of sentences that match, best first. The text itself is
not in it; what was put in is kept beside it (``contents.terms``), because only that takes it out again.
"""

from __future__ import annotations

import re
import sqlite3
import struct
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from slimlm.documents.records import Document
from slimlm.retrieval.index import TermIndex
from slimlm.retrieval.sentences import split_sentences
from slimlm.retrieval.store_blobs import pack_lines, pack_spans, unpack_lines
from slimlm.retrieval.words import terms

TERMS_VERSION = 1  # raise it when sentences.py or words.py change: documents are then indexed anew when put again
# A sentence's rowid is its document's number and, in the low bits, its position: 16 million are more than a document
# within the limits can hold.
SENTENCE_BITS = 24
_MAX_SENTENCES = 1 << SENTENCE_BITS
_QUERY_TERMS = 64  # of one search; more cost time and tell nothing
_IDEOGRAM = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
# What damaged bytes make of the functions that unpack them.
DAMAGE = (ValueError, zlib.error, struct.error, KeyError, TypeError, IndexError, MemoryError)


@dataclass(frozen=True, slots=True)
class Content:
    """What the table ``contents`` keeps of a document."""

    packed: bytes
    spans: bytes
    terms: bytes


@dataclass(frozen=True, slots=True)
class Match:
    number: int  # of the document
    sentence: int
    score: float


def content_of(document: Document, packed: bytes, index: TermIndex | None) -> Content:
    sentences = (index.sentences if index else split_sentences(document))[:_MAX_SENTENCES]
    found: Iterable[Iterable[str]] = index.terms if index else (terms(s.text) for s in sentences)
    lines = [" ".join(line) for line in found][:_MAX_SENTENCES]
    return Content(packed, pack_spans([(s.start, s.end) for s in sentences]), pack_lines(lines))


def count_words(text: str) -> int:
    """As word processors count: what stands between spaces, and every Han or kana character."""
    return len(text.split()) + len(_IDEOGRAM.findall(text))


def put_content(db: sqlite3.Connection, number: int, content: Content) -> None:
    row = (number, content.packed, content.spans, content.terms, TERMS_VERSION)
    db.execute("INSERT INTO contents VALUES (?, ?, ?, ?, ?)", row)
    _index(db, number, content.terms)


def drop_content(db: sqlite3.Connection, number: int) -> None:
    """Take the text, its index, vectors and results away; the entry stays."""
    row = db.execute("SELECT terms FROM contents WHERE number = ?", (number,)).fetchone()
    for table in ("contents", "vectors", "results"):
        db.execute(f"DELETE FROM {table} WHERE number = ?", (number,))  # noqa: S608  (three constants)
    try:
        rows = _rows(number, row[0]) if row else []
    except DAMAGE:  # nobody knows any more what to take out: forgetting must work all the same
        _index_all(db)
    else:
        db.executemany("INSERT INTO sentence_index (sentence_index, rowid, terms) VALUES ('delete', ?, ?)", rows)


def merge_index(db: sqlite3.Connection) -> None:
    """Write the index anew as one run: only then are removed terms gone from it (in every version of SQLite)."""
    db.execute("INSERT INTO sentence_index (sentence_index) VALUES ('optimize')")


def drop_index(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO sentence_index (sentence_index) VALUES ('delete-all')")


def check_index(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO sentence_index (sentence_index) VALUES ('integrity-check')")


def match(db: sqlite3.Connection, query: str, limit: int) -> list[Match]:
    """The sentences that share most with ``query`` by BM25. No query is an error: its terms are quoted, so nothing in
    them is an operator."""
    wanted = list(dict.fromkeys(terms(query)))[:_QUERY_TERMS]
    if not wanted or limit < 1:
        return []
    expression = " OR ".join('"' + term.replace('"', '""') + '"' for term in wanted)
    rows = db.execute(
        "SELECT rowid, rank FROM sentence_index WHERE sentence_index MATCH ? ORDER BY rank LIMIT ?", (expression, limit)
    )
    return [Match(rowid >> SENTENCE_BITS, rowid & (_MAX_SENTENCES - 1), -rank) for rowid, rank in rows]


def _index_all(db: sqlite3.Connection) -> None:
    """Make the index anew from the terms of every document; one whose terms are damaged is left out."""
    drop_index(db)
    for (number,) in db.execute("SELECT number FROM contents").fetchall():
        (packed,) = db.execute("SELECT terms FROM contents WHERE number = ?", (number,)).fetchone()
        with suppress(*DAMAGE):
            _index(db, number, packed)


def _index(db: sqlite3.Connection, number: int, packed_terms: bytes) -> None:
    db.executemany("INSERT INTO sentence_index (rowid, terms) VALUES (?, ?)", _rows(number, packed_terms))


def _rows(number: int, packed_terms: bytes) -> list[tuple[int, str]]:
    lines = unpack_lines(packed_terms)
    return [(number << SENTENCE_BITS | i, line) for i, line in enumerate(lines) if line]

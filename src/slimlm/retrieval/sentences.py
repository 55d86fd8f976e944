"""Document -> sentences: the unit of search, of quotes and of claims. They never cross a block's border.

Rules, not a model: a sentence ends at . ! ? and their equivalents in other scripts, unless what stands before is an
abbreviation, an initial or a number that goes on. A table row is one sentence; so is a heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from slimlm.documents.records import Block, Document
from slimlm.retrieval.records import Sentence
from slimlm.retrieval.vocabulary import STOP_WORDS
from slimlm.retrieval.words import fold

MAX_CHARS = 420  # longer sentences are cut at a semicolon, colon or comma: a quote must be short enough to be read

_END = re.compile(
    # possessive and behind no other mark: a run of 100,000 dots is looked at once
    r"(?<![.!?؟۔…])[.!?؟۔…]++[\"'”’»)\]]*+(?=\s)|[。！？｡]++[」』”）)]*+|(?<=[:;])\n|\n(?=[^\S\n]*+(?:[-•*–]|\(?[a-z0-9]{1,3}[.)]\s))"
)
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st jr sr no nos art arts sec secs cl par para fig figs eq eqs ref refs vol vols ed eds p pp ch "
    "approx appr dept est inc ltd co corp bros vs etc e.g i.e cf al a.m p.m u.s u.k jan feb mar apr jun jul aug sep sept "
    "oct nov dec mon tue wed thu fri sat sun tel ext max min temp nr abs bzw ca z.b d.h u.a usw inkl zzgl ggf str hr fr "
    "av bd mme mlle m sr sra ud uds ej pag num dña".split()
)
# Before an ordinal: "am 3. Quartal" and so on. Words that begin a sentence are excluded by what follows, see _is_ordinal.
_ARTICLES = frozenset("der die das den dem des am im vom zum zur beim ins jeder jede jedes jeden".split())
_MONTHS = frozenset(
    "januar janner jan februar feber feb marz mar april apr mai juni juin jun juli jul august aug september sept sep oktober "
    "okt november nov dezember dez january february march may june july october december january januari februari maart mei "
    "augustus".split()
)
_LOOK_BACK = 60  # characters; longer than any abbreviation with the word before it
_LAST_WORD = re.compile(r"[^\s(\[“\"'‘]+$")
_NEXT_WORD = re.compile(r"\s*(\w+)")
_CLAUSE_NUMBER = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[ivxlc]{1,5}|[a-z])\)?")
_SOFT = re.compile(r";\s|:\s|—\s|\s–\s|,\s|、|，|；|،\s")


_REFERS_BACK = re.compile(r"^(?:it|this|that|these|those|they|he|she|such|the (?:same|latter|former))\b", re.IGNORECASE)


def refers_back(text: str) -> bool:
    """Whether a sentence begins with a word that stands for something in the sentence before it."""
    return _REFERS_BACK.match(text) is not None


def split_sentences(document: Document) -> tuple[Sentence, ...]:
    """All sentences of ``document`` in order; ``document.text[s.start:s.end] == s.text``."""
    found: list[Sentence] = []
    headings: list[tuple[int, str]] = []  # (level, title) of the sections that are open here
    for number, block in enumerate(document.blocks):
        if block.kind in ("title", "heading"):
            while headings and headings[-1][0] >= block.level:
                headings.pop()
        context = tuple(title for _, title in headings)
        for start, end in _spans(document.text, block):
            page = block.page if end <= _page_end(document, block.page) else document.page_at(start).number
            found.append(Sentence(len(found), start, end, document.text[start:end], number, page, block.kind, context))
        if block.kind in ("title", "heading"):
            headings.append((block.level, " ".join(document.text[block.start : block.end].split())))
    return tuple(found)


def _page_end(document: Document, number: int) -> int:
    return document.pages[number - 1].end if 0 < number <= len(document.pages) else len(document.text)


def _spans(text: str, block: Block) -> Iterator[tuple[int, int]]:
    if block.kind in ("title", "heading", "table_row"):
        yield block.start, block.end
        return
    for start, end in sentence_spans(text[block.start : block.end]):
        yield block.start + start, block.start + end


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences in a run of text, without surrounding white space; together they cover every letter."""
    lead = len(text) - len(text.lstrip())
    cuts = [m.end() for m in _END.finditer(text) if not _goes_on(text, m, lead)]
    spans: list[tuple[int, int]] = []
    start = 0
    for cut in [*cuts, len(text)]:
        for low, high in _shorten(text, start, cut):
            span = _trim(text, low, high)
            if span is not None:
                spans.append(span)
        start = cut
    return _join_fragments(text, spans)


def _goes_on(text: str, match: re.Match[str], lead: int) -> bool:
    """True when the mark at ``match`` does not end a sentence. ``lead``: where the first letter or figure stands."""
    mark = match.group()
    if not mark.startswith(".") or mark.startswith(".."):
        return False
    at = match.start()
    window = text[max(at - _LOOK_BACK, 0) : at]  # bounded: looking at all that stands before would cost n² characters
    found = _LAST_WORD.search(window)
    word = found.group().lower() if found else ""
    following = _NEXT_WORD.match(text, match.end())
    after = following.group(1) if following else ""
    if after[:1].islower():
        return True  # whatever the abbreviation was, the sentence goes on
    if word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()):
        return True
    if _is_ordinal(word, window[: found.start()] if found else "", after):
        return True
    # "3." or "(a)" or "2.1." at the start of the run is a clause number, not a sentence
    return bool(_CLAUSE_NUMBER.fullmatch(word)) and at - len(word) - 1 <= lead


def _is_ordinal(word: str, before: str, after: str) -> bool:
    """German and others write "14. März" and "die 2. Rate": a day before a month, or an article before and a noun after."""
    if not (word.isdigit() and len(word) <= 2 and after):
        return False
    if fold(after) in _MONTHS:
        return True
    article = re.search(r"(?:^|\s)(\w+)\s+$", before)
    if article is None or article.group(1).lower() not in _ARTICLES or re.search(r"\bI am\s+$", before):
        return False
    return fold(after) not in STOP_WORDS


def _shorten(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a sentence that is too long to be quoted at the best mark near its middle."""
    while end - start > MAX_CHARS:
        window = text[start + MAX_CHARS // 3 : start + MAX_CHARS]
        marks = list(_SOFT.finditer(window))
        strong = [m for m in marks if m.group()[0] in ";:—；"]
        best = (strong or marks)[-1].end() if marks else window.rfind(" ") + 1
        cut = start + MAX_CHARS // 3 + (best if best > 0 else len(window))
        yield start, cut
        start = cut
    yield start, end


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _join_fragments(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """A piece without letters (a lone clause number, a bracket) belongs to the sentence after it."""
    joined: list[tuple[int, int]] = []
    pending: int | None = None
    for start, end in spans:
        begin = start if pending is None else pending
        if any(c.isalpha() for c in text[start:end]) and end - start > 2:
            joined.append((begin, end))
            pending = None
        else:
            pending = begin
    if pending is not None:
        if joined:
            joined[-1] = (joined[-1][0], spans[-1][1])
        else:
            joined.append((pending, spans[-1][1]))
    return joined

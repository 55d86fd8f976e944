"""Is a claim backed by the document's own words? Checked by code: numbers, units, names, negation, order, coverage.

Similarity scores cannot judge this (a negated sentence is 0.9 similar to itself); these checks can only say "backed"
when nearly every content word of the claim stands in the evidence, in about the same order, with the same figures and
the same polarity. A wrongly rejected claim costs nothing: the quote is shown instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slimlm.assistant.alignment import misread
from slimlm.retrieval.records import Sentence
from slimlm.retrieval.vocabulary import STOP_WORDS
from slimlm.retrieval.words import Word, fold, terms, words

MIN_PART_WORDS = 3  # a shorter part of a claim says too little to be checked by itself
_AND = re.compile(r"[,;]?\s+(?:and|und|et|y)\s+|[;]\s+", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nor|neither|without|cannot|except|excluding|unless|fail(?:s|ed)?|lack(?:s|ed)?|n't|nicht|kein\w*|nie|ohne|ne|pas|"
    r"jamais|sans|aucun\w*|no|nunca|sin|ningun\w*|hardly|prohibited|forbidden|refus\w+|reject\w*|denied|exclud\w+)\b|n['’]t\b|un(?:able|less|paid|available|authorised|authorized)\b"
    r"|ない|なし|ません|不|没|無|无|未|禁|않|없|못|لا\b|ليس|لم\b|لن\b|غير",
    re.IGNORECASE,
)
# What a claim may add without saying anything: verbs and nouns that only carry an answer.
_NEUTRAL = frozenset(
    terms("amount amounts answer cost costs called named known located found stated mentioned given due happen refers")
)  # fmt: skip
_UNITS = {
    "%": "percent", "percent": "percent", "per cent": "percent", "$": "usd", "usd": "usd", "dollar": "usd", "€": "eur",
    "eur": "eur", "euro": "eur", "£": "gbp", "gbp": "gbp", "pound": "gbp", "day": "day", "week": "week",
    "month": "month", "year": "year", "hour": "hour", "minut": "minute", "second": "second", "million": "million",
    "billion": "billion", "thousand": "thousand", "km": "km", "kg": "kg", "cm": "cm", "mm": "mm", "m": "m", "c": "c",
}  # fmt: skip
_CLAUSE = re.compile(
    r"[,;:—–(、，；]|\b(?:but|however|while|whereas|although|unless|except|aber|mais|pero)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Check:
    """``sentences``: indices into the evidence that back the claim, most telling first. ``reason``: why it failed."""

    supported: bool
    reason: str = ""
    sentences: tuple[int, ...] = ()


def check_claim(claim: str, evidence: Sequence[Sentence]) -> Check:
    """Is ``claim`` backed by one sentence of ``evidence``, or by a few of them together?"""
    content = _content(claim)
    if not content:
        return Check(False, "says nothing")
    ranked = sorted(range(len(evidence)), key=lambda i: -_share(content, _known(evidence[i])))
    if not ranked:
        return Check(False, "no evidence")
    best = ranked[0]
    alone = _check_against(claim, content, [evidence[best]])
    if alone is None:
        return Check(True, sentences=(best,))
    # Two sentences may back a claim only part by part: a claim that takes its figure from one and its subject from
    # the other says what neither says.
    parts = [part for part in _AND.split(claim) if part.strip()]
    if len(parts) < 2:
        return Check(False, alone)
    backing = [_backing(part, evidence, ranked, full_subject=n > 0) for n, part in enumerate(parts)]
    if any(i is None for i in backing):
        return Check(False, alone)
    return Check(True, sentences=tuple(dict.fromkeys(i for i in backing if i is not None)))


def _backing(part: str, evidence: Sequence[Sentence], ranked: Sequence[int], *, full_subject: bool) -> int | None:
    """The sentence that backs this part of a claim by itself; a later part must name its own subject."""
    content = _content(part)
    if len(content) < MIN_PART_WORDS:
        return None
    backed = (i for i in ranked if _check_against(part, content, [evidence[i]], full_subject=full_subject) is None)
    return next(backed, None)


def _content(text: str) -> list[Word]:
    return [w for w in words(text) if w.is_number or fold(w.text) not in STOP_WORDS]


def _check_against(
    claim: str, content: Sequence[Word], evidence: Sequence[Sentence], *, full_subject: bool = False
) -> str | None:
    """None when backed; else why not. Cheap and telling checks first."""
    source = [w for sentence in evidence for w in words(" ".join((*sentence.headings[-1:], sentence.text)))]
    known = {t for w in source for t in w.terms}
    for word in content:
        if word.is_number and word.terms[0] not in known:
            return f"the number {word.text} is not in the source"
    for word in _names(claim, content):
        if not set(word.terms) & known:
            return f"the name {word.text} is not in the source"
    novel = [w for w in content if not set(w.terms) & known and not set(w.terms) <= _NEUTRAL]
    if novel:
        return f"{novel[0].text!r} is not in the source"
    text = " ".join(sentence.text for sentence in evidence)
    if not _measures(claim) <= _measures(text):
        return "a figure has another unit in the source"
    if not _negated(text) if _negated(claim) else _negated(_clauses_used(content, text)):
        return "negation differs from the source"
    if any(len(w.terms) > 1 for w in content):  # scripts without spaces: order and polarity are all that can be checked
        said, written = [t for w in content for t in w.terms], [t for w in source for t in w.terms]
        return None if _longest_common(said, written) == len(said) else "the words stand in another order in the source"
    first = evidence[0]
    heading = first.headings[-1] if first.headings else ""
    row = first.kind == "table_row"
    return misread(claim, text, heading, neutral=_NEUTRAL, row=row, full_subject=full_subject)


def _known(sentence: Sentence) -> frozenset[str]:
    return frozenset(terms(" ".join((*sentence.headings[-1:], sentence.text)), keep_stop_words=True))


def _share(content: Sequence[Word], known: frozenset[str]) -> float:
    return sum(bool(set(w.terms) & known) for w in content) / len(content)


def _names(claim: str, content: Sequence[Word]) -> list[Word]:
    """Capitalized words that do not merely begin a sentence, and words with digits in them."""
    found: list[Word] = []
    for word in content:
        begins = not claim[: word.start].strip() or claim[: word.start].rstrip().endswith((".", "!", "?", ":"))
        if (word.text[:1].isupper() and not begins) or (not word.is_number and any(c.isdigit() for c in word.text)):
            found.append(word)
    return found


def _measures(text: str) -> set[tuple[str, str]]:
    """(number, unit) pairs: "30 days", "EUR 950", "11 %"."""
    found: set[tuple[str, str]] = set()
    listed = list(words(text))
    for i, word in enumerate(listed):
        if not word.is_number and not word.terms[0].isdigit():
            continue
        after = text[word.end : word.end + 2].strip()[:1]
        before = text[max(word.start - 2, 0) : word.start].strip()[-1:]
        near = [listed[j].terms[0] for j in (i + 1,) if j < len(listed)] + [
            listed[j].terms[0] for j in (i - 1,) if j >= 0
        ]
        units = {_UNITS[u] for u in (after, before) if u in _UNITS and not u.isalpha()}
        units |= {_UNITS[u] for u in near if u in _UNITS}
        found |= {(word.terms[0], unit) for unit in units}
    return found


def _clauses_used(content: Sequence[Word], text: str) -> str:
    """The clauses of ``text`` that the claim takes its words from: negation elsewhere in the sentence is not its own."""
    wanted = {t for w in content for t in w.terms}
    pieces: list[str] = []
    start = 0
    for cut in [*(m.start() for m in _CLAUSE.finditer(text)), len(text)]:
        pieces.append(text[start:cut])
        start = cut
    used = [p for p in pieces if len(wanted & set(terms(p))) >= min(2, len(wanted))]
    return " ".join(used) if used else text


def _negated(text: str) -> bool:
    return _NEGATION.search(text) is not None


def _longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence; both are one or two sentences long."""
    previous = [0] * (len(b) + 1)
    for x in a:
        current = [0]
        for j, y in enumerate(b):
            current.append(previous[j] + 1 if x == y else max(previous[j + 1], current[j]))
        previous = current
    return previous[-1]

"""Document -> summary of any style and length, every point linked to its page.

All sentences are read and weighed; the most telling ones of each part are merged into the whole. The model rewords
them where its wording passes every check; else the document's own sentences stand. So a summary is never worse than
the extract it could have shown.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

from slimlm.assistant.grounding import check_claim
from slimlm.assistant.opened import Opened, check_cancel, cite_sentence, language_note, speaks
from slimlm.assistant.records import Claim, Coverage, Delta, Done, Event, Progress, Summary, SummaryPart, SummaryStyle
from slimlm.documents.records import Section
from slimlm.engine.protocol import Engine
from slimlm.prompts.tasks import parse_summary, render_summary
from slimlm.retrieval.records import Sentence
from slimlm.retrieval.salience import key_sentences

POINTS = 6
DIGEST_SENTENCES = 6  # given to the model for a line or a paragraph: about 200 tokens
PARAGRAPH_SENTENCES = 4
MAX_SECTIONS = 40
MIN_WORDS = 4  # of a written sentence
_PART_SENTENCES = 400  # a document is weighed in parts of about this many sentences, then merged


def summarize(
    opened: Opened,
    style: SummaryStyle,
    engine: Engine | None,
    cancel: threading.Event | None = None,
    written: dict[str, list[Claim]] | None = None,
) -> Iterator[Event]:
    """Stream the points of a summary; the last event is ``Done(Summary)``.

    ``written``: what the model wrote before, by document id; a line and a paragraph are cut from the same text.
    """
    yield Progress("reading", 0, len(opened.index.sentences))
    note = language_note(engine, opened.language).replace("the answer is", "the summary is")
    if style == "sections":
        parts = []
        for part in _by_section(opened):
            check_cancel(cancel)
            for point in part.points:
                yield Delta(point, part.title)
            parts.append(part)
        yield Done(_summary(opened, style, tuple(parts), ""))
        return
    keys = key_points(opened, POINTS if style == "points" else DIGEST_SENTENCES)
    check_cancel(cancel)
    yield Progress("reading", len(opened.index.sentences), len(opened.index.sentences))
    points: tuple[Claim, ...]
    if style == "points":
        points, note = tuple(_quoted(opened, s) for s in keys), ""
        for point in points:
            yield Delta(point)
    else:
        wanted = 1 if style == "line" else PARAGRAPH_SENTENCES
        known = written if written is not None else {}
        wanting = opened.document.id not in known and len(keys) > 1
        if wanting and engine is not None and speaks(engine, opened.language):
            yield Progress("writing")
            known[opened.document.id] = _written(opened, keys, engine, cancel)
        points = _complete(opened, known.get(opened.document.id, []), keys, wanted)
        for point in points:
            yield Delta(point)
    yield Done(_summary(opened, style, (SummaryPart("", points),), note))


def digest_text(opened: Opened) -> str:
    """The document text that a summary's prompt holds: what its evaluated state must be forgotten by."""
    return render_summary([s.text for s in key_points(opened, DIGEST_SENTENCES)]).document


def key_points(opened: Opened, count: int) -> list[Sentence]:
    """The most telling sentences of the whole, in reading order: the best of each part, then the best of those."""
    index = opened.index.terms
    total = len(opened.index.sentences)
    if total <= _PART_SENTENCES:
        return [k.sentence for k in key_sentences(index, count)]
    parts = [range(i, min(i + _PART_SENTENCES, total)) for i in range(0, total, _PART_SENTENCES)]
    best = [k.sentence.index for part in parts for k in key_sentences(index, max(2, count), part)]
    return [k.sentence for k in key_sentences(index, count, best)]


def _quoted(opened: Opened, sentence: Sentence) -> Claim:
    citation = cite_sentence(opened, sentence)
    return Claim(" ".join(citation.quote.split()), (citation,), "quoted")


def _written(opened: Opened, keys: Sequence[Sentence], engine: Engine, cancel: threading.Event | None) -> list[Claim]:
    """The model's sentences as long as each is backed by the key sentences; the first that is not ends the writing."""
    claims: list[Claim] = []
    text = ""
    for token in engine.stream(render_summary([s.text for s in keys]), cancel=cancel):
        text += token.text
        reply = parse_summary(text)
        whole = reply.sentences if reply.complete and text[-1:].isspace() else reply.sentences[:-1]
        for sentence in whole[len(claims) :]:
            claim = _claim(opened, sentence, keys)
            if claim is None:
                return claims
            claims.append(claim)
        if len(claims) >= PARAGRAPH_SENTENCES:
            return claims
    reply = parse_summary(text)
    last = reply.sentences[len(claims) :] if reply.complete else ()
    found = (_claim(opened, sentence, keys) for sentence in last)
    return [*claims, *(claim for claim in found if claim is not None)]


def _claim(opened: Opened, text: str, keys: Sequence[Sentence]) -> Claim | None:
    if len(text.split()) < MIN_WORDS:
        return None  # "1." is true of any list, and says nothing
    checked = check_claim(text, [replace(s, headings=()) for s in keys])  # what is cited must be enough
    if not checked.supported:
        return None
    return Claim(text, tuple(cite_sentence(opened, keys[i]) for i in checked.sentences), "verified")


def _complete(opened: Opened, written: Sequence[Claim], keys: Sequence[Sentence], wanted: int) -> tuple[Claim, ...]:
    """What the model said well, completed with quotes of what it left out, in the document's order."""
    chosen = list(written[:wanted])
    said = [c.start for claim in chosen for c in claim.citations]
    for sentence in keys:
        if len(chosen) >= wanted:
            break
        if not any(sentence.start <= start < sentence.end for start in said):  # a citation leaves its number out
            chosen.append(_quoted(opened, sentence))
    return tuple(sorted(chosen, key=lambda claim: claim.citations[0].start))


def _by_section(opened: Opened) -> Iterator[SummaryPart]:
    """One or two key sentences for each top section, in order; a document without headings is one part."""
    for title, start, end in _parts(opened):
        inside = [s.index for s in opened.index.sentences if start <= s.start < end]
        keys = key_sentences(opened.index.terms, 2 if len(inside) > 8 else 1, inside)
        points = tuple(_quoted(opened, k.sentence) for k in keys)
        if points:
            yield SummaryPart(title, points)


def _parts(opened: Opened) -> list[tuple[str, int, int]]:
    sections = opened.document.sections
    length = len(opened.document.text)
    level = _useful_level(sections)
    tops = [s for s in sections if s.level <= level][:MAX_SECTIONS]
    if not tops:
        return [(opened.document.title, 0, length)]
    ends = [s.start for s in tops[1:]] + [length]
    parts = [(s.title, s.start, end) for s, end in zip(tops, ends, strict=True)]
    return [("", 0, tops[0].start), *parts] if tops[0].start > 0 else parts


def _useful_level(sections: Sequence[Section]) -> int:
    """The highest level with at least two headings: a lone title on top is not a section."""
    for level in range(1, 7):
        if sum(s.level <= level for s in sections) >= 3:
            return level
    return 6


def _summary(opened: Opened, style: SummaryStyle, parts: tuple[SummaryPart, ...], note: str) -> Summary:
    total = len(opened.index.sentences)
    empty = tuple(page.number for page in opened.document.pages if page.text_source == "none")
    return Summary(opened.document.id, style, parts, Coverage(total, total, empty), note)

"""Question -> find, quote, generate, check. What is not backed is not shown; when nothing backs an answer, say so."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from slimlm.assistant.grounding import check_claim
from slimlm.assistant.opened import Opened, check_cancel, cite_sentence, language_note, section_sentences, speaks
from slimlm.assistant.records import Answer, Citation, Claim, Delta, Done, Event, Evidence, Progress, cite
from slimlm.engine.protocol import Engine, generate
from slimlm.prompts.tasks import parse_answer, render_answer
from slimlm.retrieval.answer_types import has_type
from slimlm.retrieval.answerability import judge
from slimlm.retrieval.question import Question, about_title, bare_title, read_question
from slimlm.retrieval.records import Sentence
from slimlm.retrieval.salience import key_sentences
from slimlm.retrieval.search import READ, Found
from slimlm.retrieval.sentences import refers_back
from slimlm.retrieval.words import terms

SEARCH_LIMIT = READ  # what the reading model has read: the weights of the answerability signal were fitted on it
CLOSEST = 3  # passages offered when the answer is not there
LIST_LIMIT = 40  # items quoted for a question that asks for all of something
# Log-odds of the reading model that count as much as 1.0 of the ranking by words.
READ_UNIT = 2.5
# A quote this short is read faster than a rephrased one, and cannot be worse.
SHORT_QUOTE_CHARS = 70
_TWO_THINGS = re.compile(r",? and (?:who|what|when|where|which|how|why|for how|by when|until when)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Match:
    """What was found in one document."""

    opened: Opened
    found: tuple[Found, ...]
    probability: float
    answerable: bool


def answer_question(
    documents: Sequence[Opened],
    text: str,
    engine: Engine | None,
    cancel: threading.Event | None = None,
    near: Citation | None = None,
) -> Iterator[Event]:
    """Stream the answer to ``text`` from one or several documents; the last event is ``Done(Answer)``.

    ``near``: a passage the conversation is about; sentences around it are preferred (follow-up questions).
    """
    question = read_question(text)
    yield Progress("finding", 0, len(documents))
    if about := _about_section(documents, text):
        yield Evidence(tuple(c for claim in about for c in claim.citations))
        for claim in about:
            yield Delta(claim)
        yield Done(Answer(text, "answered", about, language=question.language, confidence=1.0))
        return
    matches = [_match(opened, question, near, cancel) for opened in documents]
    matches.sort(key=lambda m: (-m.answerable, -m.probability))
    best = matches[0] if matches else None
    check_cancel(cancel)
    language = best.opened.language if best else "und"
    if best is None or not best.answerable:
        closest = _closest(matches)
        yield Evidence(closest)
        confidence = best.probability if best else 0.0
        yield Done(Answer(text, "not_found", closest=closest, language=question.language, confidence=confidence))
        return
    note = language_note(engine, language if language != "en" else question.language)
    if question.scope == "all":
        claims = _all_claims(matches, question)
        yield Evidence(tuple(c for claim in claims for c in claim.citations))
        for claim in claims:
            yield Delta(claim)
    else:
        quote = _quote(best.opened, best.found[0].hit.sentence)
        yield Evidence((quote,))
        claim = Claim(quote.quote, (quote,), "quoted")
        if engine is not None and speaks(engine, language, question.language) and _worth_writing(best, quote, question):
            yield Progress("writing")
            claim = _written(best, question, engine, cancel) or claim
        claims = (claim,)
        yield Delta(claim)
    yield Done(Answer(text, "answered", claims, language=question.language, note=note, confidence=best.probability))


def _about_section(documents: Sequence[Opened], text: str) -> tuple[Claim, ...]:
    """The key sentences of the section (or, without sections, the document) that "What does it say about X?" names."""
    title = about_title(text)
    for opened in documents if title else ():
        if not opened.document.sections and bare_title(opened.document.title) == title:
            return tuple(_quoted_keys(opened, range(len(opened.index.sentences))))
        for section in opened.document.sections:
            if bare_title(section.title) == title:
                return tuple(_quoted_keys(opened, section_sentences(opened, section)))
    return ()


def _quoted_keys(opened: Opened, inside: Sequence[int]) -> Iterator[Claim]:
    for key in key_sentences(opened.index.terms, 1 if len(inside) < 5 else 2, inside):
        quote = cite_sentence(opened, key.sentence)
        yield Claim(quote.quote, (quote,), "quoted")


def _match(opened: Opened, question: Question, near: Citation | None, cancel: threading.Event | None) -> _Match:
    found = opened.index.search(question, SEARCH_LIMIT, cancel=cancel)
    if near is not None and near.document_id == opened.document.id:
        found = _prefer_near(found, near)
    verdict = judge(opened.index, question, found)
    return _Match(opened, tuple(found), verdict.probability, verdict.answerable)


def _prefer_near(found: list[Found], near: Citation) -> list[Found]:
    """Follow-ups mostly stay where the conversation is: within a few sentences of the last quote."""

    def score(item: Found) -> float:
        distance = max(near.start - item.hit.sentence.end, item.hit.sentence.start - near.end, 0)
        unit = 1.0 if item.read is None else READ_UNIT
        return item.hit.score + unit * (0.6 if distance < 400 else 0.25 if distance < 1500 else 0.0)

    return sorted(found, key=score, reverse=True)


def _closest(matches: Sequence[_Match]) -> tuple[Citation, ...]:
    # In turn from each document, the likeliest one first: scores compare within one document only.
    turns = zip_longest(
        *([(m.opened, f.hit.sentence) for f in m.found if f.hit.sentence.kind != "heading"] for m in matches)
    )
    quotes = [cite_sentence(*pair) for turn in turns for pair in turn if pair is not None]
    return tuple(dict.fromkeys(quotes))[:CLOSEST]


def _quote(opened: Opened, sentence: Sentence) -> Citation:
    """The sentence; with the one before it when it only refers back; with its list when it introduces one."""
    sentences = opened.index.sentences
    start, end = sentence.start, sentence.end
    before = sentences[sentence.index - 1] if sentence.index > 0 else None
    if before is not None and before.block == sentence.block and refers_back(sentence.text):
        start = before.start
    if sentence.text.rstrip().endswith((":", "：")) or sentence.kind in ("heading", "title"):
        for follower in sentences[sentence.index + 1 : sentence.index + 1 + LIST_LIMIT]:
            listed = follower.kind in ("list_item", "table_row")
            if not listed and end > sentence.end:
                break
            if follower.kind in ("heading", "title"):
                break
            end = follower.end
            if not listed and not follower.text.rstrip().endswith((":", "：")):
                break
    return (
        cite_sentence(opened, sentence)
        if (start, end) == (sentence.start, sentence.end)
        else cite(opened.document, start, end)
    )


def _worth_writing(best: _Match, quote: Citation, question: Question) -> bool:
    """Not for short quotes, nor for table rows (a cell under the wrong header is still made of the row's words), nor
    for questions that ask two things (the model answers one)."""
    if len(quote.quote) <= SHORT_QUOTE_CHARS or best.found[0].hit.sentence.kind == "table_row":
        return False
    return not _TWO_THINGS.search(question.text)


def _written(best: _Match, question: Question, engine: Engine, cancel: threading.Event | None) -> Claim | None:
    """The model's short answer when every part of it is backed and it answers what was asked; else None."""
    # One sentence: with the runner-up beside it, a 135M model answers from the wrong one (docs/log.md).
    sentences = [best.found[0].hit.sentence]
    reply = parse_answer(generate(engine, render_answer([s.text for s in sentences], question.text), cancel=cancel))
    if not reply or not _answers(reply, question):
        return None
    checked = check_claim(reply, sentences)
    if not checked.supported:
        return None
    if question.expects and has_type(sentences[0].text, question.expects) and not has_type(reply, question.expects):
        return None
    cited = tuple(_quote(best.opened, sentences[i]) for i in checked.sentences)
    return Claim(reply, cited, "verified")


def _answers(reply: str, question: Question) -> bool:
    """A reply that only says the question again is no answer; neither is a question."""
    if reply.endswith("?"):
        return False
    asked = set(question.terms)
    return any(term not in asked for term in terms(reply)) or reply.lower().startswith(("yes", "no"))


def _all_claims(matches: Sequence[_Match], question: Question) -> tuple[Claim, ...]:
    """Every passage that answers, from every document, in reading order: the question needs the whole document."""
    claims: list[Claim] = []
    for match in matches:
        if not match.answerable:
            continue
        for citation in _gather(match, question):
            claims.append(Claim(citation.quote, (citation,), "quoted"))
    return tuple(claims[:LIST_LIMIT])


def _gather(match: _Match, question: Question) -> list[Citation]:
    opened, top = match.opened, match.found[0].hit.sentence
    siblings = _siblings(opened, top)
    if len(siblings) > 1:
        lead = opened.index.sentences[siblings[0].index - 1] if siblings[0].index else None
        first = [lead] if lead is not None and lead.text.rstrip().endswith((":", "：")) else []
        return [cite_sentence(opened, s) for s in (*first, *siblings)][:LIST_LIMIT]
    if top.text.rstrip().endswith((":", "：")) or top.kind in ("heading", "title"):
        return [_quote(opened, top)]
    chosen = [f.hit.sentence for f in match.found if _as_good(f, match.found[0]) and f.features.heading == 0]
    if question.expects in ("number", "money", "percent"):
        chosen = chosen[:3]
    unique = sorted({s.index: s for s in chosen[:6] or [top]}.values(), key=lambda s: s.index)
    return [cite_sentence(opened, s) for s in unique]


def _as_good(one: Found, best: Found) -> bool:
    """Whether a passage answers about as well as the best one."""
    if best.read is None or one.read is None:
        return one.hit.score >= 0.72 * best.hit.score
    return one.read >= min(max(best.read - READ_UNIT, 0.0), best.read)


def _siblings(opened: Opened, sentence: Sentence) -> list[Sentence]:
    """The list or table around ``sentence``: neighbours of the same kind under the same heading."""
    if sentence.kind not in ("list_item", "table_row"):
        return [sentence]
    sentences = opened.index.sentences
    low = high = sentence.index
    while low > 0 and _alike(sentences[low - 1], sentence):
        low -= 1
    while high + 1 < len(sentences) and _alike(sentences[high + 1], sentence):
        high += 1
    return list(sentences[low : high + 1])


def _alike(a: Sentence, b: Sentence) -> bool:
    return a.kind == b.kind and a.headings == b.headings

"""Summaries: every point stands in the document, in any style, from all of it."""

from __future__ import annotations

import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimlm.assistant.grounding import check_claim
from slimlm.assistant.records import SUMMARY_STYLES, Delta, Done, Summary, SummaryStyle
from slimlm.assistant.summaries import PARAGRAPH_SENTENCES, POINTS, summarize
from slimlm.errors import CancelledError
from slimlm.retrieval.records import Sentence
from unit.thinking import LEASE, document_of, exact, opened, saying, summary_of

LIE = "The rent is EUR 10 per month. The tenant may keep lions."
TRUE = "The tenant pays a deposit of EUR 1,900 before moving in. The rent is EUR 1 per month."


def supported(summary: Summary) -> bool:
    for point in summary.points:
        quotes = [Sentence(i, c.start, c.end, c.quote, 0, 1, "paragraph") for i, c in enumerate(point.citations)]
        same = " ".join(point.text.split()) == " ".join(" ".join(c.quote for c in point.citations).split())
        if not (same if point.support == "quoted" else check_claim(point.text, quotes).supported):
            return False
    return bool(summary.points)


@pytest.mark.parametrize("style", SUMMARY_STYLES)
@pytest.mark.parametrize("reply", [None, LIE, TRUE, "", "Summary: none."])
def test_every_point_is_supported_in_every_style(style: SummaryStyle, reply: str | None) -> None:
    lease = opened()
    summary = summary_of(summarize(lease, style, None if reply is None else saying(reply)))
    assert supported(summary)
    assert all(exact(lease.document, c) for point in summary.points for c in point.citations)
    assert "lions" not in summary.text
    assert "EUR 10 per month" not in summary.text
    assert summary.coverage.share == 1.0
    assert summary.style == style


def test_lengths() -> None:
    lease = opened()
    assert len(summary_of(summarize(lease, "line", None)).points) == 1
    assert len(summary_of(summarize(lease, "paragraph", None)).points) <= PARAGRAPH_SENTENCES
    assert 1 < len(summary_of(summarize(lease, "points", None)).points) <= POINTS


def test_sections_follow_the_headings() -> None:
    summary = summary_of(summarize(opened(), "sections", saying(LIE)))
    assert [part.title for part in summary.parts][-3:] == ["3 Duties of the tenant", "4 Pets", "5 Keys"]
    assert all(part.points for part in summary.parts)


def test_what_the_model_says_well_is_kept() -> None:
    verified = [p for p in summary_of(summarize(opened(), "paragraph", saying(TRUE))).points if p.support == "verified"]
    assert [p.text for p in verified] in ([], ["The tenant pays a deposit of EUR 1,900 before moving in."])


def test_deltas_are_the_points_in_reading_order() -> None:
    events = list(summarize(opened(), "points", None))
    done = events[-1]
    assert isinstance(done, Done)
    assert isinstance(done.result, Summary)
    assert tuple(e.claim for e in events if isinstance(e, Delta)) == done.result.points
    starts = [point.citations[0].start for point in done.result.points]
    assert starts == sorted(starts)


def test_a_long_document_is_heard_from_beginning_to_end() -> None:
    r = random.Random(1)
    nouns = "pump valve motor filter cable sensor boiler tank hose meter".split()
    lines = []
    for chapter in range(12):
        lines.append(f"## Chapter {chapter}")
        lines += [
            f"The {r.choice(nouns)} of unit {chapter} is tested by engineer {r.randint(1, 99)} every {r.randint(2, 60)} days with care."
            for _ in range(80)
        ]
    long = opened("\n".join(lines), "manual.md")
    assert len(long.index.sentences) > 900
    summary = summary_of(summarize(long, "points", None))
    assert supported(summary)
    assert summary.coverage.sentences_read == len(long.index.sentences)
    assert len({point.citations[0].section for point in summary.points}) > 3


def test_pages_without_text_are_told() -> None:
    from dataclasses import replace

    from slimlm.assistant.opened import open_index
    from slimlm.retrieval.search import SearchIndex

    document = document_of(LEASE)
    pages = (replace(document.pages[0], text_source="none"),)
    document = replace(document, pages=pages)
    summary = summary_of(summarize(open_index(document, SearchIndex(document)), "points", None))
    assert summary.coverage.pages_without_text == (1,)


def test_cancelled() -> None:
    stop = threading.Event()
    stop.set()
    for style in SUMMARY_STYLES:
        with pytest.raises(CancelledError):
            list(summarize(opened(), style, saying(TRUE), stop))


@given(st.text(max_size=200))
@settings(max_examples=25, deadline=None)
def test_whatever_the_model_says_the_summary_is_supported(said: str) -> None:
    assert supported(summary_of(summarize(opened(), "paragraph", saying(said))))


@pytest.mark.parametrize("text", ["Hello.", "# Only a title", "| a; b", "- x", "1 2 3"])
@pytest.mark.parametrize("style", SUMMARY_STYLES)
def test_tiny_documents(text: str, style: SummaryStyle) -> None:
    tiny = opened(text, "tiny.md")
    summary = summary_of(summarize(tiny, style, saying(LIE)))
    assert all(exact(tiny.document, c) for point in summary.points for c in point.citations)

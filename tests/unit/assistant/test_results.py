"""Kept results come back as they were; what is damaged is made again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimlm.assistant.records import SUMMARY_STYLES, SummaryStyle
from slimlm.assistant.results import read_suggestions, read_summary, write_suggestions, write_summary
from slimlm.assistant.suggestions import suggest
from slimlm.assistant.summaries import summarize
from unit.thinking import opened, result_of, saying, summary_of


@pytest.mark.parametrize("style", SUMMARY_STYLES)
def test_a_summary_comes_back(style: SummaryStyle) -> None:
    lease = opened()
    summary = summary_of(summarize(lease, style, saying("The tenant pays a deposit of EUR 1,900 before moving in.")))
    assert read_summary(json.dumps(write_summary(summary)), lease.document) == summary


def test_suggestions_come_back() -> None:
    lease = opened()
    found = result_of(suggest(lease, 3, None))
    assert isinstance(found, tuple)
    assert found
    assert read_suggestions(json.dumps(write_suggestions(found)), lease.document) == found


@given(
    st.one_of(
        st.text(max_size=60),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda x: (
                st.lists(x, max_size=4) | st.dictionaries(st.sampled_from(["parts", "style", "note", "coverage"]), x)
            ),
        ).map(json.dumps),
    )
)
@settings(max_examples=120, deadline=None)
def test_damaged_payloads_are_not_results(payload: str) -> None:
    document = opened("Hello there.", "x.md").document
    read_summary(payload, document)
    read_suggestions(payload, document)

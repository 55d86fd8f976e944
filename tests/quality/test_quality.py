"""The quality floors hold: of the committed full run on the test split, and of a sample that is run here and now.

``make quality`` makes the full run (tests/quality/results/test.json). Its corpus hash must be that of the corpus in the
tree, so that figures never speak of other documents than these.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from check_corpus import MINIMUM
from measure import HERE, corpus_hash, measure

from slimlm.evaluation.questions import load_questions

FLOORS = json.loads((HERE / "floors.json").read_text("utf-8"))


def _committed() -> dict[str, Any]:
    return dict(json.loads((HERE / "results" / "test.json").read_text("utf-8")))


def test_the_committed_run_is_of_this_corpus() -> None:
    assert _committed()["corpus"] == corpus_hash("test") == FLOORS["corpus"]


def test_the_suite_is_as_large_as_it_claims() -> None:
    questions = load_questions(HERE / "questions" / "test.jsonl")
    documents, wanted = MINIMUM["test"]
    assert len(questions) >= wanted
    assert len({q.document for q in questions}) >= documents
    assert sum(not q.answerable for q in questions) >= 0.32 * len(questions)


@pytest.mark.parametrize("name", sorted(FLOORS["at_least"]))
def test_committed_figures_reach_their_floors(name: str) -> None:
    assert _committed()["figures"][name] >= FLOORS["at_least"][name]


@pytest.mark.parametrize("name", sorted(FLOORS["at_most"]))
def test_committed_figures_stay_under_their_ceilings(name: str) -> None:
    assert _committed()["figures"][name] <= FLOORS["at_most"][name]


def test_answers_are_never_worse_than_the_extract() -> None:
    figures = _committed()["figures"]
    assert figures["answer_right_when_answered"] >= figures["extract_right_when_answered"]


@pytest.mark.model
@pytest.mark.timeout(900)
def test_a_sample_run_now(tmp_path: Path) -> None:
    """About 40 questions through the whole chain with the real models. Its floors leave room for the small number."""
    figures = measure("test", model=True, reader=True, documents=False, limit=FLOORS["sample"]["questions"])["figures"]
    assert figures["quotes_exact"] == 1.0
    for name, floor in FLOORS["sample"]["at_least"].items():
        assert figures[name] >= floor, (name, figures)

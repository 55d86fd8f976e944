"""Claims against their sources: nothing unfaithful may pass, whatever words it is made of."""

from __future__ import annotations

import re

import pytest
from grounding_cases import Case, cases
from hypothesis import given, settings
from hypothesis import strategies as st

from slimlm.assistant.grounding import Check, check_claim
from slimlm.retrieval.records import Sentence
from slimlm.retrieval.words import terms

CASES = cases()
SOURCES = sorted({case.evidence[0] for case in CASES if case.evidence[0].isascii()})
# Share of the faithful claims that pass. A rejected one costs nothing (the quote is shown), but checks that reject
# everything would be no checks.
MIN_FAITHFUL = 0.9


def evidence(*texts: str, kind: str = "paragraph", heading: str = "") -> list[Sentence]:
    headings = (heading,) if heading else ()
    return [Sentence(i, 0, len(text), text, i, 1, kind, headings) for i, text in enumerate(texts)]


def check(case: Case) -> Check:
    return check_claim(case.claim, evidence(*case.evidence))


def test_the_table_is_large_enough() -> None:
    assert sum(not case.faithful for case in CASES) >= 80
    assert sum(case.faithful for case in CASES) >= 40


@pytest.mark.parametrize("case", [c for c in CASES if not c.faithful], ids=lambda c: c.claim)
def test_an_unfaithful_claim_is_rejected(case: Case) -> None:
    checked = check(case)
    assert not checked.supported, f"{case.claim!r} was accepted for {case.evidence}"
    assert checked.reason


def test_most_faithful_claims_pass() -> None:
    faithful = [case for case in CASES if case.faithful]
    rejected = [(case.claim, check(case).reason) for case in faithful if not check(case).supported]
    assert len(rejected) <= (1 - MIN_FAITHFUL) * len(faithful), rejected


@pytest.mark.parametrize("source", SOURCES)
def test_a_sentence_backs_itself(source: str) -> None:
    assert check_claim(source, evidence(source)) == Check(True, sentences=(0,))


@given(st.sampled_from(SOURCES), st.integers(0, 5), st.integers(2, 9999))
@settings(max_examples=60, deadline=None)
def test_another_figure_is_never_backed(source: str, which: int, figure: int) -> None:
    numbers = list(re.finditer(r"\d+(?:[.,]\d+)*", source))
    if numbers:
        old = numbers[which % len(numbers)]
        if str(figure) not in re.findall(r"\d+", source) and str(figure) not in old.group().replace(",", ""):
            claim = source[: old.start()] + str(figure) + source[old.end() :]
            assert not check_claim(claim, evidence(source)).supported, claim


_HELPERS = re.compile(r"\b(is|are|was|were|may|must|should|can|will|shall)\b(?! (?:not|no|never|nor)\b)")


@given(st.sampled_from([s for s in SOURCES if _HELPERS.search(s)]))
def test_a_negation_put_in_is_never_backed(source: str) -> None:
    claim = _HELPERS.sub(r"\1 not", source, count=1)
    assert not check_claim(claim, evidence(source)).supported, claim


@given(st.sampled_from(SOURCES), st.sampled_from(SOURCES))
@settings(max_examples=80, deadline=None)
def test_half_of_one_and_half_of_another_is_never_backed(a: str, b: str) -> None:
    left, right = a.split(), b.split()
    left, right = left[: len(left) // 2], right[len(right) // 2 :]
    # Halves that say something by themselves, of different things; "The" and half a sentence is that half.
    told, rest = set(terms(" ".join(left))), set(terms(" ".join(right)))
    if len(told) > 1 and len(rest) > 1 and not told & set(terms(b)) and "and" not in b.split():
        claim = " ".join([*left, *right])
        assert not check_claim(claim, evidence(a, b)).supported, claim


@given(st.text(max_size=200), st.lists(st.text(min_size=1, max_size=200), max_size=3))
@settings(max_examples=60, deadline=None)
def test_any_text_is_judged_without_failing(claim: str, sources: list[str]) -> None:
    checked = check_claim(claim, evidence(*sources))
    assert all(0 <= i < len(sources) for i in checked.sentences)
    assert checked.supported == bool(checked.sentences)


def test_a_heading_names_the_subject_of_its_sentences() -> None:
    assert check_claim("The rent is EUR 950 per month.", evidence("EUR 950 per month.", heading="3 Rent")).supported
    mixed = evidence("EUR 950 per month.", heading="Rent and deposit")
    assert not check_claim("The deposit is EUR 950 per month.", mixed).supported


ROW = "Item: Pump A; Year: 2020; Price: EUR 50; Deposit: EUR 20"


@pytest.mark.parametrize("claim", ["Pump A: price EUR 50.", "Item Pump A."])
def test_a_row_backs_its_cells(claim: str) -> None:
    assert check_claim(claim, evidence(ROW, kind="table_row")).supported


OTHER_CELLS = (
    "Pump A: price EUR 20.",
    "Pump A costs EUR 20.",
    "Pump A: deposit EUR 50.",
    "Pump A: price 2020.",
    "Pump B: price EUR 50.",
)


@pytest.mark.parametrize("claim", OTHER_CELLS)
def test_a_row_does_not_back_a_figure_of_another_column(claim: str) -> None:
    assert not check_claim(claim, evidence(ROW, kind="table_row")).supported


@pytest.mark.parametrize("claim", ["", "  ", "It is.", "No.", "Yes.", "The answer is"])
def test_a_claim_that_says_nothing_is_not_backed(claim: str) -> None:
    assert not check_claim(claim, evidence("The rent is EUR 950.")).supported


def test_without_evidence_nothing_is_backed() -> None:
    assert not check_claim("The rent is EUR 950.", []).supported


def test_the_right_sentence_is_named() -> None:
    sources = evidence("The pump costs EUR 480.", "The valve costs EUR 35.")
    assert check_claim("The valve costs EUR 35.", sources).sentences == (1,)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimlm.bench.samples import Samples, collect, interleave, ratio, rounded


def test_medians_and_raw_values_are_kept() -> None:
    samples = collect("s", [(0, 3.0), (1, None), (2, 1.0), (3, 2.0)])
    assert samples == Samples("s", (0, 2, 3), (3.0, 1.0, 2.0))
    assert samples.median == 2.0
    row = samples.as_row()
    assert (row["lowest"], row["highest"], row["n"], row["rounds"]) == (1.0, 3.0, 3, [0, 2, 3])


def test_nothing_measured_is_none_not_zero() -> None:
    assert collect("s", [(0, None)]).median is None
    assert ratio(collect("s", []), collect("s", [(0, 1.0)])).median is None


def test_ratios_pair_values_of_the_same_round() -> None:
    slow = collect("s", [(0, 10.0), (1, 100.0), (2, 7.0)])
    fast = collect("s", [(0, 1.0), (1, 10.0), (3, 2.0)])
    assert ratio(slow, fast).values == (10.0, 10.0)  # the machine slowed down tenfold: the ratio did not


def test_a_round_with_several_values_counts_once() -> None:
    slow = collect("s", [(0, 4.0), (0, 6.0), (0, 100.0), (1, 3.0)])
    fast = collect("s", [(0, 2.0), (1, 3.0)])
    assert ratio(slow, fast).values == (3.0, 1.0)


def test_interleaving_visits_each_as_often_as_wanted() -> None:
    visits = list(interleave({"a": 3, "b": 1, "c": 0}, seed=1))
    assert sorted(visits) == [(0, "a"), (0, "b"), (1, "a"), (2, "a")]
    assert visits == list(interleave({"a": 3, "b": 1, "c": 0}, seed=1))
    assert [turn for turn, _ in visits] == sorted(turn for turn, _ in visits)
    assert list(interleave({})) == []


@pytest.mark.parametrize(
    ("value", "shown"), [(None, None), (0.0, 0.0), (1.23456, 1.235), (0.000123456, 0.0001235), (1234567.8, 1234568)]
)
def test_four_digits(value: float | None, shown: float | None) -> None:
    assert rounded(value) == shown


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_rounding_stays_near(value: float) -> None:
    found = rounded(value)
    assert found is not None
    assert found == pytest.approx(value, rel=1e-3)

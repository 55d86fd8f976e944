"""Repeated measurements: raw values are kept, medians are shown, two ways are compared within the same round.

What enters: numbers with the round they were taken in. What leaves: ``Samples`` and ``Ratio``. This module refuses to
know what was measured. A machine's speed drifts, so ratios pair the values of one round before taking the median.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Samples:
    """Values of one quantity, one a round. ``unit`` as in the name of a field: s, ms, bytes, tokens_per_s, share."""

    unit: str
    rounds: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def median(self) -> float | None:
        """None when nothing was measured."""
        return statistics.median(self.values) if self.values else None

    def as_row(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "median": rounded(self.median),
            "n": len(self.values),
            "lowest": rounded(min(self.values, default=None)),
            "highest": rounded(max(self.values, default=None)),
            "samples": [rounded(value) for value in self.values],
            "rounds": list(self.rounds),
        }


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times ``slow`` is ``fast``; above 1 means ``fast`` is. One value for each round that has both."""

    values: tuple[float, ...]

    @property
    def median(self) -> float | None:
        return statistics.median(self.values) if self.values else None

    def as_row(self) -> dict[str, Any]:
        return {"median": rounded(self.median), "n": len(self.values), "samples": [rounded(v) for v in self.values]}


def collect(unit: str, taken: Sequence[tuple[int, float | None]]) -> Samples:
    """(round, value) pairs -> ``Samples``; what was not measured (None) is left out."""
    kept = [(turn, float(value)) for turn, value in taken if value is not None]
    return Samples(unit, tuple(turn for turn, _ in kept), tuple(value for _, value in kept))


def ratio(slow: Samples, fast: Samples) -> Ratio:
    """``slow`` divided by ``fast``, round by round. A round counts once: with its median when it has several values."""
    above, below = _by_round(slow), _by_round(fast)
    shared = sorted(set(above) & set(below))
    return Ratio(tuple(above[turn] / below[turn] for turn in shared if below[turn] > 0))


def interleave(rounds: Mapping[str, int], seed: int = 0) -> Iterator[tuple[int, str]]:
    """(round, name): every name once a round in a shuffled order, as long as it has rounds left.

    So that a busy minute slows all of them alike, and none is always first.
    """
    rng = random.Random(seed)
    for turn in range(max(rounds.values(), default=0)):
        names = [name for name, n in rounds.items() if turn < n]
        rng.shuffle(names)
        yield from ((turn, name) for name in names)


def rounded(value: float | None, digits: int = 4) -> float | None:
    """Four significant digits: more would be noise; whole numbers of bytes stay whole."""
    if value is None:
        return None
    return round(value) if abs(value) >= 10**digits else float(f"{value:.{digits}g}")


def _by_round(samples: Samples) -> dict[int, float]:
    return {
        turn: statistics.median(v for t, v in zip(samples.rounds, samples.values, strict=True) if t == turn)
        for turn in set(samples.rounds)
    }

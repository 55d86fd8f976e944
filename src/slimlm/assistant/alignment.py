"""Claim against source, word by word: does the claim say the same of the same things, or merely use the same words?

The claim's content words are laid over the source's in order; then the small words between them, the words that were
skipped, and what stands before and after are compared. Anything doubtful is a reason to reject: the quote is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slimlm.assistant.figures import bound_of, minus_of, scale_of
from slimlm.assistant.logic_tokens import Token, Tokens, heading_tokens, read_tokens, variants
from slimlm.assistant.logic_words import (
    BE,
    CONDITIONS,
    COORDINATORS,
    DIRECTIONS,
    DROPPABLE,
    MODIFIERS,
    NARROWING,
    NARROWING_FIGURES,
    OPERATORS,
    PAST,
    PREPOSITIONS,
    PRESENT,
    ROLE_ENDINGS,
    TIMES,
    TITLES,
    VEILS,
)
from slimlm.assistant.small_words import (
    conditions_in,
    inside_clause,
    new_statement,
    operators_in,
    own_part,
    run_before,
)

_PARTICIPLES = frozenset("paid sold bought made given held sent met taken built found kept left lost won told".split())


def misread(
    claim: str,
    source: str,
    heading: str = "",
    *,
    neutral: frozenset[str] = frozenset(),
    row: bool = False,
    full_subject: bool = False,
) -> str | None:
    """None when ``claim`` says what ``source`` says; else why not. ``row``: a table row, "header: value; ...".

    ``neutral``: terms that the claim may add without saying anything. ``full_subject``: the claim goes on from another
    one, so its subject must be its own.
    """
    known = {t.term for t in read_tokens(f"{heading} {source}")}
    said = [replace(t, content=False) if t.term in neutral and t.term not in known else t for t in read_tokens(claim)]
    reason: str | None = "the words stand in another order in the source"
    for written in variants(read_tokens(source)):
        framed = [*heading_tokens(heading), *written]
        path = _align(said, framed)
        if path is None:
            continue
        reason = _Reading(said, framed, path, row=row, full_subject=full_subject).problem()
        if reason is None:
            return None
    return reason


def _align(said: Tokens, written: Tokens) -> list[tuple[int, int]] | None:
    """Every content word of the claim on one of the source, in order and with the smallest gaps; None: impossible."""
    wanted = [i for i, t in enumerate(said) if t.content]
    layers: list[dict[int, tuple[int, int]]] = []  # source position -> (sum of gaps, position before)
    for n, i in enumerate(wanted):
        places = [j for j, t in enumerate(written) if t.content and t.term == said[i].term]
        if n == 0:
            layers.append({j: (0, -1) for j in places})
        else:
            layer: dict[int, tuple[int, int]] = {}
            for j in places:
                options = [(cost + (j - k) ** 2, k) for k, (cost, _) in layers[-1].items() if k < j]
                if options:
                    layer[j] = min(options)
            layers.append(layer)
        if not layers[-1]:
            return None
    if not layers:
        return None
    at = min(layers[-1], key=lambda j: (layers[-1][j][0], j))
    path: list[tuple[int, int]] = []
    for n in range(len(wanted) - 1, -1, -1):
        path.append((wanted[n], at))
        at = layers[n][at][1]
    return path[::-1]


class _Reading:
    """One way of reading the claim out of the source."""

    def __init__(
        self, said: Tokens, written: Tokens, path: Sequence[tuple[int, int]], *, row: bool, full_subject: bool
    ) -> None:
        self.said, self.written, self.path, self.row, self.full_subject = said, written, path, row, full_subject
        self.used = {j for _, j in path}

    def problem(self) -> str | None:
        return (
            self._subject()
            or self._conditions()
            or self._skips()
            or self._small_words()
            or self._ends()
            or self._figures()
            or self._forms()
        )

    # --- what was left out ----------------------------------------------------------------------------------------

    def _subject(self) -> str | None:
        """A claim must not begin inside a longer name of something else: "the director" of "the director's son"."""
        first_said, first = self.path[0]
        before = run_before(self.written, first)
        previous = first - len(before) - 1
        cut_off = (
            previous >= 0
            and self.written[previous].content
            and any(t.folded in PREPOSITIONS for t in before)
            and not any(t.folded in PREPOSITIONS for t in run_before(self.said, first_said))
        )
        head = bool(self.written[previous].content and not before) if previous >= 0 else False
        whose = any(t.folded == "whose" for t in before) and "whose" not in self._said_words
        if len(self.path) > 1 and (cut_off or whose):
            return "what the source says it of is left out"
        if head and len(self.path) > 1 and self.written[previous].folded not in TITLES:
            return f"{self.written[previous].text!r} is left out"
        second = self.path[1][0] if len(self.path) > 1 else first_said
        states = any(t.folded in BE for t in self.said[first_said:second])
        if (
            states
            and inside_clause(self.written, first)
            and not any(t.folded in BE for t in self.written[first : self.path[1][1]])
        ):
            return "the claim makes a statement where the source makes none"
        if inside_clause(self.written, first) and self._goes_on(first_said):
            return "the claim begins inside another statement of the source"
        opens = next((t.folded for t in self.said if not t.mark), "")
        if self.full_subject and (opens in CONDITIONS or any(t.content for t in self.written[:first])):
            return "another subject in the source"
        if (
            self.said[first_said].folded.endswith("'s") != self.written[first].folded.endswith("'s")
            and len(self.path) > 1
        ):
            return "what belongs to whom differs"
        return None

    def _goes_on(self, first: int) -> bool:
        """Whether the claim has two content words or more after an "and"."""
        joint = next((k for k in range(first, len(self.said)) if self.said[k].folded in COORDINATORS), None)
        return joint is not None and sum(t.content for t in self.said[joint:]) > 1

    @property
    def _said_words(self) -> set[str]:
        return {t.folded for t in self.said}

    def _segment(self) -> list[Token]:
        """The part of the source, between semicolons, that the claim was taken from."""
        low, high = self.path[0][1], self.path[-1][1]
        while low > 0 and self.written[low - 1].folded not in (";", "§"):
            low -= 1
        while high + 1 < len(self.written) and self.written[high + 1].folded != ";":
            high += 1
        return list(self.written[low : high + 1])

    def _conditions(self) -> str | None:
        here = self._segment()
        rest = [t for t in self.written if t.folded in CONDITIONS and CONDITIONS[t.folded] == "unless"]
        source, claim = conditions_in(here) | conditions_in(rest), conditions_in(self.said)
        if source != claim:
            return f"a condition differs: {', '.join(sorted(source ^ claim))}"
        hidden = [t for t in here if t.folded in VEILS and t.folded not in self._said_words]
        if hidden and not self.row:
            return f"{hidden[0].text!r} is left out"
        return None

    def _skips(self) -> str | None:
        """Words between two used ones must not begin another statement, nor name another figure."""
        for (a, p), (b, q) in zip(self.path, self.path[1:], strict=False):
            gap = list(self.written[p + 1 : q])
            left = [t for t in gap if t.content and t.term != self.written[p].term]
            if not left:
                continue
            if self.written[q].number and any(t.number for t in left):
                return "another figure stands between in the source"
            if self.written[p].number and not any(t.mark or t.folded in COORDINATORS for t in self.said[a + 1 : b]):
                return "the figure is of something else in the source"
            joined = any(t.folded in ("and", "or") for t in self.said[a + 1 : b])
            if not self.row and (new_statement(gap) or joined):
                return "two statements of the source are mixed"
            narrowed = gap[0].folded in PREPOSITIONS or (gap[0].content and gap[0].folded.endswith(("ed", "ing")))
            if a == self.path[0][0] and narrowed and not self.row:
                return "which one is meant is left out"
            last = left[-1]
            if last.folded in MODIFIERS and gap[-1] is last:
                return f"{last.text!r} is left out"
            if self._of_something(gap, q):
                return "what the figure is of is left out"
        return self._cells() if self.row else None

    def _of_something(self, gap: Sequence[Token], q: int) -> bool:
        """ "The deposit for the garage is EUR 50": the figure is not that of any deposit."""
        figure = self.written[q].number or (q + 1 < len(self.written) and self.written[q + 1].number)
        if not figure or not gap:
            return False
        return gap[0].folded in ("of", "for", "with", "without") and any(t.folded in BE for t in gap)

    def _cells(self) -> str | None:
        """In a table row, a figure goes with the heading of its column."""
        for _, q in self.path:
            if self.written[q].number:
                start = q
                while start > 0 and self.written[start - 1].folded not in (";", "§"):
                    start -= 1
                colon = next((k for k in range(start, q) if self.written[k].folded == ":"), None)
                if colon is not None and not any(k in self.used for k in range(start, colon)):
                    return "the column of the figure is not named"
        return None

    # --- small words ----------------------------------------------------------------------------------------------

    def _small_words(self) -> str | None:
        before_said, before = -1, self._clause_start()
        for n, (i, q) in enumerate(self.path):
            said_gap, gap = self.said[before_said + 1 : i], list(self.written[before + 1 : q])
            number = self.said[i].number
            claim = operators_in(said_gap, bounds=True, figure=number)
            source = operators_in(own_part(gap), bounds=True, figure=number) or operators_in(
                gap, bounds=True, figure=number
            )
            differs = _differ(claim, source, self.said[i], said_gap)
            if differs:
                return f"{differs!r} differs from the source"
            said_run, run = run_before(self.said, i), run_before(self.written, q)
            if (n or said_run) and (reason := _runs_differ(said_run, run, self.said[i], first=n == 0)):
                return reason
            before_said, before = i, q
        return None

    def _clause_start(self) -> int:
        first = self.path[0][1]
        at = first - 1
        while at >= 0 and self.written[at].folded not in (",", ";", ":", "§", "("):
            at -= 1
        return at

    def _ends(self) -> str | None:
        """What follows the last used word: "nothing", "or ..." change what was said before."""
        i, q = self.path[-1]
        tail: list[Token] = []
        for token in self.written[q + 1 :]:
            if token.folded != "or" and ((token.mark and token.folded in ",;:.(—–") or token.folded in COORDINATORS):
                break
            if not token.mark:
                tail.append(token)
        rest = list(self.said[i + 1 :])
        source, claim = operators_in(tail), operators_in(rest)
        if tail and tail[0].folded == "or" and "or" not in claim and not self.said[i].number:
            return "an alternative is left out"
        if tail and not any(not t.mark for t in rest) and self._narrows(tail):
            return f"{tail[0].text!r} is left out"
        bad = ({"not", "only"} & source) - claim or (claim - source - DROPPABLE)
        return f"{sorted(bad)[0]!r} differs from the source" if bad else None

    def _narrows(self, tail: Tokens) -> bool:
        """Whether what follows the claim's last word says which one is meant, for whom it holds, or when."""
        word, following = tail[0].folded, {t.folded.removesuffix("s") for t in tail[1:4]}
        if word in NARROWING_FIGURES or (word in PREPOSITIONS and following & TIMES):
            return True
        participle = tail[0].content and word.endswith(("ed", "ing")) and not self.said[self.path[-1][0]].number
        return word in NARROWING or participle

    # --- figures --------------------------------------------------------------------------------------------------

    def _figures(self) -> str | None:
        for i, q in self.path:
            if not self.written[q].number:
                continue
            if bound_of(self.said, i) != bound_of(self.written, q):
                return "a figure is bounded otherwise in the source"
            if minus_of(self.said, i) != minus_of(self.written, q):
                return "a sign differs"
            scale, stated = scale_of(self.written, q), scale_of(self.said, i)
            if scale != stated:
                return "a figure has another scale in the source"
        return None

    def _forms(self) -> str | None:
        """Words with one stem that are not the same: insurer and insured, refundable and refunded."""
        for n, (i, q) in enumerate(self.path):
            a, b = self.said[i].folded, self.written[q].folded
            if a == b:
                continue
            for ending in ROLE_ENDINGS:
                if a.rstrip("s").endswith(ending) != b.rstrip("s").endswith(ending):
                    return f"{self.said[i].text!r} is another word in the source"
            if a.endswith(("able", "ible")) != b.endswith(("able", "ible")) and a.endswith("ed") | b.endswith("ed"):
                return f"{self.said[i].text!r} is another word in the source"
            gap = self.said[self.path[n - 1][0] + 1 : i] if n else self.said[:i]
            if _past(a) != _past(b) and n and not {t.folded for t in gap} & set(OPERATORS):
                return f"{self.said[i].text!r} has another form in the source"
            if a.endswith("less") != b.endswith("less") or {a, b} == {"new", "news"}:
                return f"{self.said[i].text!r} is another word in the source"
        return None


def _past(word: str) -> bool:
    return word.endswith("ed") or word in _PARTICIPLES


def _runs_differ(said: Tokens, written: Tokens, word: Token, *, first: bool) -> str | None:
    a, b = {t.folded for t in said}, {t.folded for t in written}
    ways, their = a & DIRECTIONS, b & DIRECTIONS
    if ways != their and not (first and not ways) and not word.number:
        return f"{sorted(ways ^ their)[0]!r} differs from the source"
    if word.number and (ways ^ their) & {"to", "from", "by", "since", "until", "before", "after"}:
        return f"{sorted(ways ^ their)[0]!r} differs from the source"
    if (a & PAST and b & PRESENT and not b & PAST) or (a & PRESENT and b & PAST and not a & PAST):
        return "the time differs from the source"
    if not first and _past(word.folded) and bool(a & BE) != bool(b & BE):
        return "who does it to whom differs"
    return None


def _differ(claim: set[str], source: set[str], word: Token, said_gap: Tokens) -> str:
    extra, missing = claim - source, source - claim - DROPPABLE
    here = {t.folded for t in said_gap}
    soft_ok = not here & (BE | PAST) and not _past(word.folded)
    if soft_ok and missing == {"will"} and not extra:
        return ""  # "will pay" -> "pays"
    left = sorted(extra | missing)
    return left[0] if left else ""

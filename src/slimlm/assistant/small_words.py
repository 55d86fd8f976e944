"""Runs of small words: which operators, conditions and new statements they hold."""

from __future__ import annotations

from collections.abc import Sequence

from slimlm.assistant.logic_tokens import Token, Tokens
from slimlm.assistant.logic_words import BOUNDS, CONDITIONS, COORDINATORS, DETERMINERS, OPERATORS, RELATIVES

_PHRASES = (("in case", "if"), ("in the event", "if"), ("on condition", "if"))


def run_before(tokens: Tokens, at: int) -> list[Token]:
    """The small words directly in front of ``at``."""
    found: list[Token] = []
    for token in reversed(tokens[:at]):
        if token.content or (token.mark and token.folded not in "€$£¥#\"“„'("):
            break
        found.append(token)
    return found[::-1]


def own_part(gap: list[Token]) -> list[Token]:
    """After "... and": the small words of the next verb alone."""
    for k in range(len(gap) - 1, -1, -1):
        if gap[k].folded in ("and", "but", ";"):
            return gap[k + 1 :]
    return gap


def operators_in(tokens: Tokens, *, bounds: bool = False, figure: bool = False) -> set[str]:
    """Groups of the operators in a run of words. Those that bound a figure are compared with it, not here."""
    listed = [t.folded for t in tokens]
    found: set[str] = set()
    k = 0
    while k < len(listed):
        step = 0
        if bounds:
            for phrase, _ in BOUNDS:
                at = listed[k : k + len(phrase)]
                ahead = [t for t in tokens[k + len(phrase) :] if t.content]
                of_figure = ahead[0].number if ahead else figure
                if tuple(at) == phrase and of_figure:
                    step = len(phrase)
                    break
        if step == 0 and listed[k] in OPERATORS:
            found.add(OPERATORS[listed[k]])
        k += step or 1
    return found


def conditions_in(tokens: Tokens) -> set[str]:
    text = " ".join(t.folded for t in tokens)
    found = {CONDITIONS[t.folded] for t in tokens if t.folded in CONDITIONS}
    return found | {name for phrase, name in _PHRASES if phrase in text}


def new_statement(gap: Sequence[Token]) -> bool:
    """Whether skipped words hold the beginning of another statement than the one they stand in."""
    joints = [k for k, t in enumerate(gap) if t.folded in COORDINATORS or t.folded in (";", ",", "—", "–", "§", ":")]
    for n, k in enumerate(joints):
        if gap[k].folded == "§":
            continue
        after = gap[k + 1 :]
        if gap[k].folded in RELATIVES and any(t.content for t in gap[:k]):
            return True  # "Tan reports to Rao, who ...": the word before is the one that does it
        if not any(t.content for t in after):
            continue
        if gap[k].folded not in (",",):
            return True
        nxt = after[0]
        if nxt.folded in DETERMINERS or nxt.text[:1].isupper() or nxt.number or (n and nxt.folded in COORDINATORS):
            return True
    return False


def inside_clause(tokens: Tokens, at: int) -> bool:
    """Whether a content word stands before ``at`` in the same clause."""
    previous = at - len(run_before(tokens, at)) - 1
    joined = any(t.folded in COORDINATORS for t in run_before(tokens, at))
    return previous >= 0 and tokens[previous].content and not joined

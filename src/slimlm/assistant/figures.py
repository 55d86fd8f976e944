"""What stands around a figure and belongs to it: its bound ("at least 5"), its sign, its scale ("5 million", "5 %")."""

from __future__ import annotations

from slimlm.assistant.logic_tokens import Tokens
from slimlm.assistant.logic_words import BOUNDS, BOUNDS_AFTER, SCALE_MARKS, SCALES

# Words with which a bound may be told; any other content word ends the search for one.
_BOUNDING = frozenset(
    "minimum maximum exceed exceeds exceeding later earlier greater higher longer older lower smaller shorter "
    "younger".split()
)


def bound_of(tokens: Tokens, at: int) -> str:
    """What the figure at ``at`` bounds: ">=", "<", "~"; "" when it is exact."""
    before: list[str] = []
    for token in reversed(tokens[max(at - 5, 0) : at]):
        if token.number or (token.mark and token.folded not in "€$£¥"):
            break
        if token.content and not token.text.isupper() and token.folded not in _BOUNDING:
            break
        before.insert(0, token.folded)
    for phrase, sign in BOUNDS:
        for k in range(len(before) - len(phrase) + 1):
            if tuple(before[k : k + len(phrase)]) == phrase:
                return sign
    after = [t.folded for t in tokens[at + 1 : at + 5] if not t.mark]
    for phrase, sign in BOUNDS_AFTER:
        for k in range(min(3, len(after) - len(phrase) + 1)):
            if tuple(after[k : k + len(phrase)]) == phrase:
                return sign
    return ""


def minus_of(tokens: Tokens, at: int) -> bool:
    return at > 0 and tokens[at - 1].folded in ("-", "minus") and not (at > 1 and tokens[at - 2].number)


def scale_of(tokens: Tokens, at: int) -> tuple[str, ...]:
    """What directly follows a figure and belongs to it: "million", "%", "per day", "–20"."""
    k = at + 1
    while k < len(tokens) and (tokens[k].folded in ("(", ")") or tokens[k].term == tokens[at].term):
        k += 1
    if k >= len(tokens):
        return ()
    token, following = tokens[k], [t.folded for t in tokens[k + 1 : k + 3]]
    if token.folded in ("percent", "%") or (token.folded == "per" and following[:1] == ["cent"]):
        return ("%",)
    if token.content and not token.number and following and following[0] in ("per", "each", "every", "/"):
        return ("per",)  # "0.5 mg per kg"
    if token.folded in SCALES or token.folded in SCALE_MARKS:
        found = {"each": "per", "every": "per", "/": "per"}.get(token.folded, token.folded)
        return (found,)
    # "10 a.m." is two letters
    if token.folded in ("a", "p") and following == [".", "m"]:
        return (token.folded + "m",)
    return ()

"""Text -> tokens as grounding compares them: content words, small words and marks, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, pairwise

from slimlm.assistant.logic_words import (
    AUXILIARIES,
    CONDITIONS,
    DETERMINERS,
    DIRECTIONS,
    LEADING,
    OPERATORS,
    VEILS,
)
from slimlm.retrieval.vocabulary import STOP_WORDS
from slimlm.retrieval.words import fold, words

_MARK = re.compile(r"[^\w\s'’]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a punctuation mark. ``content``: it says something by itself and is aligned."""

    text: str
    folded: str
    term: str
    content: bool
    number: bool
    mark: bool = False


Tokens = Sequence[Token]


def read_tokens(text: str) -> list[Token]:
    found: list[Token] = []
    end = 0
    text = text.replace("−", "-")
    for word in words(text):
        found += [mark_token(m.group()) for m in _MARK.finditer(text[end : word.start])]
        end = word.end
        folded = fold(word.text).replace("’", "'")
        if folded.endswith("n't"):  # "can't", "isn't": the verb and its negation
            found.append(_word({"ca": "can", "wo": "will"}.get(folded[:-3], folded[:-3])))
            found.append(_word("not"))
            continue
        if folded == "cannot":
            found += [_word("can"), _word("not")]
            continue
        number = word.is_number or (word.terms[0].isdigit() and folded != "one")
        logic = folded in OPERATORS or folded in CONDITIONS or folded in STOP_WORDS or folded in DIRECTIONS
        found.append(Token(word.text, folded, word.terms[0], number or not logic, number))
    return found + [mark_token(m.group()) for m in _MARK.finditer(text[end:])]


def _word(text: str) -> Token:
    return Token(text, text, text, False, False)


def mark_token(text: str) -> Token:
    return Token(text, text, text, False, False, mark=True)


def heading_tokens(heading: str) -> list[Token]:
    """A heading names what its sentences are about, unless it names several things."""
    found = read_tokens(heading)
    if not found or any(t.folded in ("and", "or", "&", "/", ",", "und", "et") for t in found):
        return []
    named = dropwhile(lambda t: t.number or t.mark, found)  # without its clause number
    return [t for t in named if not t.mark] + [mark_token("§")]


def variants(source: list[Token]) -> Iterator[list[Token]]:
    """The source in other words that say the same or less: "If A, B." is "B if A."; "A is B and C is D." says both."""
    yield source
    body = source[:-1] if source and source[-1].folded in (".", "!", "?") else source
    yield from _moved(body)
    yield from _without_aside(body)
    yield from _halves(body)


def _moved(body: list[Token]) -> Iterator[list[Token]]:
    """The adverbial at the other end."""
    commas = [i for i, t in enumerate(body) if t.folded == ","]
    if body and body[0].folded in LEADING:
        for comma in commas[:2]:
            yield [*body[comma + 1 :], *body[:comma]]
    for i, token in enumerate(body):
        if i > 1 and token.folded in CONDITIONS and not any(t.folded == ";" for t in body):
            lead = body[: i - 1] if body[i - 1].folded == "," else body[:i]
            yield [*body[i:], mark_token(","), *lead]


def _without_aside(body: list[Token]) -> Iterator[list[Token]]:
    """Without ", who joined in 2019,": an aside between two commas."""
    commas = [i for i, t in enumerate(body) if t.folded == ","]
    for a, b in pairwise(commas):
        aside, after = body[a + 1 : b], body[b + 1 :]
        if aside and after and aside[0].folded in ("who", "which") and after[0].folded not in ("and", "or", "but"):
            yield [*body[:a], *after]


def _halves(body: list[Token]) -> Iterator[list[Token]]:
    """Each of two statements with a subject and a verb of their own, unless one holds only with the other."""
    if not body or body[0].folded in LEADING:
        return
    for i, token in enumerate(body):
        left, right = body[:i], body[i + 1 :]
        if token.folded not in ("and", ";") or not right:
            continue
        own = right[0].folded in DETERMINERS or right[0].text[:1].isupper()
        verbs = all(any(t.folded in AUXILIARIES for t in half) for half in (left, right))
        if own and verbs and not any(t.folded in VEILS or t.folded == "that" for t in left):
            yield from (half for half, other in ((left, right), (right, left)) if not _holds_if(other))


def _holds_if(tokens: Tokens) -> bool:
    """Whether there is a condition that may be one of the other half, too."""
    return any(CONDITIONS.get(t.folded) in ("if", "unless", "subject") for t in tokens)

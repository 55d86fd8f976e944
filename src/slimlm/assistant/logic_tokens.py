"""Text -> tokens as grounding compares them: content words, small words and marks, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slimlm.assistant.logic_words import CONDITIONS, DIRECTIONS, LEADING, OPERATORS
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
    return [t for t in found if not t.mark] + [mark_token("§")]


def variants(source: list[Token]) -> Iterator[list[Token]]:
    """The source, and the source with its adverbial moved: "If A, B." and "B if A." say the same."""
    yield source
    body = source[:-1] if source and source[-1].folded in ".!?" else source
    first = body[0].folded if body else ""
    commas = [i for i, t in enumerate(body) if t.folded == ","]
    if first in LEADING and commas:
        for comma in commas[:2]:
            yield [*body[comma + 1 :], *body[:comma]]
    for i, token in enumerate(body):
        if i > 1 and token.folded in CONDITIONS and not any(t.folded == ";" for t in body):
            lead = body[: i - 1] if body[i - 1].folded == "," else body[:i]
            yield [*body[i:], mark_token(","), *lead]

"""Decides whether a hyphen at a line's end belongs to the word ("well-|known") or to the line break ("exam-|ple")."""

from __future__ import annotations

import re

_SOFT = "\u00ad"
_HYPHENS = "-\u2010\u00ad"
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
# First parts of compounds that are written with a hyphen far more often than without.
_KEEPS = frozenset(
    "all anti co cross e ex first full half high ill left long low mid multi non off one part post pre quasi right"
    " second self semi short so third two three vice well year".split()
)
# "Ein- und Ausgang", "two- or three-year": the hyphen stands for a missing part.
_CONJUNCTIONS = frozenset("und oder bzw sowie and or y o u e ou et en of och eller".split())
_MAX_VOCABULARY = 200_000


class Vocabulary:
    """Words seen so far in the document, whole: the best judge of what a broken word is."""

    def __init__(self) -> None:
        self._words: set[str] = set()

    def learn(self, text: str) -> None:
        if len(self._words) < _MAX_VOCABULARY:
            self._words.update(word.lower() for word in _WORD.findall(text))

    def join(self, before: str, after: str) -> tuple[int, str] | None:
        """How to join two lines: (characters to cut from ``before``'s end, text to put between), or None for a space.

        ``before`` ends with the line, ``after`` begins the next one.
        """
        if not before or before[-1] not in _HYPHENS or not after:
            return None
        if before[-1] == _SOFT:
            return 1, ""
        left = _last_word(before[:-1])
        right = _first_word(after)
        if not left or not right:
            return None if before[-2:-1].isspace() or len(before) == 1 else (0, "")
        if right.lower() in _CONJUNCTIONS:
            return None
        joined, compound = (left + right).lower(), f"{left}-{right}".lower()
        if not right[0].islower() or not before[-2].isalpha():
            # "Jean-|Pierre", "2020-|based"; but "OP-|TIONAL"
            return (1 if left.isupper() and joined in self._words else 0), ""
        if joined in self._words:
            return 1, ""
        if compound in self._words or left.lower() in _KEEPS or "-" in left:
            return 0, ""
        return 1, ""


def _last_word(text: str) -> str:
    tail = text[-60:]
    found = re.search(r"[^\W\d_]+(?:-[^\W\d_]+)*$", tail)
    return found.group() if found else ""


def _first_word(text: str) -> str:
    found = re.match(r"[^\W\d_]+", text[:60])
    return found.group() if found else ""

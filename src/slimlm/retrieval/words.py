"""Text -> index terms, for any script. Standard library alone, so that it also runs where compiled code cannot.

Terms are what search and grounding compare: lower-cased, accents folded, stemmed lightly, numbers in one spelling, and
for scripts without spaces overlapping pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from slimlm.retrieval.stemming import stem
from slimlm.retrieval.vocabulary import NUMBER_WORDS, STOP_WORDS

# Scripts written without spaces: kana, Han, Thai, Lao, Khmer, Burmese. Hangul has spaces but glues particles to words,
# so pairs of characters serve it better too.
_UNSPACED = (
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d"
    "\u0e00-\u0eff\u1780-\u17ff\u1000-\u109f\uac00-\ud7af"
)
_WORD = re.compile(
    rf"(?P<unspaced>[{_UNSPACED}]+)"
    r"|(?P<number>\d+(?:[.,:/\-’']\d+)*)"
    rf"|(?P<word>[^\W\d_{_UNSPACED}]+(?:['’][^\W\d_{_UNSPACED}]+)*)"
    r"|(?P<mixed>[^\W_]+)"
)
_ARABIC_MARKS = re.compile("[\u064b-\u0652\u0670\u0640]")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it stands in the text, with its place and its index terms (usually one)."""

    text: str
    start: int
    end: int
    terms: tuple[str, ...]
    is_number: bool = False


def words(text: str) -> Iterator[Word]:
    """Every word of ``text`` in order. Offsets are into ``text``."""
    for match in _WORD.finditer(text):
        piece = match.group()
        kind = match.lastgroup
        if kind == "unspaced":
            yield Word(piece, match.start(), match.end(), _pairs(unicodedata.normalize("NFKC", piece)))
        elif kind == "number":
            yield Word(piece, match.start(), match.end(), (number_term(piece),), is_number=True)
        else:
            yield Word(piece, match.start(), match.end(), (word_term(piece),))


def terms(text: str, *, keep_stop_words: bool = False) -> list[str]:
    """Index terms of ``text`` in order, without stop words."""
    found: list[str] = []
    for match in _WORD.finditer(text):
        piece, kind = match.group(), match.lastgroup
        if kind == "unspaced":
            found.extend(_pairs(unicodedata.normalize("NFKC", piece)))
        elif kind == "number":
            found.append(number_term(piece))
        elif keep_stop_words or fold(piece) not in STOP_WORDS:
            found.append(word_term(piece))
    return found


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Lower case without accents or compatibility forms: "Élan" -> "elan", "ﬁnal" -> "final"."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    bare = _ARABIC_MARKS.sub("", bare)
    return bare.translate(_ARABIC_FOLD)


_ARABIC_FOLD = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ة": "ه", "ى": "ي", "’": "'"})


@lru_cache(maxsize=65536)
def word_term(word: str) -> str:
    """The index term of one word. Number words become digits, so that "thirty" finds "30"."""
    plain = fold(word).removesuffix("'s").strip("'")
    if plain in NUMBER_WORDS:
        return NUMBER_WORDS[plain]
    if "\u0600" <= plain[:1] <= "\u06ff":
        return _arabic(plain)
    return stem(plain)


def _arabic(word: str) -> str:
    """Drop the clitics that keep the same noun from matching itself: and-, the-, by-the-, for-the-."""
    for prefix in ("وال", "بال", "كال", "فال", "لل", "ال", "و"):
        if word.startswith(prefix) and len(word) - len(prefix) >= 3:
            return word[len(prefix) :]
    return word


def _pairs(run: str) -> tuple[str, ...]:
    return (run,) if len(run) == 1 else tuple(run[i : i + 2] for i in range(len(run) - 1))


@lru_cache(maxsize=16384)
def number_term(text: str) -> str:
    """One spelling for a number: "1,250.00", "1.250,00" and "1’250" are "1250"; dates and times keep their parts.

    A single separator followed by exactly three digits groups thousands ("1,250"), unless what stands before cannot be
    a group ("0.125", "1234.567"); otherwise it is a decimal mark.
    """
    digits = unicodedata.normalize("NFKC", text).replace("’", ",").replace("'", ",")
    if any(c in digits for c in ":/-"):
        return digits
    marks = [c for c in digits if c in ".,"]
    if not marks:
        return digits.lstrip("0") or "0"
    last = marks[-1]
    whole, _, fraction = digits.rpartition(last)
    groups = len(fraction) == 3 and len(whole) <= 3 and not whole.startswith("0")
    if len(set(marks)) == 1 and (len(marks) > 1 or groups):
        if len(marks) > 1 and any(len(part) != 3 for part in digits.split(last)[1:]):
            return digits.strip(".,")  # 3.2.1: a clause number, not an amount
        whole, fraction = digits.replace(last, ""), ""
    whole = re.sub(r"[.,]", "", whole).lstrip("0") or "0"
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole

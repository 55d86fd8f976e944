"""Which language a text is written in: by script, then by function words. Good enough to choose wording and warn."""

from __future__ import annotations

import re
from collections import Counter

from slimlm.retrieval.vocabulary import STOP_WORDS_BY_LANGUAGE
from slimlm.retrieval.words import fold

UNKNOWN = "und"  # ISO 639-2 "undetermined"

_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", "[\u3040-\u30ff]"),
    ("ko", "[\uac00-\ud7af]"),
    ("zh", "[\u4e00-\u9fff]"),
    ("ar", "[\u0600-\u06ff]"),
    ("he", "[\u0590-\u05ff]"),
    ("ru", "[\u0400-\u04ff]"),
    ("el", "[\u0370-\u03ff]"),
    ("th", "[\u0e00-\u0e7f]"),
    ("hi", "[\u0900-\u097f]"),
)
_SAMPLE = 20_000  # characters that are looked at


def detect_language(text: str) -> str:
    """ISO 639-1 code, or "und". Japanese is told from Chinese by kana (a twentieth of the characters is enough)."""
    sample = text[:_SAMPLE]
    letters = sum(c.isalpha() for c in sample)
    if not letters:
        return UNKNOWN
    shares = {code: len(re.findall(pattern, sample)) / letters for code, pattern in _SCRIPTS}
    if shares["ja"] > 0.05 and shares["ja"] + shares["zh"] > 0.3:
        return "ja"
    code, share = max(shares.items(), key=lambda item: item[1])
    if share > 0.3:
        return code
    return _latin(sample)


def _latin(sample: str) -> str:
    counts = Counter(fold(w) for w in re.findall(r"[^\W\d_]+", sample))
    total = sum(counts.values())
    scores = {
        code: sum(n for word, n in counts.items() if word in stop) for code, stop in STOP_WORDS_BY_LANGUAGE.items()
    }
    code, score = max(scores.items(), key=lambda item: item[1])
    return code if total and score / total > 0.08 else UNKNOWN

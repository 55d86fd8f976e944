"""A light stemmer: enough to match "terminated" with "termination", never so much that different words meet.

English follows Porter's 1980 algorithm (public domain description); other Latin-script words only lose plural and
common inflection endings. Words with other scripts are returned as they are.
"""

from __future__ import annotations

import re

_VOWEL = re.compile(r"[aeiouy]")
_CVC = re.compile(r"[^aeiou][aeiouy][^aeiouwxy]$")

_STEP2 = (
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("iser", "ise"),
    ("abli", "able"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"),
    ("isation", "ise"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"),
    ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
)  # fmt: skip
_STEP3 = (("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""))
_STEP4 = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ise",
    "al", "er", "ic", "ou",
)  # fmt: skip
# Irregular forms that questions and documents often spell differently.
_IRREGULAR = {
    "paid": "pay", "pays": "pay", "paying": "pay", "payable": "pay", "payment": "pay", "payments": "pay",
    "began": "begin", "begun": "begin", "held": "hold", "made": "make", "sold": "sell", "sent": "send", "wrote": "write",
    "written": "write", "gave": "give", "given": "give", "took": "take", "taken": "take", "left": "leave",
    "spent": "spend", "built": "build", "bought": "buy", "kept": "keep", "lost": "lose", "met": "meet", "won": "win",
    "grew": "grow", "grown": "grow", "rose": "rise", "risen": "rise", "fell": "fall", "fallen": "fall",
    "children": "child", "people": "person", "men": "man", "women": "woman", "chose": "choose", "chosen": "choose",
    "ran": "run", "spoke": "speak", "spoken": "speak", "said": "say", "told": "tell", "brought": "bring",
    "thought": "think", "found": "find", "led": "lead", "cost": "cost", "costs": "cost", "due": "due",
}  # fmt: skip


def stem(word: str) -> str:
    """``word`` must be folded (lower case, no accents)."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    return _porter(word)


def _measure(part: str) -> int:
    """How many vowel-consonant sequences: Porter's m."""
    shape = re.sub(r"c+", "c", re.sub(r"v+", "v", _shape(part)))
    return shape.count("vc")


def _shape(part: str) -> str:
    out: list[str] = []
    for i, c in enumerate(part):
        vowel = c in "aeiou" or (c == "y" and i > 0 and out[-1] == "c")
        out.append("v" if vowel else "c")
    return "".join(out)


def _porter(word: str) -> str:
    w = _step1(word)
    for suffix, new in _STEP2:
        if w.endswith(suffix):
            base = w[: -len(suffix)]
            w = base + new if _measure(base) > 0 else w
            break
    for suffix, new in _STEP3:
        if w.endswith(suffix):
            base = w[: -len(suffix)]
            w = base + new if _measure(base) > 0 else w
            break
    w = _step4(w)
    if w.endswith("e"):
        base = w[:-1]
        if _measure(base) > 1 or (_measure(base) == 1 and not _CVC.search(base)):
            w = base
    return w[:-1] if w.endswith("ll") and _measure(w) > 1 else w


def _step1(w: str) -> str:
    if w.endswith(("sses", "ies")):
        w = w[:-2]
    elif w.endswith("s") and not w.endswith(("ss", "us", "is")):
        w = w[:-1]
    if w.endswith("eed"):
        w = w[:-1] if _measure(w[:-3]) > 0 else w
    else:
        for suffix in ("ed", "ing"):
            if w.endswith(suffix) and _VOWEL.search(w[: -len(suffix)]):
                w = _repair(w[: -len(suffix)])
                break
    if w.endswith("y") and _VOWEL.search(w[:-1]):
        w = w[:-1] + "i"
    return w


def _repair(w: str) -> str:
    """After -ed/-ing was cut: put back what the ending had swallowed."""
    if w.endswith(("at", "bl", "iz")):
        return w + "e"
    if len(w) > 1 and w[-1] == w[-2] and w[-1] not in "lsz":
        return w[:-1]
    return w + "e" if _measure(w) == 1 and _CVC.search(w) else w


def _step4(w: str) -> str:
    for suffix in _STEP4:
        if w.endswith(suffix):
            base = w[: -len(suffix)]
            return base if _measure(base) > 1 else w
    if w.endswith("ion") and len(w) > 4 and w[-4] in "st":
        return w[:-3] if _measure(w[:-3]) > 1 else w
    return w

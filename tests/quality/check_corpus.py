"""Checks the evaluation corpus: ``python tests/quality/check_corpus.py [split ...]``; exits with 1 on a fault.

A measurement is worth no more than its questions. A question whose evidence is not in the document, or a "paraphrase"
which repeats the page word for word, would count for or against the product without telling anything about it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rendering import CJK_LANGUAGES, Heading, NewPage, Paragraph, Source, Table, read_source

HERE = Path(__file__).resolve().parent
KINDS = ("literal", "paraphrase", "absent", "lookalike")
UNANSWERABLE = {"absent", "lookalike"}
FIELDS = {"id", "document", "question", "kind", "answers", "evidence", "scope", "language"}
# How many documents and questions each split must have; the test split is the one that decides.
MINIMUM = {"dev": (1, 1), "test": (32, 220)}
PARAPHRASE_LIMIT = 0.35
LITERAL_FLOOR = 0.5
CORPUS_BYTES = 6_000_000
# Such answers would be found in almost any sentence.
VACUOUS = {"yes", "no", "non", "not", "sí", "ja", "oui", "none", "nil"}

STOP_WORDS = set(
    """
    a about after again all also an and any are as at be been before being both but by can cannot could did do does
    doing down each either else ever few for from get gets give given go goes had has have having he her here hers him
    his how i if in into is it its itself just least long made make many may me might more most much must my near need
    needs next no nor not now of off on once one only or other our out over own per put same shall she should so some
    somebody someone something such take taken than that the their them then there these they thing things this those
    through to too under until up upon us very was we were what whatever when where which while who whom whose why
    will with within without would you your
    aber als am an auf aus bei bis das dass dem den der des die dies diese dieser durch ein eine einem einen einer
    eines er es für hat ich ihr ihre im in ist ja kann man mehr mit muss müssen nach nicht nur oder ohne sein sich sie
    sind und um von vor wann warum was welche welchem welchen welcher welches wenn wer werden wie viel viele wird wo
    zu zum zur
    au aux avec ce ces cette combien comment dans de des du elle en est et il ils la le les leur on ou où par pas peut
    pour quand que quel quelle quelles quels qui sa se sera ses son sont sur un une à
    al cada como con cuál cuáles cuándo cuánta cuánto cuesta cuántos de del desde donde dónde el ella en entre es esta
    este ha hasta la las lo los más para pero por puede que qué quién se si sin sobre son su sus tiene un una y
    في من على إلى عن ما ماذا هو هي هل كم متى أين التي الذي أن لا مع أي كل
    """.split()
)
_SUFFIX = re.compile(r"(?:ations?|ings?|edly|ies|ied|ment|ers?|ed|es|ly|en|e|s)$")
_CJK = re.compile(r"[\u3400-\u9fff\u30a0-\u30ff\uac00-\ud7af]+")
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Question:
    """One line of a question file."""

    line: int
    fields: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        """The fields by their names, so that the checks below read well."""
        return self.fields[name]

    @property
    def label(self) -> str:
        """How a fault speaks of this question."""
        return f"line {self.line} ({self.fields.get('id')})"


def normal(text: str, language: str) -> str:
    """A text for comparison: no marks, table cells parted by blanks, one blank between words.

    Languages written without spaces lose all of them.
    """
    text = re.sub(r"\\$|^\s*[-*]\s+|^#+\s+|\*+|\|", " ", text, flags=re.M)
    return re.sub(r"\s+", "" if language in CJK_LANGUAGES else " ", text).strip().lower()


def stem(word: str) -> str:
    """A crude stem: good enough to see "pays" and "paying" as one word, in whatever language."""
    word = word.removeprefix("ال")
    while len(word) > 4 and len(short := _SUFFIX.sub("", word)) >= 3 and short != word:
        word = short
    return word


def content_words(text: str) -> set[str]:
    """What a text is about: its stems without stop words, or pairs of characters where words are not parted."""
    words: set[str] = set()
    for run in _CJK.findall(text):
        words.update(run[at : at + 2] for at in range(max(1, len(run) - 1)))
    for word in _WORD.findall(_CJK.sub(" ", text.lower())):
        if word not in STOP_WORDS and not re.fullmatch(r"[\u3040-\u309f]+|[a-z]", word):
            words.add(stem(word))
    return words


def overlap(question: Question, more: str = "") -> float:
    """The share of the question's content words which its evidence, or the text given besides, has too."""
    asked = content_words(question.question)
    told = content_words(" ".join([*question.evidence, more]))
    return len(asked & told) / len(asked) if asked else 0.0


def headings_of(question: Question, source: Source) -> str:
    """The headings above the evidence, and the head of the table that it is a row of.

    A row means nothing without them: a literal question about a cell speaks of row, column and section.
    """
    spans = [normal(span, source.language) for span in question.evidence]
    heading = ""
    found: list[str] = []
    for block in source.blocks:
        if isinstance(block, Heading):
            heading = block.text
        elif isinstance(block, Table):
            rows = {normal(" | ".join(row), source.language) for row in block.rows}
            found += [heading, *block.rows[0]] if rows & set(spans) else []
        elif not isinstance(block, NewPage):
            text = normal(block.text if isinstance(block, Paragraph) else " ".join(block.texts), source.language)
            found += [heading] if any(span in text for span in spans) else []
    return " ".join(found)


def load(split: str) -> tuple[dict[str, Source], list[Question]]:
    """The sources of a split by the names of their documents, and its questions."""
    sources = [read_source(path) for path in sorted((HERE / "sources" / split).glob("*.md"))]
    text = (HERE / "questions" / f"{split}.jsonl").read_text(encoding="utf-8")
    questions = [Question(at, json.loads(line)) for at, line in enumerate(text.splitlines(), start=1) if line.strip()]
    return {source.file_name: source for source in sources}, questions


def check_shape(question: Question, split: str) -> Iterator[str]:
    """Fields, kinds and scopes."""
    if set(question.fields) != FIELDS:
        yield f"{question.label}: fields differ by {sorted(set(question.fields) ^ FIELDS)}"
        return
    if question.kind not in KINDS or question.scope not in {"single", "all"}:
        yield f"{question.label}: kind {question.kind!r}, scope {question.scope!r}"
    if not str(question.id).startswith(f"{split}-"):
        yield f"{question.label}: the id does not begin with {split}-"
    empty = not question.answers and not question.evidence
    if (question.kind in UNANSWERABLE) != empty or (not empty and not (question.answers and question.evidence)):
        yield f"{question.label}: answers and evidence do not fit the kind {question.kind}"
    if question.kind in UNANSWERABLE and question.scope != "single":
        yield f"{question.label}: an unanswerable question has scope {question.scope}"


def check_evidence(question: Question, source: Source) -> Iterator[str]:
    """Evidence must be in the source, answers in the evidence."""
    page = normal(source.body, source.language)
    spans = [normal(span, source.language) for span in question.evidence]
    for span in spans:
        if span not in page:
            yield f"{question.label}: evidence not in the source: {span[:80]!r}"
    found = [normal(answer, source.language) in " ".join(spans) for answer in question.answers]
    # Spelling variants ("thirty days" beside "30 days") need not stand on the page, but one of them must.
    if question.answers and not (all(found) if question.scope == "all" else any(found)):
        yield f"{question.label}: answers not in the evidence: {question.answers}"
    for answer in question.answers:
        weak = answer.strip().lower() in VACUOUS or len(answer.strip()) < 2
        if weak or answer != answer.strip():
            yield f"{question.label}: the answer {answer!r} would be met by chance"


def check_wording(question: Question, source: Source) -> Iterator[str]:
    """A literal question speaks like the page, a paraphrase does not.

    Questions in another language than the document share no words with it and are left out.
    """
    share = overlap(question)
    if question.kind == "paraphrase" and share > PARAPHRASE_LIMIT:
        yield f"{question.label}: a paraphrase shares {share:.0%} of its words: {question.question}"
    if question.kind == "literal":
        share = overlap(question, headings_of(question, source))
        if share < LITERAL_FLOOR:
            yield f"{question.label}: a literal question shares only {share:.0%}: {question.question}"


def check_balance(questions: list[Question], sources: dict[str, Source], split: str) -> Iterator[str]:
    """Counts and proportions of the whole split."""
    documents, least = MINIMUM[split]
    if len(sources) < documents or len(questions) < least:
        yield f"{len(sources)} documents and {len(questions)} questions; wanted {documents} and {least}"
    kinds = Counter(question.kind for question in questions)
    total = len(questions)
    shares = {
        "unanswerable among all": ((kinds["absent"] + kinds["lookalike"]) / total, 0.33, 0.40),
        "absent among unanswerable": (kinds["absent"] / max(1, kinds["absent"] + kinds["lookalike"]), 0.4, 0.6),
        "literal among answerable": (kinds["literal"] / max(1, kinds["literal"] + kinds["paraphrase"]), 0.4, 0.6),
    }
    for name, (share, low, high) in shares.items():
        if not low <= share <= high:
            yield f"{name}: {share:.1%}, wanted {low:.0%} to {high:.0%}"
    whole = sum(question.scope == "all" for question in questions)
    if split == "test" and not 12 <= whole <= 22:
        yield f"{whole} questions of scope all, wanted about 15"
    languages = Counter(source.language for source in sources.values())
    if split == "test" and total and len(sources) - languages["en"] < 5:
        yield f"too few documents in other languages: {dict(languages)}"
    asked = {question.document for question in questions}
    yield from (f"{name}: no questions" for name in sorted(set(sources) - asked))
    ids = Counter(question.id for question in questions)
    yield from (f"id {name} is used {count} times" for name, count in ids.items() if count > 1)
    wordings = Counter((question.document, question.question) for question in questions)
    yield from (f"{name}: asked {count} times" for name, count in wordings.items() if count > 1)


def check_files(split: str, sources: dict[str, Source]) -> Iterator[str]:
    """Every source was rendered, nothing else lies about, and the corpus stays small enough for a repository."""
    made = {path.name for path in (HERE / "corpus" / split).iterdir() if not path.name.startswith(".")}
    yield from (f"{name}: not rendered" for name in sorted(set(sources) - made))
    yield from (f"{name}: has no source" for name in sorted(made - set(sources)))
    size = sum(path.stat().st_size for path in (HERE / "corpus").rglob("*") if path.is_file())
    if size > CORPUS_BYTES:
        yield f"the corpus takes {size / 1e6:.1f} MB, more than {CORPUS_BYTES / 1e6:.0f}"


def check_split(split: str) -> list[str]:
    """All faults of one split."""
    sources, questions = load(split)
    faults = list(check_files(split, sources))
    for question in questions:
        shape = list(check_shape(question, split))
        faults += shape
        source = sources.get(question.fields.get("document", ""))
        if shape or source is None:
            faults += [] if shape else [f"{question.label}: no such document: {question.document}"]
            continue
        faults += check_evidence(question, source)
        if question.language == source.language and question.kind not in UNANSWERABLE:
            faults += check_wording(question, source)
    if all(set(question.fields) == FIELDS for question in questions):
        faults += check_balance(questions, sources, split)
        summary(split, sources, questions)
    return faults


def summary(split: str, sources: dict[str, Source], questions: list[Question]) -> None:
    """Prints what the split consists of."""
    print(f"{split}: {len(sources)} documents, {len(questions)} questions")
    print("  kinds:", dict(Counter(question.kind for question in questions)))
    print("  scopes:", dict(Counter(question.scope for question in questions)))
    print("  question languages:", dict(Counter(question.language for question in questions)))
    print("  formats:", dict(Counter(source.format for source in sources.values())))
    print("  document languages:", dict(Counter(source.language for source in sources.values())))


def main() -> int:
    """Checks what the command line names and returns the exit status."""
    parser = argparse.ArgumentParser(description="Check the evaluation corpus and its questions.")
    parser.add_argument("splits", nargs="*", default=list(MINIMUM), help="which splits to check (default: both)")
    arguments = parser.parse_args()
    faults = [f"{split}: {fault}" for split in arguments.splits for fault in check_split(split)]
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

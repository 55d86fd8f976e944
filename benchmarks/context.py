"""What should a small model be given: the whole page, or the few best sentences? Quality and time for each task.

    python benchmarks/context.py [--documents 6] [--questions 20] [--out FILE]

Three ways, on documents and questions of the quality suite's development split:

- ``page``: the document's text in the prompt (``render_page``, evaluated once and used again) and an instruction;
- ``sentences``: the model's own words from the assistant's prompts, which hold the few best sentences, unchecked;
- ``assistant``: what a person is shown: the same, checked, with the quote where the check fails.

Right answers: the share that hold an accepted answer. Summaries: the share of sentences that the document backs, by
the assistant's own check. Questions: the share to which search finds an answer. Each document is evaluated once for
the page; that time is reported apart. Writes ``benchmarks/results/context.json``.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from material import CORPUS, QUESTIONS, RESULTS, make_home, models, settings_in
from session_parts import record_assistant

from slimlm.assistant.assistant import Assistant
from slimlm.assistant.chat import last_result
from slimlm.assistant.grounding import check_claim
from slimlm.assistant.opened import Opened, open_index
from slimlm.assistant.records import Answer, Summary
from slimlm.assistant.suggestions import MIN_COVERAGE
from slimlm.assistant.summaries import DIGEST_SENTENCES, key_points
from slimlm.bench.machine import describe_machine
from slimlm.bench.recorder import RecordingEngine
from slimlm.bench.report import BenchResult, format_table, save_result, shown
from slimlm.bench.samples import Samples, collect
from slimlm.documents.records import Document
from slimlm.engine.protocol import Engine, generate
from slimlm.evaluation.questions import SuiteQuestion, holds_answer, load_questions
from slimlm.prompts.tasks import (
    parse_answer,
    parse_question,
    parse_summary,
    render_answer,
    render_page,
    render_summary,
)
from slimlm.retrieval.answerability import judge
from slimlm.retrieval.question import read_question
from slimlm.retrieval.search import SearchIndex

Way = Literal["page", "sentences", "assistant"]
N_QUESTIONS = 3  # asked for, per document
PAGE_ANSWER = "Answer in one short sentence with words copied from the document. Question: {}"
PAGE_SUMMARY = "Summarize the document in two sentences with words from the document."
PAGE_QUESTIONS = "Write three short questions that the document answers, one on each line."
_MARK = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s*")


@dataclass(frozen=True, slots=True)
class Options:
    documents: int
    questions: int
    max_page_tokens: int


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was asked. ``good`` of ``n`` pieces were right, backed or verified."""

    way: Way
    task: str
    document: str
    asked: str
    text: str
    good: int
    n: int
    seconds: float


def timed(make: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    made = make()
    return made, time.perf_counter() - started


# --- answers ------------------------------------------------------------------------------------------------------


def answer_trials(own: Assistant, engine: Engine, document: Document, item: SuiteQuestion) -> list[Trial]:
    """The search is part of the time of the ways that need it."""
    index = indexed(own, document).index

    def from_page() -> str:
        prompt = render_page(document.text, PAGE_ANSWER.format(item.question), 48)
        return parse_answer(generate(engine, prompt))

    def from_sentences() -> str:
        found = index.search(read_question(item.question), 1)
        return parse_answer(generate(engine, render_answer([f.hit.sentence.text for f in found], item.question)))

    def shown_answer() -> str:
        answer = last_result(own.ask(document, item.question))
        assert isinstance(answer, Answer)
        return answer.text if answer.status == "answered" else ""

    ways: tuple[tuple[Way, Callable[[], str]], ...] = (
        ("page", from_page),
        ("sentences", from_sentences),
        ("assistant", shown_answer),
    )
    trials = []
    for way, make in ways:
        text, seconds = timed(make)
        right = bool(text) and holds_answer(text, item)
        trials.append(Trial(way, "answer", document.name, item.question, text, int(right), 1, seconds))
    return trials


# --- summaries ----------------------------------------------------------------------------------------------------


def summary_trials(own: Assistant, engine: Engine, document: Document, opened: Opened) -> list[Trial]:
    def sentences_of(reply: str) -> tuple[str, ...]:
        parsed = parse_summary(reply)
        return parsed.sentences if parsed.complete else parsed.sentences[:-1]

    def from_sentences() -> str:
        keys = key_points(opened, DIGEST_SENTENCES)
        return generate(engine, render_summary([s.text for s in keys]))

    page, page_s = timed(lambda: generate(engine, render_page(document.text, PAGE_SUMMARY, 90)))
    own_words, own_s = timed(from_sentences)
    summary, shown_s = timed(lambda: last_result(own.summarize(document, "paragraph")))
    assert isinstance(summary, Summary)
    evidence = opened.index.sentences
    found = []
    rows: tuple[tuple[Way, tuple[str, ...], float], ...] = (
        ("page", sentences_of(page), page_s),
        ("sentences", sentences_of(own_words), own_s),
        ("assistant", tuple(point.text for point in summary.points), shown_s),
    )
    for way, texts, seconds in rows:
        good = sum(check_claim(text, evidence).supported for text in texts)
        found.append(Trial(way, "summary", document.name, "", " ".join(texts), good, len(texts), seconds))
    return found


# --- questions ----------------------------------------------------------------------------------------------------


def question_trials(own: Assistant, engine: RecordingEngine, document: Document, opened: Opened) -> list[Trial]:
    """``sentences``: every question the model wrote for the assistant, before the assistant threw some away."""

    def from_page() -> list[str]:
        reply = generate(engine, render_page(document.text, PAGE_QUESTIONS, 90))
        lines = [parse_question("", _MARK.sub("", line)) for line in reply.splitlines() if line.strip()]
        return lines[:N_QUESTIONS]

    def shown_questions() -> list[str]:
        found = last_result(own.suggest(document, N_QUESTIONS))
        assert isinstance(found, tuple)
        return [suggestion.question for suggestion in found]

    page, page_s = timed(from_page)
    n_calls = len(engine.calls)
    finished, shown_s = timed(shown_questions)
    calls = engine.calls[n_calls:]
    written = [parse_question(call.prompt.opening, call.text) for call in calls]
    rows: tuple[tuple[Way, list[str], int, float], ...] = (
        ("page", page, N_QUESTIONS, page_s),
        ("sentences", written, len(calls), sum(call.total_s for call in calls)),
        ("assistant", finished, N_QUESTIONS, shown_s),
    )
    trials = []
    for way, texts, n, seconds in rows:
        distinct = list(dict.fromkeys(text for text in texts if text))
        good = sum(verifies(opened, text) for text in distinct)
        trials.append(Trial(way, "question", document.name, "", "\n".join(texts), good, n, seconds))
    return trials


def verifies(opened: Opened, text: str) -> bool:
    """Search finds an answer, and the question's words stand where it was found."""
    found = opened.index.search(read_question(text), 3)
    return bool(found) and judge(opened.index, read_question(text), found).answerable and (
        found[0].features.coverage_around >= MIN_COVERAGE
    )  # fmt: skip


# --- the whole ----------------------------------------------------------------------------------------------------


def indexed(own: Assistant, document: Document) -> Opened:
    """The document with all its sentences embedded: what search needs, made once and not part of any way's time."""
    index = SearchIndex(document, own.reader)
    index.embed(index.pending())
    return open_index(document, index)


def choose(options: Options, fits: Callable[[Path], bool]) -> tuple[list[Path], list[SuiteQuestion]]:
    """English documents that fit a page prompt, in the suite's order; questions evenly from each."""
    asked = [q for q in load_questions(QUESTIONS) if q.answerable and q.scope == "single" and q.language == "en"]
    order = list(Counter(q.document for q in asked))
    files: list[Path] = []
    for name in order:
        if len(files) < options.documents and not name.endswith(".png") and fits(CORPUS / name):
            files.append(CORPUS / name)
    chosen: list[SuiteQuestion] = []
    for place, file in enumerate(files):
        of_file = [q for q in asked if q.document == file.name]
        share = min(len(of_file), (options.questions * (place + 1)) // len(files) - len(chosen))
        chosen += [of_file[i * len(of_file) // share] for i in range(share)]
    return files, chosen


def measure(own: Assistant, engine: RecordingEngine, options: Options) -> tuple[list[Trial], list[float], list[Path]]:
    def fits(file: Path) -> bool:
        return engine.count_tokens(own.open(file).text) <= options.max_page_tokens

    files, questions = choose(options, fits)
    trials: list[Trial] = []
    evaluated: list[float] = []
    for file in files:
        document = own.open(file)
        opened = indexed(own, document)
        list(own.search(document, "first"))  # the assistant's own index, too, is complete before the clock runs
        seconds = engine.prefill(render_page(document.text, PAGE_SUMMARY, 1)).prefill_ms / 1000.0
        evaluated.append(seconds)
        trials += summary_trials(own, engine, document, opened)
        trials += question_trials(own, engine, document, opened)
        for item in questions:
            if item.document == file.name:
                trials += answer_trials(own, engine, document, item)
        print(f"{file.name}: {seconds:.1f} s to evaluate the page", flush=True)
    return trials, evaluated, files


def derive(trials: Sequence[Trial]) -> tuple[dict[str, Any], dict[str, Samples]]:
    figures: dict[str, Any] = {}
    samples: dict[str, Samples] = {}
    for task in ("answer", "summary", "question"):
        for way in ("page", "sentences", "assistant"):
            some = [t for t in trials if (t.task, t.way) == (task, way)]
            n = sum(t.n for t in some)
            samples[f"{task}: {way}"] = collect("s", [(i, t.seconds) for i, t in enumerate(some)])
            figures[f"{task}: {way}"] = {
                "good": sum(t.good for t in some),
                "of": n,
                "share": sum(t.good for t in some) / n if n else None,
                "median_s": samples[f"{task}: {way}"].median,
            }
    return figures, samples


def run(options: Options, folder: Path, out: Path) -> None:
    machine = describe_machine(models())
    settings = settings_in(make_home(folder))

    engine = record_assistant()
    with Assistant(settings) as own:
        assert own.engine is not None
        trials, evaluated, files = measure(own, engine, options)
    figures, samples = derive(trials)
    samples["page evaluated once"] = collect("s", list(enumerate(evaluated)))
    details = {"files": [file.name for file in files], "trials": [asdict(trial) for trial in trials]}
    what = "the whole page in the prompt, or the few best sentences"
    save_result(BenchResult(what, options, machine, figures, samples, details=details), out)
    rows = [["task: given", "good", "of", "share", "median"]]
    rows += [
        [name, str(row["good"]), str(row["of"]), shown(row["share"], "share"), shown(row["median_s"], "s")]
        for name, row in figures.items()
    ]
    print(f"\n{format_table(rows)}\npage evaluated once: {shown(samples['page evaluated once'].median, 's')} (median)")
    print(f"written: {out.name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=6)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--max-page-tokens", type=int, default=1900)
    parser.add_argument("--out", type=Path, default=RESULTS / "context.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slimlm-bench-") as folder:
        run(Options(given.documents, given.questions, given.max_page_tokens), Path(folder), given.out)


if __name__ == "__main__":
    main()

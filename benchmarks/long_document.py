"""A thousand pages: how long until they can be read and asked, with how much memory and disk?

    python benchmarks/long_document.py [--pages 1000] [--out FILE]

The PDF is made by reportlab from sentences with changing names, figures and dates; a few pages hold a fact that is
asked for afterwards, among hundreds of sentences with almost the same words. One process reads it and asks; a second
one reopens it. Memory is the peak of the whole process tree, model files apart. Writes
``benchmarks/results/long_document.json``. Run it on an idle machine.
"""

# ruff: noqa: PLC0415  (the parts import what they need: their start is measured)
from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from children import run_as_part, run_part

MEMORY_GOAL_BYTES = 10**9
READ_TIMEOUT_S = 900.0  # the default ends a document after two minutes; here it must be measured, not ended
FACT_SHARES = (0.637, 0.118, 0.942)  # where in the document the facts stand


@dataclass(frozen=True, slots=True)
class Options:
    pages: int
    seed: int


@dataclass(frozen=True, slots=True)
class Fact:
    page: int
    sentence: str
    question: str
    answer: str


# --- the document -------------------------------------------------------------------------------------------------

PLACES = "Aldery Brent Calder Dunmore Elsing Farrow Garvan Hexby Ilmer Jarrow Kelsey Lorne Marden Norby Oakham Pendle Quorn Ripley Selby Tarrant Ulver Varley Welby Yarrow".split()  # noqa: E501
KINDS = "reservoir weir pumping station treatment works valve house aqueduct spillway intake tower settling basin culvert".split()  # noqa: E501
MONTHS = "January February March April May June July August September October November December".split()
SURNAMES = "Abbot Bellamy Crane Dorset Ellery Finch Garland Hollis Ivory Jessop Keane Lowry Marsh Nolan Orme".split()
SENTENCES = (
    "The {kind} at {place} was inspected on {day} {month} {year} and found to need {n} new seals.",
    "Engineer {name} recorded a flow of {n} litres per second at the {place} {kind} in {month} {year}.",
    "Repairs to the {kind} at {place} cost {money} pounds, of which the county paid {percent} per cent.",
    "The committee asked {name} to report on the {place} {kind} before the end of {month}.",
    "Water from {place} is led to {other} through a pipe of {n} millimetres, laid in {year}.",
    "At {place} the overflow of the {kind} begins when the water level reaches {level} metres.",
    "A survey of {n} households in {place} showed that {percent} per cent were satisfied with the supply.",
    "No work may be done at the {place} {kind} between {month} and {other_month} because of nesting birds.",
    "The contract with {name} and Sons for the {kind} at {other} ends on {day} {month} {year}.",
    "Sediment in the {place} {kind} rose by {n} cubic metres in {year}, which is less than in the year before.",
    "In {year} the staff at {place} answered {n} calls, most of them about low pressure near {other}.",
)


def facts(pages: int) -> tuple[Fact, ...]:
    first, second, third = (max(1, round(share * pages)) for share in FACT_SHARES)
    return (
        Fact(
            first,
            "At Thornmere the emergency gate opens when the water level reaches 14.6 metres.",
            "At what water level does the emergency gate at Thornmere open?",
            "14.6",
        ),
        Fact(
            second,
            "The bell of the old mill at Wexcombe was sold to a collector for 2,385 pounds.",
            "How much was paid for the bell of the old mill at Wexcombe?",
            "2,385",
        ),
        Fact(
            third,
            "Keys to the archive in Saltby are kept by the librarian, Mrs Odette Farnham.",
            "Who keeps the keys to the archive in Saltby?",
            "Farnham",
        ),
    )


def write_pdf(file: Path, options: Options) -> None:
    from reportlab.pdfgen.canvas import Canvas

    rng = random.Random(options.seed)
    hidden = {fact.page: fact.sentence for fact in facts(options.pages)}
    canvas = Canvas(str(file), pagesize=(595, 842), invariant=True)
    canvas.setTitle("Waterworks of the county: collected reports")
    for page in range(1, options.pages + 1):
        canvas.setFont("Helvetica", 9)
        canvas.drawString(64, 806, "Waterworks of the county")
        canvas.drawRightString(531, 40, str(page))
        canvas.setFont("Helvetica-Bold", 14)
        canvas.drawString(64, 770, f"{page}. {rng.choice(PLACES)} {rng.choice(KINDS)}")
        y = 742.0
        paragraphs = [[_sentence(rng) for _ in range(rng.randint(3, 6))] for _ in range(rng.randint(4, 6))]
        if page in hidden:
            paragraphs[len(paragraphs) // 2].insert(1, hidden[page])
        canvas.setFont("Times-Roman", 11)
        for paragraph in paragraphs:
            for line in _wrap(" ".join(paragraph), 92):
                canvas.drawString(64, y, line)
                y -= 14
            y -= 8
        canvas.showPage()
    canvas.save()


def _sentence(rng: random.Random) -> str:
    return rng.choice(SENTENCES).format(
        kind=rng.choice(KINDS), place=rng.choice(PLACES), other=rng.choice(PLACES), name=rng.choice(SURNAMES),
        day=rng.randint(1, 28), month=rng.choice(MONTHS), other_month=rng.choice(MONTHS), year=rng.randint(1950, 2024),
        n=rng.randint(12, 980), money=f"{rng.randint(2, 90)},{rng.randint(100, 999)}", percent=rng.randint(3, 97),
        level=f"{rng.randint(3, 30)}.{rng.randint(0, 9)}",
    )  # fmt: skip


def _wrap(text: str, width: int) -> Iterator[str]:
    import textwrap

    yield from textwrap.wrap(text, width)


# --- the parts ----------------------------------------------------------------------------------------------------


def use(job: dict[str, Any]) -> dict[str, Any]:
    """Open, outline, ask. The home decides whether the document is known."""
    from material import settings_in

    from slimlm.assistant.assistant import Assistant

    settings = settings_in(Path(job["home"]))
    settings = replace(settings, documents=replace(settings.documents, timeout_s=READ_TIMEOUT_S))
    with Assistant(settings) as own:
        started = time.perf_counter()
        document = own.open(job["file"])
        opened_s = time.perf_counter() - started
        outline = own.outline(document)
        outline_s = time.perf_counter() - started
        first_text_s = time.time() - job["started"]
        answers = [_ask(own, document, Fact(**fact)) for fact in job["facts"]]
        threads = own.engine.info.threads if own.engine else 0
    return {
        "n_pages": len(document.pages),
        "n_chars": len(document.text),
        "n_words": outline.n_words,
        "n_key_sentences": len(outline.key_sentences),
        "opened_s": opened_s,
        "outline_s": outline_s,
        "first_text_s": first_text_s,
        "answers": answers,
        "threads": threads,
    }


def read(job: dict[str, Any]) -> dict[str, Any]:
    """The reader alone."""
    from material import settings_in

    from slimlm.documents import read_document

    limits = replace(settings_in(Path(job["home"])).documents, timeout_s=READ_TIMEOUT_S)
    started = time.perf_counter()
    document = read_document(job["file"], limits)
    return {"read_s": time.perf_counter() - started, "n_pages": len(document.pages)}


def _ask(own: Any, document: Any, fact: Fact) -> dict[str, Any]:
    from slimlm.assistant.records import Answer, Done, Progress

    started = time.perf_counter()
    first: float | None = None
    result: Any = None
    for event in own.ask(document, fact.question):
        if first is None and not isinstance(event, Progress):
            first = time.perf_counter() - started
        if isinstance(event, Done):
            result = event.result
    total_s = time.perf_counter() - started
    assert isinstance(result, Answer)
    pages = [citation.page for citation in result.citations]
    return {
        "question": fact.question,
        "status": result.status,
        "answer": result.text,
        "pages": pages,
        "page": fact.page,
        "right": result.status == "answered" and fact.answer in result.text,
        "right_page": fact.page in pages,
        "first_result_s": first,
        "total_s": total_s,
    }


# --- the whole ----------------------------------------------------------------------------------------------------


def run(options: Options, folder: Path, out: Path) -> None:
    from material import make_home, models, settings_in

    from slimlm.assistant.models import start_engine
    from slimlm.bench.machine import describe_machine
    from slimlm.bench.report import BenchResult, save_result

    machine = describe_machine(models())
    file = folder / "thousand-pages.pdf"
    write_pdf(file, options)
    print(f"{options.pages:,} pages, {file.stat().st_size / 2**20:.1f} MB", flush=True)
    home = make_home(folder)
    engine = start_engine(settings_in(home))  # calibrates
    if engine is not None:
        engine.close()
    script = Path(__file__).resolve()
    job = {"file": str(file), "home": str(home), "facts": [asdict(fact) for fact in facts(options.pages)]}
    reader = run_part(script, "read", job)
    print("read", flush=True)
    cold = run_part(script, "use", job)
    print("opened and asked", flush=True)
    again = run_part(script, "use", job)
    library = sum(part.stat().st_size for part in (home / "library").rglob("*") if part.is_file())
    states = sum(part.stat().st_size for part in (home / "state").rglob("*") if part.is_file())
    peak = cold.peak.tree
    figures = {
        "pages": cold.answer["n_pages"],
        "words": cold.answer["n_words"],
        "file_bytes": file.stat().st_size,
        "read_s": reader.answer["read_s"],
        "read_ms_per_page": reader.answer["read_s"] * 1000.0 / options.pages,
        "open_to_outline_s": cold.answer["outline_s"],
        "open_to_outline_reopened_s": again.answer["outline_s"],
        "first_answer_s": cold.answer["answers"][0]["total_s"],
        "later_answer_s": cold.answer["answers"][-1]["total_s"],
        "first_answer_reopened_s": again.answer["answers"][0]["total_s"],
        "answers_right": sum(a["right"] for a in cold.answer["answers"]),
        "answers_at_their_page": sum(a["right_page"] for a in cold.answer["answers"]),
        "answers": len(cold.answer["answers"]),
        "library_bytes": library,
        "library_share_of_file": library / file.stat().st_size,
        "state_bytes": states,
        "peak_resident_bytes": peak.resident_bytes if peak else None,
        "peak_proportional_bytes": peak.proportional_bytes if peak else None,
        "peak_without_model_bytes": peak.without_model_bytes if peak else None,
        "peak_under_goal": peak.resident_bytes < MEMORY_GOAL_BYTES if peak else None,
    }
    details = {
        "memory": {"read": reader.peak_row, "cold": cold.peak_row, "reopened": again.peak_row},
        "cold": cold.answer,
        "reopened": again.answer,
        "facts": job["facts"],
    }
    what = f"one PDF of {options.pages:,} pages: reading, outline, answers, memory, disk"
    save_result(BenchResult(what, options, machine, figures, details=details), out)
    print_figures(figures)
    print(f"\nwritten: {out.name}")


def print_figures(figures: dict[str, Any]) -> None:
    from slimlm.bench.report import format_table, shown

    rows = [["figure", "value"]]
    for name, value in figures.items():
        if isinstance(value, bool) or value is None:
            rows.append([name, "-" if value is None else "yes" if value else "no"])
        elif name.endswith("_bytes"):
            rows.append([name, shown(value, "bytes")])
        else:
            rows.append([name, f"{value:,}" if isinstance(value, int) else shown(value)])
    print(f"\n{format_table(rows)}")


def main() -> None:
    if sys.argv[1:2] in (["use"], ["read"]):
        run_as_part({"use": use, "read": read})
    from material import RESULTS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS / "long_document.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slimlm-bench-") as folder:
        run(Options(given.pages, given.seed), Path(folder), given.out)


if __name__ == "__main__":
    main()

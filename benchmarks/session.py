"""A person opens a document, reads a summary, looks at three questions and asks three: how long does it take?

    python benchmarks/session.py [--documents short,long] [--rounds 3] [--out FILE]

Measured in one interleaved run, on a document of about 800 and one of about 8,000 tokens:

- the assistant. cold: a fresh home with models installed and calibrated; next: the same, where another document was
  asked about before; reopened: the cold one again, in a new process;
- the engine with the whole document in its prompt: first task, second task, reopened from disk;
- a plain chat loop on the same llama.cpp binding, model file and number of threads, which pastes the document into
  every request. cached: the document first, so that llama.cpp's prompt cache helps it (the stronger baseline);
  naive: the request first, as loops are mostly written.

Every process is new. Ratios pair the values of one round. With the long document the slow parts run once, and the
naive loop is not run but derived (``--naive-long`` runs it): each of its requests evaluates the document anew.
After ``--minutes`` no further round begins, but every part has run once. Counts of evaluated tokens are those of the
writing engine: what the reading model evaluates is in the times alone. Memory is the peak of
the whole process tree. Writes ``benchmarks/results/session.json``. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from children import Ran, run_part
from material import RESULTS, Material, Recipe, make_home, make_material, models, settings_in

from slimlm.assistant.models import start_engine
from slimlm.bench.machine import describe_machine
from slimlm.bench.report import BenchResult, format_table, save_result, shown
from slimlm.bench.samples import Ratio, Samples, collect, interleave, ratio

PARTS = Path(__file__).resolve().parent / "session_parts.py"
SESSION_QUESTIONS = 3
CONTEXT_TOKENS = 8192  # what the model was trained for: the long document and a task must fit
RECIPES = {
    "short": Recipe("short", ("notice-water-works",), 800),
    # Two long texts on unlike subjects, so that a question has one right place. 8,000 tokens less the tasks.
    "long": Recipe("long", ("report-harbour-trust-2023", "manual-dishwasher-velda"), 7800),
}
EARLIER = Recipe("earlier", ("letter-insurer-roof",), 400)  # the document that was asked about before the ``next`` one


@dataclass(frozen=True, slots=True)
class Options:
    documents: tuple[str, ...]
    rounds: int  # of the assistant, and of everything with the short document
    long_rounds: int  # of what evaluates the whole long document
    questions: int  # with known answers, per document; the first three belong to the session
    naive_long: bool
    seed: int
    scale: float
    minutes: float


@dataclass(frozen=True, slots=True)
class Homes:
    """``calibrated``: nothing was ever opened. ``used``: another document was asked about."""

    folder: Path
    calibrated: Path
    used: Path


class Run:
    """Results of the parts of one document: name of part -> [(round, result)]."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self.ran: dict[str, list[tuple[int, Ran]]] = {}

    def add(self, part: str, turn: int, ran: Ran) -> None:
        self.ran.setdefault(part, []).append((turn, ran))

    def answers(self, part: str) -> list[dict[str, Any]]:
        return [ran.answer for _, ran in self.ran.get(part, ())]

    def samples(self, part: str, unit: str, take: Callable[[dict[str, Any]], float | None]) -> Samples:
        return collect(unit, [(turn, take(ran.answer)) for turn, ran in self.ran.get(part, ())])

    def many(self, part: str, unit: str, take: Callable[[dict[str, Any]], Iterable[float | None]]) -> Samples:
        return collect(unit, [(turn, v) for turn, ran in self.ran.get(part, ()) for v in take(ran.answer)])


# --- running ------------------------------------------------------------------------------------------------------


def run_document(material: Material, options: Options, homes: Homes, threads: int) -> Run:
    short = material.name == "short"
    heavy = options.rounds if short else options.long_rounds
    rounds = {
        "assistant": options.rounds if short else max(options.rounds - 1, heavy),
        "engine": heavy,
        "plain-cached": heavy,
        "plain-naive": int(short or options.naive_long),  # five evaluations of the document: once is enough
    }
    deadline = time.monotonic() + options.minutes * 60.0 / len(options.documents)
    run = Run(material)
    job = {"material": material.as_row(), "session_questions": SESSION_QUESTIONS}
    plain_job = {**job, "model": str(models()[0].path), "threads": threads, "n_ctx": CONTEXT_TOKENS}
    for turn, name in interleave(rounds, options.seed):
        if turn > 0 and time.monotonic() > deadline:
            print(f"{material.name}: no time for round {turn + 1} of {name}", flush=True)
            continue
        first = turn == 0  # the questions beyond the session are asked once: answers do not change
        print(f"{material.name}: round {turn + 1}, {name}", flush=True)
        if name == "plain-cached":
            run.add(name, turn, run_part(PARTS, "plain", {**plain_job, "document_first": True, "quality": first}))
        elif name == "plain-naive":
            run.add(name, turn, run_part(PARTS, "plain", {**plain_job, "document_first": False, "quality": False}))
        else:
            home = str(make_home(homes.folder, homes.calibrated))
            more = {"home": home, "quality": first and name == "assistant", "n_tasks": 2}
            run.add(f"{name}-cold", turn, run_part(PARTS, name, {**job, **more}))
            more = {"home": home, "quality": False, "n_tasks": 1}
            run.add(f"{name}-reopened", turn, run_part(PARTS, name, {**job, **more}))
            if name == "assistant":
                more = {**more, "home": str(make_home(homes.folder, homes.used))}
                run.add("assistant-next", turn, run_part(PARTS, name, {**job, **more}))
    return run


# --- deriving -----------------------------------------------------------------------------------------------------


def _call(number: int, field: str) -> Callable[[dict[str, Any]], float | None]:
    def take(answer: dict[str, Any]) -> float | None:
        calls = answer["calls"]
        return calls[number][field] if number < len(calls) else None

    return take


def _of(task: str, field: str) -> Callable[[dict[str, Any]], Iterable[float | None]]:
    return lambda answer: [step[field] for step in answer["steps"] if step["task"] == task]


def _evaluated(answer: dict[str, Any]) -> float:
    return float(sum(call["evaluated_tokens"] for call in answer["calls"]))


def _evaluated_before_questions(answer: dict[str, Any]) -> float:
    """For the summary and the suggestions: what is shown without being asked."""
    return float(sum(step["evaluated_tokens"] for step in answer["steps"] if step["task"] != "answer"))


def derive_samples(run: Run) -> dict[str, Samples]:
    found: dict[str, Samples] = {}
    for state in ("cold", "next", "reopened"):
        part = f"assistant-{state}"
        found |= {
            f"first_text_{state}": run.samples(part, "s", lambda a: a["first_text_s"]),
            f"open_to_outline_{state}": run.samples(part, "s", lambda a: a["outline_s"]),
            f"session_{state}": run.samples(part, "s", lambda a: a["total_s"]),
            f"answer_{state}": run.many(part, "s", _of("answer", "total_s")),
            f"summary_{state}": run.many(part, "s", _of("summary", "total_s")),
            f"suggestions_{state}": run.many(part, "s", _of("suggestions", "total_s")),
            f"task_first_token_{state}": run.samples(part, "s", _call(0, "first_token_s")),
            f"task_evaluated_{state}": run.samples(part, "tokens", _evaluated),
            f"reading_evaluated_{state}": run.samples(part, "tokens", _evaluated_before_questions),
            f"model_load_{state}": run.samples(part, "s", lambda a: a["load_s"]),
        }
    found["answer_first_token_cold"] = run.many("assistant-cold", "s", _of("answer", "first_token_s"))
    found["answer_first_token_reopened"] = run.many("assistant-reopened", "s", _of("answer", "first_token_s"))
    found |= {
        "page_first_token_cold": run.samples("engine-cold", "s", _call(0, "first_token_s")),
        "page_first_token_second_task": run.samples("engine-cold", "s", _call(1, "first_token_s")),
        "page_first_token_reopened": run.samples("engine-reopened", "s", _call(0, "first_token_s")),
        "page_process_to_first_token_reopened": run.samples(
            "engine-reopened", "s", lambda a: a["process_to_first_token_s"]
        ),
        "page_evaluated_cold": run.samples("engine-cold", "tokens", _call(0, "evaluated_tokens")),
        "page_evaluated_reopened": run.samples("engine-reopened", "tokens", _call(0, "evaluated_tokens")),
        "page_prefill": run.samples("engine-cold", "tokens_per_s", _call(0, "prefill_per_s")),
        "page_decode": run.many("engine-cold", "tokens_per_s", lambda a: [c["decode_per_s"] for c in a["calls"]]),
        "task_decode": run.many("assistant-cold", "tokens_per_s", lambda a: [c["decode_per_s"] for c in a["calls"]]),
    }
    for name in ("cached", "naive"):
        part = f"plain-{name}"
        found |= {
            f"plain_{name}_session": run.samples(part, "s", lambda a: a["total_s"]),
            f"plain_{name}_first_token": run.samples(part, "s", lambda a: a["steps"][0]["first_token_s"]),
            f"plain_{name}_answer": run.many(part, "s", _of("answer", "total_s")),
            f"plain_{name}_prefill": run.samples(part, "tokens_per_s", lambda a: a["steps"][0]["prefill_per_s"]),
            f"plain_{name}_decode": run.many(
                part, "tokens_per_s", lambda a: [s["decode_per_s"] for s in a["steps"] if s["output_tokens"] >= 12]
            ),
        }
    return found


def derive_ratios(s: dict[str, Samples]) -> dict[str, Ratio]:
    return {
        "session: plain cached / assistant cold": ratio(s["plain_cached_session"], s["session_cold"]),
        "session: plain cached / assistant reopened": ratio(s["plain_cached_session"], s["session_reopened"]),
        "session: plain cached / assistant next": ratio(s["plain_cached_session"], s["session_next"]),
        "session: plain naive / assistant cold": ratio(s["plain_naive_session"], s["session_cold"]),
        "session: plain naive / assistant reopened": ratio(s["plain_naive_session"], s["session_reopened"]),
        "first text: plain cached first token / outline": ratio(s["plain_cached_first_token"], s["first_text_cold"]),
        "answer: plain cached / assistant cold": ratio(s["plain_cached_answer"], s["answer_cold"]),
        "page first token: cold / second task": ratio(s["page_first_token_cold"], s["page_first_token_second_task"]),
        "page first token: cold / reopened": ratio(s["page_first_token_cold"], s["page_first_token_reopened"]),
        "page tokens evaluated: reopened / cold": ratio(s["page_evaluated_reopened"], s["page_evaluated_cold"]),
        "task tokens evaluated: reopened / cold": ratio(s["task_evaluated_reopened"], s["task_evaluated_cold"]),
        "task tokens evaluated without being asked: reopened / cold": ratio(
            s["reading_evaluated_reopened"], s["reading_evaluated_cold"]
        ),
        "task first token: cold / reopened": ratio(s["task_first_token_cold"], s["task_first_token_reopened"]),
        "prefill speed: engine / plain": ratio(s["page_prefill"], s["plain_cached_prefill"]),
        "decode speed behind the document: engine / plain": ratio(s["page_decode"], s["plain_cached_decode"]),
    }


def derived_naive_s(answer: dict[str, Any]) -> float:
    """The request-first loop from the document-first one: every request evaluates as much as the first did."""
    steps = answer["steps"]
    again = sum(steps[0]["prefill_s"] - step["prefill_s"] for step in steps[1:])
    return float(answer["total_s"] + again)


def quality(run: Run) -> dict[str, Any]:
    """Right answers: (all questions) of the assistant and the cached loop; (the session's three) of all."""
    found: dict[str, Any] = {}
    for part in ("assistant-cold", "plain-cached", "plain-naive"):
        if answers := run.answers(part):
            judged = answers[0]["answers"]
            found[part] = {"right": sum(item["right"] for item in judged), "of": len(judged)}
    return found


def memory(run: Run) -> dict[str, Any]:
    """The largest peak of each part; None where the system does not say."""
    found: dict[str, Any] = {}
    for part, ran in run.ran.items():
        rows = [item.peak_row for _, item in ran if item.peak.tree is not None]
        found[part] = max(rows, key=lambda row: row["tree"]["resident_bytes"]) if rows else None
    return found


def figures(run: Run, samples: dict[str, Samples], ratios: dict[str, Ratio]) -> dict[str, Any]:
    derived = [derived_naive_s(answer) for answer in run.answers("plain-cached")]
    session = samples["session_cold"].median
    naive = statistics.median(derived) if derived else None
    return {
        "document_tokens": run.material.n_tokens,
        "medians": {name: {"unit": s.unit, "median": s.median, "n": len(s.values)} for name, s in samples.items()},
        "ratios": {name: r.median for name, r in ratios.items()},
        "plain_naive_session_derived_s": naive,
        "session: plain naive (derived, not run) / assistant cold": naive / session if naive and session else None,
        "quality": quality(run),
        "peak_memory": memory(run),
    }


# --- showing ------------------------------------------------------------------------------------------------------


def print_run(run: Run, samples: dict[str, Samples], ratios: dict[str, Ratio], derived: dict[str, Any]) -> None:
    name = run.material.name
    rows = [[f"{name} ({run.material.n_tokens:,} tokens)", "median", "n", "lowest", "highest"]]
    for label, s in samples.items():
        if s.values:
            rows.append(
                [label, shown(s.median, s.unit), str(len(s.values)), shown(min(s.values)), shown(max(s.values))]
            )
    print(f"\n{format_table(rows)}\n")
    rows = [["ratio", "median", "n"]]
    for label, r in ratios.items():
        share = "evaluated" in label
        rows.append([label, shown(r.median, "share" if share else "times"), str(len(r.values))])
    key = "session: plain naive (derived, not run) / assistant cold"
    rows.append([key, shown(derived[key], "times"), ""])
    print(f"{format_table(rows)}\n")
    rows = [["right answers", "", ""]]
    rows += [[part, str(row["right"]), f"of {row['of']}"] for part, row in derived["quality"].items()]
    print(f"{format_table(rows)}\n")
    rows = [["peak memory of all processes", "resident", "shared once", "without model files"]]
    for part, row in derived["peak_memory"].items():
        tree = row["tree"] if row else None
        if tree:
            sizes = (tree["resident_bytes"], tree["proportional_bytes"], tree["without_model_bytes"])
            rows.append([part, *(shown(size, "bytes") for size in sizes)])
    print(format_table(rows), flush=True)


# --- the whole ----------------------------------------------------------------------------------------------------


def run_all(options: Options, folder: Path, out: Path) -> None:
    machine = describe_machine(models())
    if not machine.quiet:
        print(f"Others keep {machine.busy_cores} cores busy: the figures will be uneven.", flush=True)
    calibrated = make_home(folder)
    engine = start_engine(settings_in(calibrated))  # calibrates
    assert engine is not None, "no chat model is installed"
    threads = engine.info.threads
    recipes = [replace(RECIPES[name], tokens=round(RECIPES[name].tokens * options.scale)) for name in options.documents]
    earlier, *materials = (
        make_material(recipe, folder, engine.count_tokens, options.questions) for recipe in (EARLIER, *recipes)
    )
    engine.close()
    used = make_home(folder, calibrated)
    job = {"material": earlier.as_row(), "home": str(used), "session_questions": SESSION_QUESTIONS, "quality": True}
    run_part(PARTS, "assistant", job)
    homes = Homes(folder, calibrated, used)
    all_figures: dict[str, Any] = {"threads": threads}
    all_samples: dict[str, Samples] = {}
    all_ratios: dict[str, Ratio] = {}
    details: dict[str, Any] = {"recipes": [asdict(recipe) for recipe in recipes]}
    for material in materials:
        run = run_document(material, options, homes, threads)
        samples = derive_samples(run)
        ratios = derive_ratios(samples)
        derived = figures(run, samples, ratios)
        print_run(run, samples, ratios, derived)
        all_figures[material.name] = derived
        all_samples |= {f"{material.name}: {name}": item for name, item in samples.items()}
        all_ratios |= {f"{material.name}: {name}": item for name, item in ratios.items()}
        details[material.name] = {
            "questions": [q.id for q in material.questions],
            "parts": {
                part: [{"round": turn, "life_s": ran.total_s, **ran.answer} for turn, ran in items]
                for part, items in run.ran.items()
            },
        }
        what = "a whole session: the assistant against a plain chat loop on the same engine"
        save_result(BenchResult(what, options, machine, all_figures, all_samples, all_ratios, details), out)
    print(f"\nwritten: {out.name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", default="short,long")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long-rounds", type=int, default=1)
    parser.add_argument("--questions", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=6.5)
    parser.add_argument(
        "--naive-long", action="store_true", help="also run the request-first loop on the long document"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0, help="shorter documents, to try the script out")
    parser.add_argument("--out", type=Path, default=RESULTS / "session.json")
    given = parser.parse_args()
    documents = tuple(name for name in given.documents.split(",") if name)
    options = Options(
        documents, given.rounds, given.long_rounds, given.questions, given.naive_long, given.seed, given.scale,
        given.minutes,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="slimlm-bench-") as folder:
        run_all(options, Path(folder), given.out)


if __name__ == "__main__":
    main()

"""What the benchmarks read: documents of a wanted length with questions about them, and homes to read them in.

Everything is made at run time from the texts of the quality suite's development split. Nothing here measures.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from model_cache import cache_paths, installed_model  # noqa: E402
from slimlm.engine.entries import InstalledModel  # noqa: E402
from slimlm.evaluation.questions import SuiteQuestion, load_questions, normal  # noqa: E402
from slimlm.paths import Paths  # noqa: E402
from slimlm.settings import Settings, load_settings  # noqa: E402

SOURCES = ROOT / "tests" / "quality" / "sources" / "dev"
CORPUS = ROOT / "tests" / "quality" / "corpus" / "dev"
QUESTIONS = ROOT / "tests" / "quality" / "questions" / "dev.jsonl"
RESULTS = ROOT / "benchmarks" / "results"
READER = "slimlm-reader"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which sources make a document, and how many tokens it may have."""

    name: str
    sources: tuple[str, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Material:
    """A document as a file, its length in tokens of the chat model, and what is asked about it."""

    name: str
    file: str
    n_tokens: int
    questions: tuple[SuiteQuestion, ...]

    def as_row(self) -> dict[str, Any]:
        return asdict(self)


def read_material(row: dict[str, Any]) -> Material:
    questions = tuple(
        SuiteQuestion(**{**q, "answers": tuple(q["answers"]), "evidence": tuple(q["evidence"])})
        for q in row["questions"]
    )
    return Material(row["name"], row["file"], row["n_tokens"], questions)


def models() -> tuple[InstalledModel, ...]:
    """The chat model and the reading model; pulled when they are missing."""
    return installed_model(), installed_model(READER)


def make_home(folder: Path, earlier: Path | None = None) -> Path:
    """A SLIMLM_HOME in ``folder`` with models installed and an empty library.

    It takes over what ``earlier`` knows about the device (its calibration) and, when documents were asked about there,
    the evaluated beginnings that all documents share.
    """
    home = Path(tempfile.mkdtemp(prefix="home-", dir=folder))
    (home / "models").symlink_to(cache_paths().models)
    for name in ("cache", "state"):
        if earlier is not None and (earlier / name).is_dir():
            shutil.copytree(earlier / name, home / name)
    return home


def settings_in(home: Path) -> Settings:
    """Defaults, whatever the person who runs the benchmark has set."""
    return load_settings(Paths(home), {})


def make_material(recipe: Recipe, folder: Path, count_tokens: Callable[[str], int], n_questions: int) -> Material:
    """Sources one after the other, cut after the last paragraph that fits; questions whose evidence is left."""
    paragraphs = [p for name in recipe.sources for p in _paragraphs(SOURCES / f"{name}.md")]
    low, high = 1, len(paragraphs)
    while low < high:  # the most paragraphs that fit
        middle = (low + high + 1) // 2
        fits = count_tokens("\n\n".join(paragraphs[:middle])) <= recipe.tokens
        low, high = (middle, high) if fits else (low, middle - 1)
    text = "\n\n".join(paragraphs[:low]) + "\n"
    file = folder / f"{recipe.name}.md"
    file.write_text(text, "utf-8")
    return Material(recipe.name, str(file), count_tokens(text), _questions(recipe.sources, text, n_questions))


def _paragraphs(file: Path) -> list[str]:
    """The body of a source: without its front matter, which only says how the suite renders it."""
    _, _, rest = file.read_text("utf-8").partition("---\n")
    body = rest.partition("---\n")[2]
    return [paragraph.strip("\n") for paragraph in body.split("\n\n") if paragraph.strip()]


def _questions(sources: tuple[str, ...], text: str, count: int) -> tuple[SuiteQuestion, ...]:
    """Evenly spread over the suite's answerable questions with one answer, taking turns between the sources."""
    here = normal(text)
    of_source: list[list[SuiteQuestion]] = []
    for name in sources:
        fitting = [
            q for q in load_questions(QUESTIONS)
            if Path(q.document).stem == name and q.answerable and q.scope == "single"
            and all(normal(evidence) in here for evidence in q.evidence)
        ]  # fmt: skip
        share = min(len(fitting), -(-count // len(sources)))
        of_source.append([fitting[i * len(fitting) // share] for i in range(share)] if share else [])
    longest = max(map(len, of_source), default=0)
    return tuple(listed[i] for i in range(longest) for listed in of_source if i < len(listed))[:count]


def dump(data: object) -> str:
    return json.dumps(data, ensure_ascii=False)

"""Measures the assistant on one split of the corpus: ``python tests/quality/measure.py dev --out result.json``.

Tune on ``dev`` only. ``test`` is for reporting: ``results/test.json`` holds the predictions and figures that the
floors in ``floors.json`` are pinned to.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from model_cache import cache_paths, installed_model
from slimlm.assistant.assistant import Assistant
from slimlm.evaluation.quality import as_rows, figures, run_documents, run_questions
from slimlm.evaluation.questions import load_questions
from slimlm.paths import Paths
from slimlm.settings import Settings, load_settings

HERE = Path(__file__).resolve().parent


def corpus_hash(split: str) -> str:
    """SHA-256 over the documents and questions of a split: figures of different corpora are never compared."""
    digest = hashlib.sha256()
    for file in [*sorted((HERE / "corpus" / split).iterdir()), HERE / "questions" / f"{split}.jsonl"]:
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def settings_in(home: Path, *, reader: bool = True) -> Settings:
    """Fresh settings whose models are the shared, already pulled ones."""
    installed_model()
    installed_model("slimlm-reader")
    (home / "models").symlink_to(cache_paths().models)
    settings = load_settings(Paths(home), {})
    return settings if reader else replace(settings, engine=replace(settings.engine, reader="off"))


def measure(split: str, *, model: bool, reader: bool, documents: bool, limit: int) -> dict[str, Any]:
    folder = HERE / "corpus" / split
    questions = load_questions(HERE / "questions" / f"{split}.jsonl")
    if limit:
        questions = questions[:: max(1, len(questions) // limit)]
    with tempfile.TemporaryDirectory() as home:
        settings = settings_in(Path(home), reader=reader)
        with Assistant(settings) as assistant:
            if not model:
                assistant.use_model(None)
            answered = run_questions(assistant, folder, questions, _report)
            read = run_documents(assistant, sorted(folder.iterdir())) if documents else []
            name = assistant.engine.info.model if assistant.engine else None
    return {
        "split": split,
        "corpus": corpus_hash(split),
        "model": name,
        "reader": reader,
        "figures": figures(answered, read),
        "questions": as_rows(answered),
        "documents": as_rows(read),
    }


def _report(done: int, total: int) -> None:
    if done % 20 == 0:
        print(f"{done}/{total}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("split", choices=("dev", "test"))
    parser.add_argument("--no-model", action="store_true", help="quotes only")
    parser.add_argument("--no-reader", action="store_true", help="search by words only")
    parser.add_argument("--documents", action="store_true", help="also suggestions and summaries")
    parser.add_argument("--limit", type=int, default=0, help="about this many questions, evenly spread")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    result = measure(
        args.split,
        model=not args.no_model,
        reader=not args.no_reader,
        documents=args.documents,
        limit=args.limit,
    )
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    print(json.dumps(result["figures"], indent=1))


if __name__ == "__main__":
    main()

"""Learn the weights of ranking and of the answerability signal from open question sets.

    python recipes/fit_ranking.py ../shared/data/docassist-open.train.jsonl.zst --documents 400

Writes ``ranking.json`` and ``answerability.json`` of ``slimlm.retrieval``. The quality suite's documents are never
read here: they stay unseen. Data: records with ``document`` and ``qa`` (q, a, answerable), see docs/training-data.md.
Needs the ``zstd`` command for compressed files; numpy for the fit. About ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.records import Document
from slimlm.retrieval import answerability, features
from slimlm.retrieval.answerability import answerability_features
from slimlm.retrieval.question import read_question
from slimlm.retrieval.records import Embedder
from slimlm.retrieval.search import SearchIndex, Weights
from slimlm.settings import DocumentSettings

SOURCES = ("squad2-dev-cs224n", "squadshifts-newwiki", "xquad-en", "fairytaleqa", "va-gov-2018", "cuad-clauses")
PACKAGE = Path(__file__).resolve().parents[1] / "src/slimlm/retrieval"
Array = NDArray[np.float64]


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    command = ["zstd", "-dc", str(path)] if path.suffix == ".zst" else ["cat", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield from (json.loads(line) for line in process.stdout)


def as_document(record: dict[str, Any]) -> Document:
    builder = DocumentBuilder(DocumentSettings())
    for paragraph in record["document"].split("\n"):
        builder.add("paragraph", paragraph)
    return builder.finish(digest=record["id"], name=record["id"], kind="text", title="", n_bytes=0)


def choose(path: Path, n_documents: int, seed: int) -> list[dict[str, Any]]:
    """Documents with at least four sentences' worth of text, balanced over the sources."""
    rng = random.Random(seed)
    pools: dict[str, list[dict[str, Any]]] = {name: [] for name in SOURCES}
    for record in read_records(path):
        if record["source"] in pools and record["n_tok"] >= 150 and record["qa"]:
            pools[record["source"]].append(record)
    chosen: list[dict[str, Any]] = []
    for pool in pools.values():
        rng.shuffle(pool)
        chosen += pool[: n_documents // len(pools) + 1]
    rng.shuffle(chosen)
    return chosen


def relevant(index: SearchIndex, answer: str) -> set[int]:
    """Sentences that hold the answer's own words."""
    wanted = " ".join(answer.lower().split())
    return {s.index for s in index.sentences if wanted in " ".join(s.text.lower().split())}


class Example:
    """One question with its candidates' features; ``gold`` marks the right ones; empty for unanswerable questions."""

    def __init__(self, text: str, index: SearchIndex, gold: set[int], answerable: bool, group: str) -> None:
        self.text, self.index, self.gold, self.answerable, self.group = text, index, gold, answerable, group
        found = index.search(read_question(text), 60)
        self.ids = [f.hit.sentence.index for f in found]
        self.matrix: Array = np.array([f.features.as_tuple() for f in found], dtype=float)


def examples(records: list[dict[str, Any]], embedder: Embedder | None, rng: random.Random) -> list[Example]:
    made: list[Example] = []
    for n, record in enumerate(records):
        index = SearchIndex(as_document(record), embedder)
        items = list(record["qa"])
        rng.shuffle(items)
        kept = [q for q in items if q["answerable"]][:4] + [q for q in items if not q["answerable"]][:3]
        for item in kept:
            gold = relevant(index, item["a"]) if item["answerable"] else set()
            if item["answerable"] and (not gold or len(gold) > 4 or len(item["a"]) < 2):
                continue
            example = Example(item["q"], index, gold, item["answerable"], record["group"])
            if len(example.ids) >= 2:
                made.append(example)
        if n % 20 == 0:
            print(f"{n}/{len(records)} documents, {len(made)} questions", file=sys.stderr, flush=True)
    return made


def fit_ranking(train: list[Example], l2: float = 1e-3) -> Array:
    """Listwise softmax: the right sentences should get the probability among the candidates. Plain gradient ascent."""
    usable = [e for e in train if e.gold and e.gold & set(e.ids)]
    w = np.zeros(len(features.FEATURE_NAMES))
    m, v = np.zeros_like(w), np.zeros_like(w)
    for step in range(1, 401):
        gradient = -l2 * w * len(usable)
        for e in usable:
            scores = e.matrix @ w
            p = np.exp(scores - scores.max())
            p /= p.sum()
            right = np.array([i in e.gold for i in e.ids], dtype=float)
            target = p * right / (p * right).sum()
            gradient += (target - p) @ e.matrix
        gradient /= len(usable)
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        w = w + 0.1 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    return w


def accuracy(items: list[Example], w: Array, k: int) -> float:
    right = [bool(e.gold & {e.ids[i] for i in np.argsort(-(e.matrix @ w))[:k]}) for e in items if e.gold]
    return float(np.mean(right))


def fit_logistic(x: Array, y: Array, l2: float = 0.01) -> tuple[Array, float]:
    """Newton's method on standardized features, weights returned for the raw ones; classes weigh the same."""
    mean, scale = x.mean(0), np.where(x.std(0) > 1e-9, x.std(0), 1.0)
    z = np.hstack([(x - mean) / scale, np.ones((len(x), 1))])
    weight = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    w = np.zeros(z.shape[1])
    penalty = l2 * len(x) * np.eye(len(w))
    penalty[-1, -1] = 0
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ w))
        h = (z * (weight * p * (1 - p))[:, None]).T @ z + penalty
        w = w + np.linalg.solve(h, z.T @ (weight * (y - p)) - penalty @ w)
    raw = w[:-1] / scale
    return raw, float(w[-1] - (mean / scale) @ w[:-1])


def answerability_table(items: list[Example], search_limit: int = 12) -> tuple[Array, Array]:
    rows, labels = [], []
    for e in items:
        found = e.index.search(read_question(e.text), search_limit)
        if not found:
            continue
        rows.append(answerability_features(e.index, e.text, found).as_tuple())
        labels.append(float(e.answerable))
    return np.array(rows, dtype=float), np.array(labels)


def fit(
    records: list[dict[str, Any]], embedder: Embedder | None, wrong_refusals: float
) -> tuple[Array, dict[str, Any]]:
    items = examples(records, embedder, random.Random(1))
    groups = sorted({e.group for e in items})
    held = set(groups[::5])
    train, test = [e for e in items if e.group not in held], [e for e in items if e.group in held]
    w = fit_ranking(train)
    print(
        f"ranking: held-out top-1 {accuracy(test, w, 1):.3f} top-3 {accuracy(test, w, 3):.3f}; "
        f"bm25 alone {accuracy(test, np.eye(len(w))[3], 1):.3f}; dense alone {accuracy(test, np.eye(len(w))[4], 1):.3f}"
    )
    for e in items:
        e.index._weights = Weights(tuple(w), tuple(w))
    x, y = answerability_table(train)
    weights, bias = fit_logistic(x, y)
    scores = 1 / (1 + np.exp(-(x @ weights + bias)))
    threshold = float(np.quantile(scores[y > 0], wrong_refusals))
    xt, yt = answerability_table(test)
    p = 1 / (1 + np.exp(-(xt @ weights + bias)))
    order = np.argsort(p)
    ranks = np.empty(len(p))
    ranks[order] = np.arange(len(p))
    auc = (ranks[yt > 0].mean() - (yt.sum() - 1) / 2) / max((yt == 0).sum(), 1)
    print(
        f"answerability: held-out AUC {auc:.3f}, refused right {(p[yt == 0] < threshold).mean():.3f}, "
        f"refused wrong {(p[yt > 0] < threshold).mean():.3f}, n {len(p)}"
    )
    for name, value in zip(answerability.FEATURE_NAMES, weights, strict=True):
        print(f"  {name:16s} {value:8.3f}")
    return w, {
        "weights": [round(float(v), 4) for v in weights],
        "bias": round(bias, 4),
        "threshold": round(threshold, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--wrong-refusals", type=float, default=0.08, help="share of answerable questions given up")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    records = choose(args.data, args.documents, args.seed)
    ranked: dict[str, Any] = {"features": features.FEATURE_NAMES}
    judged: dict[str, Any] = {"features": answerability.FEATURE_NAMES}
    for name, embedder in (("without_dense", None), ("with_dense", open_embedder())):
        print(name)
        w, model = fit(records, embedder, args.wrong_refusals)
        ranked[name], judged[name] = [round(float(v), 4) for v in w], model
    (PACKAGE / "ranking.json").write_text(json.dumps(ranked, indent=1) + "\n")
    (PACKAGE / "answerability.json").write_text(json.dumps(judged, indent=1) + "\n")


def open_embedder() -> Embedder:
    """The embedding model of the catalog, which must be installed (``slimlm models pull minilm-l6-v2``)."""
    from slimlm.assistant.models import start_embedder  # noqa: PLC0415
    from slimlm.settings import load_settings  # noqa: PLC0415

    embedder = start_embedder(load_settings())
    assert embedder is not None, "pull the embedding model first"
    return embedder


if __name__ == "__main__":
    main()

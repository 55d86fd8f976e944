"""Trains the reading model on examples, in resumable steps.

For each question the model scores the right passages and some of the wrong ones. The loss is the cross-entropy of a
choice among them and "none of them", whose score is fixed at 0: so the same number ranks passages and tells when
nothing answers. A second term keeps the vectors that the base model gives to texts alone (cosine distance to the base):
one file then serves search and reading.

Every step draws from its own number, so a run that was stopped and resumed gives the same weights as one that was not.
"""

from __future__ import annotations

import copy
import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from slimlm.engine.reader_text import PREFIX
from slimlm.errors import UsageError
from slimlm.lab.reader.examples import Example
from slimlm.lab.reader.model import Encoding, ReaderModel, padded


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """``wrong``: wrong passages a question. ``borrowed``: share of questions put to another document."""

    learning_rate: float = 1.5e-4
    epochs: float = 1.0
    batch: int = 16  # questions a step
    wrong: int = 5
    borrowed: float = 0.08
    keep_vectors: float = 10.0  # weight of the distance to the base's vectors
    warmup: float = 0.06
    weight_decay: float = 0.01
    clip: float = 1.0
    frozen_layers: int = 0  # the lowest stay as they are (with what lies below them): a quarter less work for four
    checkpoint_steps: int = 50
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What one step says of itself: losses in nats, speed in tokens a second."""

    number: int
    of: int
    choice: float
    distance: float
    tokens_per_s: float


Report = Callable[[Step], None]


def train(
    model: ReaderModel, base: ReaderModel, encoding: Encoding, examples: Sequence[Example], config: TrainConfig,
    folder: Path, report: Report | None = None, stop_after: int | None = None,
) -> None:  # fmt: skip
    """Train ``model`` in place, with a checkpoint in ``folder`` from which a second call goes on.

    ``base`` shares nothing with ``model`` but the word embedding. ``stop_after``: steps after which to return early.
    Raises ``UsageError`` when the folder holds a run with another configuration.
    """
    steps = max(1, int(len(examples) * config.epochs) // config.batch)
    _same_run(folder, {**asdict(config), "examples": len(examples)})
    _freeze(model, config.frozen_layers)
    optimizer = _optimizer(model, config)
    done = _resume(folder, model, optimizer)
    base.eval().requires_grad_(False)
    model.train()
    for number in range(done, steps):
        started = time.perf_counter()
        rng = random.Random(f"{config.seed}:{number}")
        chosen = _drawn(examples, number, config)
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _schedule(number / steps, config.warmup)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):  # around all of the step: each weight is cast once
            choice, tokens = _choice_loss(model, encoding, chosen, examples, config, rng)
            distance, more = _vector_loss(model, base, encoding, chosen, rng)
        loss = choice + config.keep_vectors * distance
        if not torch.isfinite(loss):
            raise UsageError(f"The loss of step {number} is not a number.", "Lower the learning rate.")
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimizer.step()
        seconds = time.perf_counter() - started
        if report is not None:
            report(Step(number + 1, steps, choice.item(), distance.item(), (tokens + more) / seconds))
        last = number + 1 == steps or number + 1 - done == stop_after
        if last or (number + 1) % config.checkpoint_steps == 0:
            _save(folder, model, optimizer, number + 1)
        if last:
            return


def _freeze(model: ReaderModel, layers: int) -> None:
    below = [model.position, model.norm, *model.layers[:layers]] if layers else []
    for module in below:
        module.requires_grad_(False)
    model.segment.requires_grad = not layers


def copy_of(model: ReaderModel) -> ReaderModel:
    """A second model that shares the (frozen) word embedding."""
    return copy.deepcopy(model, {id(model.word): model.word})


def _drawn(examples: Sequence[Example], number: int, config: TrainConfig) -> list[Example]:
    """The examples of a step: each epoch is a shuffle of its own."""
    found = []
    for place in range(number * config.batch, (number + 1) * config.batch):
        epoch, within = divmod(place, len(examples))
        order = _order(len(examples), config.seed, epoch)
        found.append(examples[order[within]])
    return found


@lru_cache(maxsize=2)
def _order(count: int, seed: int, epoch: int) -> tuple[int, ...]:
    order = list(range(count))
    random.Random(f"{seed}:epoch:{epoch}").shuffle(order)
    return tuple(order)


def _schedule(share: float, warmup: float) -> float:
    """Linear warm-up, then a cosine down to a twentieth."""
    if share < warmup:
        return share / warmup
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (share - warmup) / (1 - warmup)))


def _optimizer(model: ReaderModel, config: TrainConfig) -> torch.optim.Optimizer:
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.dim() > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98))


def _choice_loss(
    model: ReaderModel, encoding: Encoding, chosen: Sequence[Example], examples: Sequence[Example], config: TrainConfig,
    rng: random.Random,
) -> tuple[Tensor, int]:  # fmt: skip
    sequences: list[list[int]] = []
    groups: list[tuple[int, int, int]] = []  # start, right ones, all
    for example in chosen:
        passages, right = example.passages, list(example.right)
        if rng.random() < config.borrowed:
            other = rng.choice(examples)
            if other.document != example.document:
                passages, right = other.passages, []
        picked = right + _wrong(len(passages), right, config, rng)
        groups.append((len(sequences), len(right), len(picked)))
        sequences += [encoding.pair(example.question, passages[i]) for i in picked]
    scores, tokens = _scores(model, encoding, sequences)
    losses = []
    for start, n_right, n_all in groups:
        own = scores[start : start + n_all]
        everything = torch.logsumexp(torch.cat([own.new_zeros(1), own]), 0)
        losses.append(everything - torch.logsumexp(own[:n_right], 0) if n_right else everything)
    return torch.stack(losses).mean(), tokens


def _wrong(count: int, right: Sequence[int], config: TrainConfig, rng: random.Random) -> list[int]:
    """Two thirds from the hardest five, the others from the rest."""
    wrong = [i for i in range(count) if i not in right]
    wanted = max(config.wrong + 1 - len(right), 3)
    hard, rest = wrong[:5], wrong[5:]
    picked = rng.sample(hard, min(len(hard), (2 * wanted + 2) // 3))
    return picked + rng.sample(rest, min(len(rest), wanted - len(picked)))


def _scores(model: ReaderModel, encoding: Encoding, sequences: Sequence[Sequence[int]]) -> tuple[Tensor, int]:
    """In order; computed in four batches of similar length, so that little is padding."""
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    quarter = -(-len(order) // 4)
    parts, places, tokens = [], [], 0
    for start in range(0, len(order), quarter):
        own = order[start : start + quarter]
        ids, there = padded([sequences[i] for i in own], encoding.words.pad)
        tokens += ids.numel()
        parts.append(model.judge(ids, there))
        places += own
    back = torch.empty(len(places), dtype=torch.long)
    back[torch.tensor(places)] = torch.arange(len(places))
    return torch.cat(parts)[back], tokens


def _vector_loss(
    model: ReaderModel, base: ReaderModel, encoding: Encoding, chosen: Sequence[Example], rng: random.Random
) -> tuple[Tensor, int]:
    """Mean cosine distance to the base's vectors, of some of the questions and passages."""
    query, passage = encoding.ids(PREFIX["query"], 8), encoding.ids(PREFIX["passage"], 8)
    sequences: list[list[int]] = []
    for example in rng.sample(list(chosen), min(len(chosen), 8)):
        sequences.append(encoding.single([*query, *example.question]))
        for own in rng.sample(example.passages, min(len(example.passages), 2)):
            sequences.append(encoding.single([*passage, *own]))
    sequences.sort(key=len)
    half = -(-len(sequences) // 2)
    distances, tokens = [], 0
    for start in range(0, len(sequences), half):
        ids, there = padded(sequences[start : start + half], encoding.words.pad)
        tokens += ids.numel()
        with torch.no_grad():
            wanted = base.embed(ids, there)
        distances.append(1 - (model.embed(ids, there) * wanted).sum(-1))
    return torch.cat(distances).mean(), tokens


# --- checkpoints ------------------------------------------------------------------------------------------------------


def _same_run(folder: Path, config: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.json"
    if file.exists() and json.loads(file.read_text("utf-8")) != config:
        raise UsageError(
            f"{folder} holds a run with another configuration.", "Name another folder, or delete this one."
        )
    file.write_text(json.dumps(config, indent=1) + "\n", "utf-8")


def _state(model: ReaderModel) -> dict[str, Tensor]:
    return {name: value for name, value in model.state_dict().items() if name != "word.weight"}


def _save(folder: Path, model: ReaderModel, optimizer: torch.optim.Optimizer, step: int) -> None:
    partial = folder / "checkpoint.new"
    torch.save({"model": _state(model), "optimizer": optimizer.state_dict(), "step": step}, partial)
    partial.replace(folder / "checkpoint.pt")


def _resume(folder: Path, model: ReaderModel, optimizer: torch.optim.Optimizer) -> int:
    """The number of steps that are done."""
    file = folder / "checkpoint.pt"
    if not file.exists():
        return 0
    saved = torch.load(file, weights_only=True)
    model.load_state_dict(saved["model"], strict=False)
    optimizer.load_state_dict(saved["optimizer"])
    return int(saved["step"])


def load_trained(folder: Path, model: ReaderModel) -> ReaderModel:
    """Put the last checkpoint's weights into ``model``. Raises ``UsageError`` when there is none."""
    file = folder / "checkpoint.pt"
    if not file.exists():
        raise UsageError(f"{folder} holds no checkpoint.", "Train first, or name another folder.")
    model.load_state_dict(torch.load(file, weights_only=True)["model"], strict=False)
    return model

"""How well the model reads examples that it was not trained on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from slimlm.lab.reader.examples import Example
from slimlm.lab.reader.model import Encoding, ReaderModel, padded

_BATCH = 256


@dataclass(frozen=True, slots=True)
class ReaderQuality:
    """Shares of 0 to 1. A question counts as refused when "none of them" is likelier than all passages together."""

    questions: int
    loss: float  # nats a question
    right_first: float  # of the answered: the right passage scores highest
    refused_unanswered: float
    refused_answered: float


@torch.no_grad()
def measure(model: ReaderModel, encoding: Encoding, examples: Sequence[Example]) -> ReaderQuality:
    model.eval()
    scores = _scores(model, encoding, examples)
    losses, first, refused_right, refused_wrong = [], [], [], []
    for example, own in zip(examples, scores, strict=True):
        everything = torch.logsumexp(torch.cat([own.new_zeros(1), own]), 0)
        refused = float(torch.logsumexp(own, 0)) < 0
        if example.right:
            losses.append(float(everything - torch.logsumexp(own[list(example.right)], 0)))
            first.append(int(own.argmax()) in example.right)
            refused_wrong.append(refused)
        else:
            losses.append(float(everything))
            refused_right.append(refused)

    def share(values: Sequence[bool]) -> float:
        return round(sum(values) / len(values), 4) if values else math.nan

    mean = sum(losses) / max(len(losses), 1)
    return ReaderQuality(len(examples), round(mean, 4), share(first), share(refused_right), share(refused_wrong))


def _scores(model: ReaderModel, encoding: Encoding, examples: Sequence[Example]) -> list[torch.Tensor]:
    pairs = [(i, encoding.pair(e.question, passage)) for i, e in enumerate(examples) for passage in e.passages]
    order = sorted(range(len(pairs)), key=lambda j: len(pairs[j][1]))
    flat = torch.zeros(len(pairs))
    for start in range(0, len(order), _BATCH):
        places = order[start : start + _BATCH]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            flat[places] = model.judge(*padded([pairs[j][1] for j in places], encoding.words.pad))
    return list(flat.split([len(e.passages) for e in examples]))

"""Documents with questions -> training examples: a question, the passages that the model would read, the right ones.

The wrong passages are those that search confuses with the right one, by words and by the base model's vectors: what the
model will meet in use. A question that the document does not answer has no right passage at all.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from slimlm.engine.reader_text import PREFIX
from slimlm.lab.reader.model import Encoding, ReaderModel, padded
from slimlm.lab.reader.questions import Asked, Quizzed
from slimlm.retrieval.question import read_question
from slimlm.retrieval.records import Role
from slimlm.retrieval.search import READ, SearchIndex

PASSAGE_TOKENS, QUESTION_TOKENS = 110, 60
_BATCH = 128
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids without special tokens. ``right``: places in ``passages``; empty when nothing answers."""

    document: int
    language: str
    question: tuple[int, ...]
    passages: tuple[tuple[int, ...], ...]
    right: tuple[int, ...]


def make_examples(
    documents: Iterable[Quizzed],
    base: ReaderModel,
    encoding: Encoding,
    first_document: int = 0,
    progress: Progress | None = None,
) -> list[Example]:
    """``base``: the untrained model, whose vectors choose the wrong passages."""
    listed = list(documents)
    made: list[Example] = []
    for n, quizzed in enumerate(listed):
        if progress is not None:
            progress(n, len(listed))
        index = quizzed.index
        passages = [encoding.ids(index.passage(s.index), PASSAGE_TOKENS) for s in index.sentences]
        questions = [encoding.ids(asked.text, QUESTION_TOKENS) for asked in quizzed.questions]
        similar = _embedded(base, encoding, questions, "query") @ _embedded(base, encoding, passages, "passage").T
        for asked, ids, cosines in zip(quizzed.questions, questions, similar.tolist(), strict=True):
            chosen = _candidates(index, asked, cosines)
            right = tuple(chosen.index(i) for i in asked.evidence)
            made.append(
                Example(
                    first_document + n, quizzed.language, tuple(ids), tuple(tuple(passages[i]) for i in chosen), right
                )
            )
    return made


def _candidates(index: SearchIndex, asked: Asked, cosines: Sequence[float]) -> list[int]:
    """Sentences by meaning and by words in turn, hardest first, with all of the evidence."""
    by_meaning = sorted(range(len(cosines)), key=lambda i: -cosines[i])
    bm25 = index.terms.bm25(read_question(asked.text).terms)
    by_words = sorted(bm25, key=bm25.__getitem__, reverse=True)
    order: list[int] = []
    for place in range(len(by_meaning)):
        for ranking in (by_meaning, by_words):
            if place < len(ranking) and ranking[place] not in order:
                order.append(ranking[place])
    chosen = [i for i in order[:READ] if i not in asked.doubtful]
    return chosen + [i for i in asked.evidence if i not in chosen]


@torch.no_grad()
def _embedded(model: ReaderModel, encoding: Encoding, texts: Sequence[Sequence[int]], role: Role) -> Tensor:
    prefix = encoding.ids(PREFIX[role], 8)
    sequences = [encoding.single([*prefix, *ids]) for ids in texts]
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    out = torch.zeros(len(sequences), model.shape.width)
    for start in range(0, len(order), _BATCH):
        places = order[start : start + _BATCH]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out[places] = model.embed(*padded([sequences[i] for i in places], encoding.words.pad))
    return out


def save_examples(examples: Sequence[Example], path: Path) -> None:
    path.write_bytes(pickle.dumps(list(examples)))


def load_examples(path: Path) -> list[Example]:
    """A file that ``save_examples`` wrote on this machine: never one from elsewhere (pickle runs code)."""
    loaded: list[Example] = pickle.loads(path.read_bytes())
    return loaded

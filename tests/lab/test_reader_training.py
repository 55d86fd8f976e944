"""Training: the loss falls, a stopped run goes on as if it had not stopped, examples are what search would show."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch

from slimlm.errors import UsageError
from slimlm.lab.reader.examples import Example, load_examples, make_examples, save_examples
from slimlm.lab.reader.model import Encoding, ReaderModel, from_packed
from slimlm.lab.reader.questions import read_own
from slimlm.lab.reader.train import Step, TrainConfig, copy_of, load_trained, train
from unit.engine.toy_encoder import toy_encoder

TEXT = """# Lease

## Rent

The rent is 300 a month. It is due on the first.

## Keys

- two for the door
- one for the shed
"""
RECORD = {
    "title": "Lease", "kind": "lease", "language": "en", "text": TEXT, "summary": "A lease.",
    "questions": [
        {"q": "What do I pay?", "kind": "paraphrase", "evidence": "The rent is 300 a month.", "answer": "300"},
        {"q": "Shed keys?", "kind": "literal", "evidence": "one for the shed", "answer": "one"},
        {"q": "Who collects the rent?", "kind": "lookalike"},
    ],
}  # fmt: skip


def corpus(tmp_path: Path, *records: object) -> Path:
    file = tmp_path / "questions.jsonl.gz"
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(record) + "\n" for record in records)
    return file


def toy() -> tuple[ReaderModel, ReaderModel, Encoding]:
    torch.manual_seed(0)
    encoder = toy_encoder()
    base = from_packed(encoder)
    return copy_of(base), base, Encoding(encoder.vocabulary)


def made(tmp_path: Path) -> list[Example]:
    _, base, encoding = toy()
    return make_examples(read_own(corpus(tmp_path, RECORD, RECORD)), base, encoding)


def test_examples_hold_the_evidence_among_what_search_confuses(tmp_path: Path) -> None:
    examples = made(tmp_path)
    assert [len(e.right) for e in examples] == [1, 1, 0, 1, 1, 0]
    assert {e.document for e in examples} == {0, 1}
    _, _, encoding = toy()
    first = examples[0]
    assert list(first.passages[first.right[0]]) == encoding.ids("Rent: The rent is 300 a month.", 100)
    assert tuple(encoding.ids("Rent: The rent is 300 a month. It is due on the first.", 100)) in first.passages
    save_examples(examples, tmp_path / "examples")
    assert load_examples(tmp_path / "examples") == examples


def test_the_loss_falls(tmp_path: Path) -> None:
    model, base, encoding = toy()
    steps: list[Step] = []
    config = TrainConfig(learning_rate=3e-3, epochs=40, batch=6, borrowed=0.0, keep_vectors=0.1)
    train(model, base, encoding, made(tmp_path), config, tmp_path / "run", steps.append)
    assert len(steps) == 40
    assert sum(s.choice for s in steps[-5:]) < 0.5 * sum(s.choice for s in steps[:5])


@pytest.mark.parametrize("frozen", [0, 1])
def test_a_stopped_run_goes_on_bit_for_bit(tmp_path: Path, frozen: int) -> None:
    examples = made(tmp_path)
    config = TrainConfig(learning_rate=1e-3, epochs=6, batch=4, borrowed=0.3, checkpoint_steps=2, frozen_layers=frozen)
    whole, base, encoding = toy()
    train(whole, base, encoding, examples, config, tmp_path / "whole")
    for stop in (3, 100):  # after step 3, and never again
        part, base, encoding = toy()
        train(part, base, encoding, examples, config, tmp_path / "part", stop_after=stop)
    resumed = load_trained(tmp_path / "part", toy()[0])
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    untouched = toy()[0]
    kept = torch.equal(untouched.layers[0].fi.weight, whole.layers[0].fi.weight)
    assert kept == bool(frozen)


def test_another_configuration_is_not_mixed_in(tmp_path: Path) -> None:
    examples = made(tmp_path)
    model, base, encoding = toy()
    train(model, base, encoding, examples, TrainConfig(batch=4), tmp_path / "run")
    with pytest.raises(UsageError, match="another configuration"):
        train(model, base, encoding, examples, TrainConfig(batch=2), tmp_path / "run")
    with pytest.raises(UsageError, match="no checkpoint"):
        load_trained(tmp_path / "nothing", model)


@pytest.mark.parametrize("line", ["{", '{"title": "x"}', '{"text": 5, "questions": [], "language": "en"}'])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(json.dumps(RECORD) + "\n" + line + "\n", "utf-8")
    with pytest.raises(UsageError, match="line 2"):
        list(read_own(file))

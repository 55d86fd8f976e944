"""The suite is read strictly and counted rightly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slimlm.assistant import assistant as module
from slimlm.assistant.assistant import Assistant
from slimlm.documents.records import Document
from slimlm.errors import UsageError
from slimlm.evaluation.quality import as_rows, figures, run_documents, run_questions
from slimlm.evaluation.questions import SuiteQuestion, holds_answer, holds_evidence, load_questions, normal
from unit.thinking import LEASE, document_of, saying


def question(**changes: object) -> SuiteQuestion:
    data: dict[str, object] = {
        "id": "q1", "document": "lease.md", "question": "How much is the rent per month?", "kind": "literal",
        "answers": ("EUR 950",), "evidence": ("The rent is EUR 950.00 per month",), "scope": "single", "language": "en",
    }  # fmt: skip
    return SuiteQuestion(**(data | changes))  # type: ignore[arg-type]


def test_questions_are_read(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    line = {
        **{k: getattr(question(), k) for k in ("id", "document", "question", "kind", "scope", "language")},
        "answers": ["EUR 950"],
        "evidence": [],
    }
    file.write_text(json.dumps(line) + "\n\n", "utf-8")
    assert load_questions(file) == (question(evidence=()),)
    file.write_text(json.dumps(line) + "\n{}\n", "utf-8")
    with pytest.raises(UsageError, match="line 2"):
        load_questions(file)


def test_comparing_is_loose_about_spelling_alone() -> None:
    assert normal("  ＥＵＲ 950’s |x") == "eur 950's x"
    assert holds_answer("The rent is eur  950.00.", question())
    assert not holds_answer("The rent is EUR 590.", question())
    both = question(answers=("a b", "c"), scope="all")
    assert holds_answer("A B and C", both)
    assert not holds_answer("A B", both)
    assert holds_evidence(["x", "The rent is EUR 950.00 per month, in advance"], question())
    assert not holds_evidence(["The rent is due"], question())
    assert holds_evidence(["Key: front door; Fee: 40"], question(evidence=("front door | 40",)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "lease.md").write_text(LEASE, "utf-8")

    def read(path: str | Path, *_: object) -> Document:
        return document_of(Path(path).read_text("utf-8"))

    monkeypatch.setattr(module, "read_document", read)
    monkeypatch.setattr(module, "start_reader", lambda *_: None)
    return tmp_path


def test_a_run_counts_what_came_out_right(folder: Path) -> None:
    suite = [
        question(),
        question(
            id="q2", question="How much is the deposit?", answers=("EUR 1",), kind="paraphrase", evidence=("EUR 1,900",)
        ),
        question(id="q3", question="Who is the president of France?", answers=(), evidence=(), kind="absent"),
    ]
    seen: list[tuple[int, int]] = []
    with Assistant(engine=saying("The rent is EUR 1.")) as assistant:
        results = run_questions(assistant, folder, suite, lambda done, total: seen.append((done, total)))
        documents = run_documents(assistant, [folder / "lease.md"])
    assert seen == [(0, 3), (1, 3), (2, 3)]
    counted = figures(results, documents)
    assert counted["quotes_exact"] == 1.0
    assert counted["answer_right"] == 1.0
    assert counted["refused_absent"] == 1.0
    assert counted["refused_lookalike"] is None
    assert counted["points_supported"] == 1.0
    assert counted["points_exact"] == 1.0
    assert json.dumps(as_rows(results) + as_rows(documents))


def test_nothing_counted_is_not_a_share() -> None:
    counted = figures([])
    assert counted["questions"] == 0
    assert counted["answer_right"] is None
    assert counted["points_supported"] is None

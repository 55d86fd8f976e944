"""Records go to JSON lines and back; a line that is none is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from slimlm.errors import UsageError
from slimlm.evaluation.docassist.records import Answered, DocAssistRecord, read_records, write_records

RECORD = DocAssistRecord(
    id="a1", document="Seven members — 七人.", source="own", licence="CC0", split="dev", group="g", domain="minutes",
    summary="Who is there.", other_summaries=("Seven.",),
    questions=(Answered("How many?", "Seven", references=("7",)), Answered("Who paid?", "", False, borrowed=True)),
    provenance=(("teacher", "a person"),),
)  # fmt: skip


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    assert write_records(path, [RECORD, RECORD]) == 2
    assert list(read_records(path)) == [RECORD, RECORD]
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"id": "x"}', '{"id":"x","document":"","source":"s","licence":"l","split":"train"}',
             '{"id":"x","document":"d","source":"s","licence":"l","split":"other"}',
             '{"id":"x","document":"d","source":"s","licence":"l","split":"dev","qa":[{"q":"","a":"x"}]}'],
)  # fmt: skip
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "set.jsonl"
    write_records(path, [RECORD])
    with path.open("a") as file:
        file.write("\n" + line + "\n")
    with pytest.raises(UsageError, match="line 3"):
        list(read_records(path))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.jsonl"):
        list(read_records(tmp_path / "none.jsonl"))


def test_suggested_questions_are_three_or_none() -> None:
    three = tuple(Answered(f"Q{n}?", "a") for n in range(4))
    assert DocAssistRecord("i", "d", "s", "l", "train", questions=three).suggested == ("Q0?", "Q1?", "Q2?")
    assert RECORD.suggested == ()

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from slimlm.bench.machine import describe_machine
from slimlm.bench.recorder import Call, RecordingEngine
from slimlm.bench.report import BenchResult, format_table, save_result, shown
from slimlm.bench.samples import collect, ratio
from slimlm.engine.protocol import Engine, Usage, generate
from slimlm.engine.scripted import ScriptedEngine
from slimlm.prompts.records import Prompt

PROMPT = Prompt("system", "", "task")


def test_the_inner_engine_starts_at_first_use_and_every_call_is_kept() -> None:
    started: list[Engine] = []

    def start() -> Engine:
        started.append(ScriptedEngine(lambda _: "three short words"))
        return started[-1]

    engine: Engine = (recorder := RecordingEngine(start))
    assert started == []
    assert generate(engine, PROMPT) == "three short words"
    assert generate(engine, PROMPT) == "three short words"
    assert len(started) == 1
    assert [call.usage.output_tokens for call in recorder.calls] == [3, 3]
    assert all(call.first_token_s is not None and call.first_token_s <= call.total_s for call in recorder.calls)
    assert [(call.prompt, call.text) for call in recorder.calls] == [(PROMPT, "three short words")] * 2
    assert engine.info.name == "scripted"
    engine.close()


def test_closing_an_engine_that_never_started_starts_nothing() -> None:
    RecordingEngine(lambda: (_ for _ in ()).throw(AssertionError("started"))).close()


def test_rates_only_where_enough_was_counted() -> None:
    few = Call(PROMPT, "text", 0.1, 0.2, Usage(evaluated_tokens=5, output_tokens=3, prefill_ms=10.0, decode_ms=10.0))
    assert (few.prefill_per_s, few.decode_per_s) == (None, None)
    many = Call(
        PROMPT, "text", 0.1, 0.2, Usage(evaluated_tokens=100, output_tokens=20, prefill_ms=500.0, decode_ms=400.0)
    )
    assert (many.prefill_per_s, many.decode_per_s) == (200.0, 50.0)
    assert many.as_row()["evaluated_tokens"] == 100
    assert "text" not in many.as_row()


@dataclass(frozen=True)
class Config:
    rounds: int
    documents: tuple[str, ...]


def test_a_result_holds_config_machine_and_raw_samples(tmp_path: Path) -> None:
    slow, fast = collect("s", [(0, 4.0)]), collect("s", [(0, 2.0)])
    result = BenchResult(
        "what", Config(1, ("a",)), describe_machine(), {"n": 1}, {"slow": slow}, {"slow/fast": ratio(slow, fast)}
    )
    save_result(result, tmp_path / "results" / "x.json")
    data = json.loads((tmp_path / "results" / "x.json").read_text("utf-8"))
    assert data["config"] == {"rounds": 1, "documents": ["a"]}
    assert data["samples"]["slow"]["samples"] == [4.0]
    assert data["ratios"]["slow/fast"]["median"] == 2.0
    assert data["machine"]["cpus"] >= 1
    assert data["machine"]["engine_build"].startswith("xllamacpp-")
    assert [file.name for file in (tmp_path / "results").iterdir()] == ["x.json"]


def test_the_fingerprint_names_no_host_user_or_folder() -> None:
    import getpass
    import platform

    row = json.dumps(describe_machine().as_row())
    assert str(Path.home()) not in row
    assert not platform.node() or platform.node() not in row
    assert f'"{getpass.getuser()}"' not in row


def test_tables() -> None:
    assert format_table([]) == ""
    assert format_table([["name", "n"], ["x", "10"]]) == "name  n\n----  --\nx     10"
    assert (shown(None), shown(0.1234, "s"), shown(12.34, "s"), shown(1234.5)) == ("-", "0.123 s", "12.3 s", "1,234")
    assert (shown(0.031, "share"), shown(21.04, "times"), shown(3 << 20, "bytes")) == ("3.1%", "21.0 x", "3.0 MB")

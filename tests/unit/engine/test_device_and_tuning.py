"""The device, the context it can hold, and threads that follow the load."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slimlm.engine.calibrate import Measurement, ThreadGovernor, Tuning, _save, load_tuning, tuning_file
from slimlm.engine.context_size import choose_context
from slimlm.engine.device import Device, LoadWatch, probe_device
from slimlm.engine.gguf_header import GgufHeader
from slimlm.errors import NotEnoughMemoryError
from slimlm.paths import Paths
from slimlm.settings import EngineSettings

DEVICE = Device("linux", "x86_64", "CPU", 4, 4, ("avx2",), 8 << 30, 4 << 30, 0.1)
HEADER = GgufHeader(
    3,
    {"general.architecture": "llama", "llama.context_length": 131_072, "llama.block_count": 30,
     "llama.embedding_length": 576, "llama.attention.head_count": 9, "llama.attention.head_count_kv": 3},
    {"tokenizer.ggml.tokens": 49_152}, (), 100 << 20, 100 << 20,
)  # fmt: skip


def put(root: Path, name: str, content: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def test_this_machine() -> None:
    device = probe_device()
    assert device.cpus >= 1
    assert device.memory_bytes >= device.available_bytes > 0


def test_control_groups_limit(tmp_path: Path) -> None:
    put(tmp_path, "proc/meminfo", "MemTotal: 16000000 kB\nMemFree: 1 kB\nMemAvailable: 8000000 kB\n")
    put(tmp_path, "proc/self/cgroup", "0::/a/b\n")
    put(tmp_path, "sys/fs/cgroup/a/memory.max", "1048576000\n")
    put(tmp_path, "sys/fs/cgroup/a/memory.current", "500000000\n")
    put(tmp_path, "sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 100000000\n")
    put(tmp_path, "sys/fs/cgroup/a/b/memory.max", "max\n")
    put(tmp_path, "sys/fs/cgroup/a/b/cpu.max", "100000 100000\n")
    device = probe_device(tmp_path)
    assert device.memory_bytes == 1_048_576_000
    assert device.available_bytes == 1_048_576_000 - 400_000_000
    assert device.cpus == 1


def test_control_groups_version_1(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/cgroup", "3:cpu,cpuacct:/x\n2:memory:/x\n")
    put(tmp_path, "sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1000000\n")
    put(tmp_path, "sys/fs/cgroup/memory/x/memory.usage_in_bytes", "400000\n")
    put(tmp_path, "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "-1\n")
    put(tmp_path, "sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000\n")
    device = probe_device(tmp_path)
    assert device.available_bytes == 600_000


def test_an_empty_system_is_no_error(tmp_path: Path) -> None:
    assert probe_device(tmp_path).cpus >= 1


def test_context_is_what_fits_a_quarter_of_free_memory() -> None:
    assert HEADER.kv_bytes_per_token == 23_040
    assert choose_context(HEADER, DEVICE).tokens == 8192
    less = replace(DEVICE, available_bytes=400 << 20)
    assert choose_context(HEADER, less).tokens == 4096
    assert choose_context(HEADER, replace(DEVICE, available_bytes=0)).tokens == 4096
    assert choose_context(HEADER, DEVICE, 3000).tokens == 3000


def test_context_never_exceeds_what_was_trained() -> None:
    short = replace(HEADER, metadata={**HEADER.metadata, "llama.context_length": 512})
    assert choose_context(short, DEVICE).tokens == 512
    assert choose_context(short, DEVICE, 4096).tokens == 512


@pytest.mark.parametrize("wanted", [0, 8192])
def test_too_little_memory_is_said_before_loading(wanted: int) -> None:
    with pytest.raises(NotEnoughMemoryError, match="MB"):
        choose_context(HEADER, replace(DEVICE, available_bytes=150 << 20), wanted)


def test_metadata_alone_cannot_claim_memory() -> None:
    absurd = replace(HEADER, metadata={**HEADER.metadata, "llama.attention.key_length": 1 << 20})
    with pytest.raises(NotEnoughMemoryError):
        choose_context(absurd, DEVICE)


def test_tuning_is_remembered_for_this_machine_only(tmp_path: Path) -> None:
    paths, settings = Paths(tmp_path), EngineSettings()
    tuning = Tuning(2, True, table=(Measurement(2, True, 100.0, 50.0, 512, 300.0),), elapsed_s=5.0)
    file = tuning_file(paths, DEVICE, "a" * 64, settings)
    _save(file, tuning)
    assert load_tuning(file) == tuning
    assert tuning.chosen == tuning.table[0]
    assert tuning_file(paths, replace(DEVICE, cpus=8), "a" * 64, settings) != file
    assert tuning_file(paths, DEVICE, "b" * 64, settings) != file


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"threads": 0, "flash_attention": true, "table": []}'])
def test_a_damaged_tuning_is_measured_again(tmp_path: Path, content: str) -> None:
    (tmp_path / "t.json").write_text(content)
    assert load_tuning(tmp_path / "t.json") is None


def test_threads_follow_the_load() -> None:
    governor = ThreadGovernor(cpus=2, calibrated=2)
    assert governor.advise(0.1) == 2
    assert governor.advise(1.2) == 1  # plainly taken: at once
    assert governor.advise(2.0) == 1
    assert governor.advise(0.0) == 2


def test_threads_do_not_flicker() -> None:
    governor = ThreadGovernor(cpus=2, calibrated=2)
    assert [governor.advise(load) for load in (0.6, 0.4, 0.6, 0.4)] == [2, 2, 2, 2]
    assert [governor.advise(load) for load in (0.6, 0.6)] == [2, 1]


def test_slow_answers_are_the_sign_where_the_load_is_unknown() -> None:
    governor = ThreadGovernor(cpus=4, calibrated=4)
    governor.observe(10.0, 50.0)
    assert governor.advise(None) == 4
    governor.observe(10.0, 50.0)
    assert governor.advise(None) == 3


def test_load_of_others_is_a_difference_without_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat, now = tmp_path / "stat", [100.0]
    monkeypatch.setattr("slimlm.engine.device.time.monotonic", lambda: now[0])
    stat.write_text("cpu 1000 0 0 1000 0 0 0 0\ncpu0 1\n")
    watch = LoadWatch(stat)
    assert watch.others_busy(5.0) is None
    now[0] += 1.0
    stat.write_text("cpu 1180 0 0 1020 0 0 0 0\ncpu0 1\n")
    assert watch.others_busy(6.0) == pytest.approx(0.8)
    stat.write_text("nonsense")
    now[0] += 1.0
    assert watch.others_busy(6.0) is None
    assert LoadWatch(tmp_path / "none").others_busy(1.0) is None

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slimlm.bench.memory import MemoryWatch, TreeMemory, descendants, tree_memory

SMAPS = """\
55e39a898000-55e39a899000 r--p 00000000 00:00 12                         /usr/bin/python3.11
Rss:                 100 kB
Anonymous:             0 kB
7f0000000000-7f0000400000 r--s 00000000 00:00 13                         /home/a b/models/small.gguf
Rss:                4096 kB
Pss:                2048 kB
Pss_Dirty:             7 kB
Anonymous:             0 kB
VmFlags: rd mr me
7f0000500000-7f0000600000 rw-p 00000000 00:00 0
Rss:                 500 kB
Anonymous:           500 kB
"""


def make_process(proc: Path, pid: int, children: str, smaps: str = SMAPS, pages: int = 10, mark_kb: int = 5000) -> None:
    folder = proc / str(pid)
    (folder / "task" / str(pid)).mkdir(parents=True)
    (folder / "task" / str(pid) / "children").write_text(children)
    (folder / "statm").write_text(f"99999 {pages} 5 1 0 1 0\n")
    (folder / "smaps").write_text(smaps)
    (folder / "status").write_text(f"Name:\tx\nVmHWM:\t  {mark_kb} kB\n")
    (folder / "cmdline").write_bytes(b"python\0-P\0-m\0some.worker\0")


def test_sums_over_the_tree_with_model_files_apart(tmp_path: Path) -> None:
    make_process(tmp_path, 1, "2 3 ")
    make_process(tmp_path, 2, "")
    make_process(tmp_path, 9, "")  # a stranger
    assert sorted(descendants(1, tmp_path)) == [1, 2, 3]  # 3 has ended: it is known and counts with nothing
    found = tree_memory(1, tmp_path)
    assert found == TreeMemory(2, 2 * 4696 << 10, 2 * 500 << 10, 2 * 4096 << 10, 2 * 2048 << 10)
    assert found.without_model_bytes == 2 * 600 << 10


def test_without_proc_nothing_is_said(tmp_path: Path) -> None:
    assert tree_memory(1, tmp_path) is None
    with MemoryWatch(1, tmp_path) as watch:
        pass
    assert watch.peak.tree is None


def test_the_peak_is_kept(tmp_path: Path) -> None:
    make_process(tmp_path, 1, "")
    watch = MemoryWatch(1, tmp_path)
    watch.look()
    (tmp_path / "1" / "smaps").write_text("")
    (tmp_path / "1" / "statm").write_text("1 1 1 1 0 1 0\n")
    watch.look()
    assert watch.peak.tree == TreeMemory(1, 4696 << 10, 500 << 10, 4096 << 10, 2048 << 10)
    assert watch.peak.high_water_bytes == {"some.worker (1)": 5000 << 10}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_real_child_is_seen() -> None:
    hungry = "import time; block = bytearray(64 << 20); block[::4096] = b'x' * len(block[::4096]); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", hungry])
    try:
        with MemoryWatch(os.getpid(), interval_s=0.02) as watch:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                time.sleep(0.05)
                own = tree_memory(child.pid)
                if own is not None and own.anonymous_bytes > 64 << 20:
                    break
            time.sleep(0.5)
    finally:
        child.kill()
        child.wait()
    assert watch.peak.tree is not None
    assert watch.peak.tree.n_processes >= 2
    assert watch.peak.tree.anonymous_bytes > 64 << 20

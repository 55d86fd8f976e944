"""Runs one part of a benchmark in a process of its own, because only a new process is cold; watches its memory.

A part is ``python SCRIPT PART``: it takes a JSON object on stdin and prints one JSON object as its last line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slimlm.bench.memory import MemoryPeak, MemoryWatch

TIMEOUT_S = 1200.0


@dataclass(frozen=True, slots=True)
class Ran:
    answer: dict[str, Any]
    peak: MemoryPeak
    total_s: float  # the whole life of the process

    @property
    def peak_row(self) -> dict[str, Any]:
        tree = self.peak.tree
        return {
            "tree": {**asdict(tree), "without_model_bytes": tree.without_model_bytes} if tree else None,
            "high_water_bytes": self.peak.high_water_bytes,
        }


def run_part(script: Path, part: str, job: dict[str, Any]) -> Ran:
    """``job`` is told when it was started, so that the start of the interpreter counts."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLIMLM_")}
    for kept in ("SLIMLM_TEST_CACHE",):
        if kept in os.environ:
            environment[kept] = os.environ[kept]
    started = time.time()
    child = subprocess.Popen(
        [sys.executable, str(script), part],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
    )
    with MemoryWatch(child.pid) as watch:
        try:
            said, _ = child.communicate(json.dumps({**job, "started": started}), timeout=TIMEOUT_S)
        except BaseException:
            child.kill()
            raise
    total_s = time.time() - started
    if child.returncode != 0:
        raise SystemExit(f"{script.name} {part} failed with status {child.returncode}.")
    return Ran(json.loads(said.strip().splitlines()[-1]), watch.peak, total_s)


def run_as_part(parts: dict[str, Any]) -> None:
    """The child's side: the function named on the command line, with the job from stdin.

    It leaves without clean-up once the answer is out: what is measured has ended, and the binding's own server
    does not end in order.
    """
    job = json.loads(sys.stdin.read())
    answer = parts[sys.argv[1]](job)
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    os._exit(0)

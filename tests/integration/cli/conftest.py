"""A home of its own for every test, and documents small enough to read in no time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from cli_terminal import COMMAND, INVOICE, LEASE, Result, Run


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    names = ("PATH", "HOME", "TMPDIR", "SYSTEMROOT", "PYTHONPATH")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {**kept, "SLIMLM_HOME": str(tmp_path / "home"), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working directory of the command, with two documents in it."""
    place = tmp_path / "documents"
    place.mkdir()
    (place / "lease.md").write_text(LEASE, "utf-8")
    (place / "invoice.txt").write_text(INVOICE, "utf-8")
    return place


@pytest.fixture
def run(environ: dict[str, str], folder: Path) -> Run:
    """Run the command with pipes, as a script would."""

    def start(*args: str, stdin: str | bytes = "", **more: str) -> Result:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [*COMMAND, *args], input=data, capture_output=True, cwd=folder, env={**environ, **more}, timeout=120,
            check=False,
        )  # fmt: skip
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    return start

"""How much memory a process and all its descendants use, model files apart.

What enters: a process id. What leaves: ``TreeMemory`` of now, or the peaks over a time; None where the system does not
say (anything but Linux). Standard library only. Sums of resident sizes count a page twice when two processes share it
(two workers that map one model); proportional sizes count it once.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

INTERVAL_S = 0.1
_DETAIL_STEP = 1.02  # the costly look at every mapping is taken only when the tree has grown by this much
MODEL_SUFFIX = ".gguf"


@dataclass(frozen=True, slots=True)
class TreeMemory:
    """Bytes, summed over ``n_processes``. ``resident`` = ``anonymous`` + ``model_mapped`` + other mapped files.

    ``model_mapped``: pages of model files, which the system may drop at any time and read again.
    """

    n_processes: int
    resident_bytes: int
    anonymous_bytes: int
    model_mapped_bytes: int
    proportional_bytes: int  # each page divided by the number of processes that share it

    @property
    def without_model_bytes(self) -> int:
        return self.resident_bytes - self.model_mapped_bytes


@dataclass(frozen=True, slots=True)
class MemoryPeak:
    """``tree``: the moment at which the whole was largest. ``high_water``: VmHWM of each process, by command line.

    The high-water marks are exact but need not have been reached at the same moment; each holds mapped files too.
    """

    tree: TreeMemory | None
    high_water_bytes: dict[str, int] = field(default_factory=dict)


def descendants(pid: int, proc: Path = Path("/proc")) -> list[int]:
    """``pid`` and every process below it; workers in sessions of their own are still children."""
    found, queue = [], [pid]
    while queue:
        current = queue.pop()
        if current in found:
            continue
        found.append(current)
        for file in (proc / str(current)).glob("task/*/children"):
            with contextlib.suppress(OSError):
                queue += [int(child) for child in file.read_text("ascii").split()]
    return found


def tree_memory(pid: int, proc: Path = Path("/proc")) -> TreeMemory | None:
    """None where /proc does not tell. A process that ends while it is read counts with nothing."""
    if not (proc / str(pid) / "statm").exists():
        return None
    n, sums = 0, (0, 0, 0, 0)
    for member in descendants(pid, proc):
        with contextlib.suppress(OSError):
            rows = (proc / str(member) / "smaps").read_text("utf-8", "replace").splitlines()
            one = _sum_mappings(rows)
            n, sums = n + 1, (sums[0] + one[0], sums[1] + one[1], sums[2] + one[2], sums[3] + one[3])
    return TreeMemory(n, *sums)


def resident_bytes(pids: Iterable[int], proc: Path = Path("/proc")) -> int:
    """The quick look: resident sizes alone."""
    pages = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            pages += int((proc / str(pid) / "statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") if pages else 0


class MemoryWatch:
    """Watches a tree of processes from a thread until the ``with`` block ends; ``peak`` holds what was seen."""

    def __init__(self, pid: int, proc: Path = Path("/proc"), interval_s: float = INTERVAL_S) -> None:
        self._pid = pid
        self._proc = proc
        self._interval_s = interval_s
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slimlm-memory", daemon=True)
        self._highest = 0
        self._tree: TreeMemory | None = None
        self._high_water: dict[str, int] = {}

    @property
    def peak(self) -> MemoryPeak:
        return MemoryPeak(self._tree, dict(self._high_water))

    def __enter__(self) -> Self:
        if (self._proc / str(self._pid) / "statm").exists():
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _run(self) -> None:
        while not self._done.is_set():
            self.look()
            self._done.wait(self._interval_s)

    def look(self) -> None:
        """One look; a closer one when the tree is larger than ever."""
        members = descendants(self._pid, self._proc)
        now = resident_bytes(members, self._proc)
        if now <= self._highest * _DETAIL_STEP:
            return
        tree = tree_memory(self._pid, self._proc)
        if tree is None or tree.resident_bytes == 0:
            return
        self._highest = max(now, tree.resident_bytes)
        if self._tree is None or tree.resident_bytes > self._tree.resident_bytes:
            self._tree = tree
        for member in members:
            name, mark = _high_water(self._proc / str(member))
            if name:
                self._high_water[name] = max(mark, self._high_water.get(name, 0))


def _sum_mappings(rows: Iterable[str]) -> tuple[int, int, int, int]:
    """(resident, anonymous, of model files, proportional) in bytes, from the lines of ``smaps``."""
    resident = anonymous = model = proportional = 0
    of_model = False
    for row in rows:
        name, _, rest = row.partition(":")
        if name == "Rss":
            size = int(rest.split()[0]) << 10
            resident += size
            model += size if of_model else 0
        elif name == "Pss":
            proportional += int(rest.split()[0]) << 10
        elif name == "Anonymous":
            anonymous += int(rest.split()[0]) << 10
        elif "-" in name.split(" ", 1)[0]:  # "7f12...-7f13... r--p 00000000 00:00 0  /path": a new mapping
            of_model = row.rstrip().removesuffix(" (deleted)").endswith(MODEL_SUFFIX)
    return resident, anonymous, model, proportional


def _high_water(folder: Path) -> tuple[str, int]:
    """(the module or program that runs, its VmHWM in bytes); ("", 0) when it has ended."""
    with contextlib.suppress(OSError, ValueError):
        parts = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        status = (folder / "status").read_text("utf-8", "replace")
        mark = next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:")), 0)
        after = parts[parts.index("-m") + 1 :] if "-m" in parts else [p for p in parts[1:] if not p.startswith("-")]
        return f"{Path(after[0]).name if after else Path(parts[0]).name} ({folder.name})", mark
    return "", 0

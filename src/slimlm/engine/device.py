"""What this machine is, and how busy it is just now. Standard library only, no subprocesses.

What enters: nothing but the operating system. What leaves: a ``Device``, and the load that *others* put on the cores.
This module refuses to know models; ``calibrate`` decides what to do with the facts.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "fma", "f16c", "asimd", "asimddp", "i8mm", "sve")
_SAMPLE_S = 0.06  # /proc/stat counts in ticks of 10 ms
_FRESH_S = 5.0  # an average over a longer time says little about now


@dataclass(frozen=True, slots=True)
class Device:
    """Memory in bytes. ``cpus`` is what this process may use (affinity and cgroup quota), not what is built in."""

    platform: str
    machine: str
    cpu_model: str
    cpus: int
    cores: int
    cpu_flags: tuple[str, ...]
    memory_bytes: int
    available_bytes: int
    load_1min: float

    @property
    def fingerprint(self) -> str:
        """Identifies the hardware for which a calibration holds."""
        text = f"{self.platform}|{self.machine}|{self.cpu_model}|{self.cpus}|{self.cores}|{self.cpu_flags}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def probe_device(root: Path = Path("/")) -> Device:
    """Facts of now. ``root`` stands for ``/`` in tests."""
    cpuinfo = _read(root / "proc/cpuinfo")
    available, total = _memory(root)
    limit, used = _cgroup_memory(root)
    if limit:
        total = min(total, limit) if total else limit
        available = min(available, max(limit - used, 0)) if available else max(limit - used, 0)
    quota = _cgroup_cpus(root)
    cpus = _affinity()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return Device(
        platform=sys.platform,
        machine=platform.machine(),
        cpu_model=_field(cpuinfo, "model name") or platform.processor() or platform.machine(),
        cpus=max(1, min(cpus, round(quota)) if quota else cpus),
        cores=_physical_cores(cpuinfo) or cpus,
        cpu_flags=tuple(f for f in _FLAGS if f in (_field(cpuinfo, "flags") or _field(cpuinfo, "Features")).split()),
        memory_bytes=total,
        available_bytes=available,
        load_1min=load,
    )


class LoadWatch:
    """Cores kept busy by others, from differences of /proc/stat between calls. None where that does not exist."""

    def __init__(self, stat: Path = Path("/proc/stat")) -> None:
        self._stat = stat
        self._last = self._snapshot(None)

    def others_busy(self, own_cpu_s: float | None) -> float | None:
        """Cores in use by other processes since the last call (or in a short sample, when that was long ago).

        ``own_cpu_s``: processor seconds that the worker has used so far.
        """
        if self._last is None or own_cpu_s is None:
            self._last = self._snapshot(own_cpu_s)
            return None
        if not _SAMPLE_S <= time.monotonic() - self._last[0] <= _FRESH_S or self._last[2] is None:
            quiet = hasattr(os, "getloadavg") and os.getloadavg()[0] < 0.3
            self._last = self._snapshot(own_cpu_s)
            if quiet or self._last is None:
                return 0.0
            time.sleep(_SAMPLE_S)
        return self._since_last(own_cpu_s)

    def sample(self) -> float | None:
        """Cores in use by anyone in a short sample of now."""
        self._last = self._snapshot(0.0)
        time.sleep(2 * _SAMPLE_S)
        return self._since_last(0.0)

    def _since_last(self, own_cpu_s: float) -> float | None:
        before, now = self._last, self._snapshot(own_cpu_s)
        self._last = now
        if before is None or now is None or before[2] is None:
            return None
        elapsed = now[0] - before[0]
        return max(0.0, (now[1] - before[1] - (own_cpu_s - before[2])) / elapsed) if elapsed > 0 else None

    def _snapshot(self, own: float | None) -> tuple[float, float, float | None] | None:
        """(time, busy seconds of all cores, own seconds)"""
        fields = _read(self._stat).partition("\n")[0].split()
        if len(fields) < 5 or fields[0] != "cpu":
            return None
        with contextlib.suppress(ValueError):
            numbers = [int(n) for n in fields[1:9]]  # user nice system idle iowait irq softirq steal
            busy = sum(numbers) - numbers[3] - (numbers[4] if len(numbers) > 4 else 0)
            return time.monotonic(), busy / os.sysconf("SC_CLK_TCK"), own
        return None


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _physical_cores(cpuinfo: str) -> int:
    """Distinct (socket, core) pairs; 0 where /proc/cpuinfo does not say."""
    pairs = set()
    socket = ""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "physical id":
            socket = value.strip()
        elif name.strip() == "core id":
            pairs.add((socket, value.strip()))
    return len(pairs)


def _memory(root: Path) -> tuple[int, int]:
    """(available, total); zeros when unknown."""
    found = {}
    for line in _read(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        with contextlib.suppress(ValueError, IndexError):
            found[name] = int(value.split()[0]) << 10
    if "MemTotal" in found:
        return found.get("MemAvailable", found.get("MemFree", 0)), found["MemTotal"]
    if sys.platform == "win32":
        return _windows_memory()
    with contextlib.suppress(OSError, ValueError, AttributeError):
        page = os.sysconf("SC_PAGE_SIZE")
        total = page * os.sysconf("SC_PHYS_PAGES")
        names = os.sysconf_names
        available = page * os.sysconf("SC_AVPHYS_PAGES") if "SC_AVPHYS_PAGES" in names else total // 2
        return available, total  # macOS gives no cheap free count: half is a careful guess
    return 0, 0


def _windows_memory() -> tuple[int, int]:
    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "available", "a", "b", "c", "d", "e")),
        )

    status = Status()
    status.length = ctypes.sizeof(Status)
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009  (absent from other platforms' type stubs)
    kernel.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.available), int(status.total)


def _cgroup_paths(root: Path, controller: str) -> list[Path]:
    """This process's control group and its parents: version 2 first, then version 1."""
    base = root / "sys/fs/cgroup"
    found = [base, base / controller]
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, names, path = [*line.split(":", 2), "", "", ""][:3]
        top = base if not names else base / controller if controller in names.split(",") else None
        parts = Path(path.lstrip("/")).parts
        if top is not None and ".." not in parts:
            found += [top.joinpath(*parts[:n]) for n in range(1, len(parts) + 1)]
    return found


def _cgroup_cpus(root: Path) -> float:
    """Cores' worth of time that the tightest group allows; 0 without a limit."""
    limits = []
    for folder in _cgroup_paths(root, "cpu"):
        quota, _, period = _read(folder / "cpu.max").strip().partition(" ")
        if not quota:
            quota, period = _read(folder / "cpu.cfs_quota_us").strip(), _read(folder / "cpu.cfs_period_us").strip()
        with contextlib.suppress(ValueError, ZeroDivisionError):
            if int(quota) > 0:
                limits.append(int(quota) / int(period))
    return min(limits, default=0.0)


def _cgroup_memory(root: Path) -> tuple[int, int]:
    """(limit, used) of the group with the least room; zeros without a limit."""
    found = []
    for folder in _cgroup_paths(root, "memory"):
        for limit_name, used_name in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            with contextlib.suppress(ValueError):
                limit = int(_read(folder / limit_name))
                if limit < 1 << 60:
                    used = int(_read(folder / used_name)) - _reclaimable(folder)
                    found.append((limit, max(used, 0)))
    return min(found, key=lambda pair: pair[0] - pair[1], default=(0, 0))


def _reclaimable(folder: Path) -> int:
    """File cache that the kernel gives back when asked."""
    for line in _read(folder / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            with contextlib.suppress(ValueError):
                return int(value)
    return 0


def _field(cpuinfo: str, name: str) -> str:
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""

"""What a newcomer waits for: the size of what is fetched, the time of the installation, the time of `slimlm --help`.

    python benchmarks/startup.py [--runs 10] [--no-install] [--out FILE]

The wheels of the core dependencies (all of them: what they need in turn, too) are fetched into a temporary folder with
pip, prebuilt ones only; then the project is installed from that folder into a fresh environment, so that the network
is not part of the time. `slimlm --help` is timed there, as a user has it. With ``--no-install`` nothing is fetched and
only the environment in use is timed. Models are not part of this. Writes ``benchmarks/results/startup.json``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from material import RESULTS, ROOT

from slimlm.bench.machine import describe_machine
from slimlm.bench.report import BenchResult, format_table, save_result, shown
from slimlm.bench.samples import Samples, collect


@dataclass(frozen=True, slots=True)
class Options:
    runs: int
    install: bool


def call(command: Sequence[str | Path]) -> float:
    """Seconds of a command that must succeed."""
    started = time.perf_counter()
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{Path(command[0]).name} failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - started


def time_command(command: Sequence[str | Path], runs: int) -> Samples:
    """The first run warms the disk's cache and does not count."""
    call(command)
    return collect("s", [(turn, call(command)) for turn in range(runs)])


def folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def measure_install(folder: Path, runs: int) -> tuple[dict[str, Any], dict[str, Samples], dict[str, Any]]:
    wheels, fresh = folder / "wheels", folder / "fresh"
    core = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    pip = [sys.executable, "-m", "pip", "--quiet"]
    print("fetching wheels", flush=True)
    fetched_s = call([*pip, "download", "--only-binary=:all:", "--dest", wheels, *core])
    sizes = {file.name: file.stat().st_size for file in sorted(wheels.iterdir())}
    call([*pip, "wheel", "--no-deps", "--wheel-dir", wheels, ROOT])
    own = next(file for file in wheels.glob("slimlm-*.whl"))
    venv.create(fresh, with_pip=True)
    scripts = fresh / ("Scripts" if sys.platform == "win32" else "bin")
    before = folder_bytes(fresh)
    print("installing", flush=True)
    installed_s = call(
        [scripts / "python", "-m", "pip", "--quiet", "install", "--no-index", "--find-links", wheels, own]
    )
    figures = {
        "core_wheels": len(sizes),
        "core_wheels_bytes": sum(sizes.values()),
        "own_wheel_bytes": own.stat().st_size,
        "download_s": fetched_s,
        "install_s": installed_s,
        "installed_bytes": folder_bytes(fresh) - before,
    }
    samples = {"slimlm --help, fresh installation": time_command([scripts / "slimlm", "--help"], runs)}
    return figures, samples, {"wheels_bytes": sizes}


def run(options: Options, folder: Path, out: Path) -> None:
    machine = describe_machine()
    figures: dict[str, Any] = {}
    details: dict[str, Any] = {}
    here = Path(sys.executable).parent
    samples = {
        "python -c pass": time_command([sys.executable, "-c", "pass"], options.runs),
        "slimlm --help": time_command([here / "slimlm", "--help"], options.runs),
    }
    if options.install:
        figures, more, details = measure_install(folder, options.runs)
        samples |= more
    what = "size of the core, time to install it, time to the first output"
    save_result(BenchResult(what, options, machine, figures, samples, details=details), out)
    rows = [["figure", "value"]]
    rows += [[name, shown(s.median, s.unit)] for name, s in samples.items()]
    for name, value in figures.items():
        unit = "bytes" if name.endswith("_bytes") else "s" if name.endswith("_s") else ""
        rows.append([name, shown(value, unit) if unit else str(value)])
    print(f"\n{format_table(rows)}\nwritten: {out.name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--no-install", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS / "startup.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slimlm-bench-") as folder:
        run(Options(given.runs, not given.no_install), Path(folder), given.out)


if __name__ == "__main__":
    main()

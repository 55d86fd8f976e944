"""doctor: what this machine is, what is installed, how fast it is, and what is wrong."""

from __future__ import annotations

import platform
import shutil
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import slimlm
from slimlm.cli import render
from slimlm.cli.app import App
from slimlm.cli.lines import BLANK, Line, Span, line
from slimlm.cli.options import Command, with_app

if TYPE_CHECKING:
    from slimlm.engine.report import DoctorReport

_OCR_MODULES = ("rapidocr", "onnxruntime")
Facts = list[tuple[str, str]]


@click.command(cls=Command)
@click.option("--quick", is_flag=True, help="Do not measure the model's speed.")
@with_app
def doctor(app: App, quick: bool) -> None:
    """Check this machine: processor, memory, model, speed, folders."""
    report = _collect(app, quick)
    installation = _installation(app)
    if app.flags.as_json:
        app.output.data({"report": {**_as_json(report), "installation": installation}})
        return
    for title, facts in _chapters(report, installation):
        app.output.show([line(title, "heading")])
        app.output.show([Line((Span(value),), indent=2, mark=key.ljust(16)) for key, value in facts if value])
        app.output.show([BLANK])
    if report.problems:
        app.output.show([line("Needs attention", "warning")])
        app.output.show([Line((Span(problem),), indent=2, mark="• ") for problem in report.problems])
    else:
        app.output.show([line("All is well.")])


def _collect(app: App, quick: bool) -> DoctorReport:
    from slimlm.engine.report import collect  # noqa: PLC0415

    def progress(share: float, what: str) -> None:
        app.output.status(what, int(share * 100), 100)

    app.output.status("Looking around")
    try:
        return collect(app.settings.paths, app.settings.engine, measure=not quick, progress=progress)
    finally:
        app.output.status("")


def _installation(app: App) -> dict[str, Any]:
    home = app.settings.paths.home
    there = next((folder for folder in (home, *home.parents) if folder.exists()), Path.cwd())
    return {
        "version": slimlm.__version__,
        "python": platform.python_version(),
        "home": str(home),
        "config_file": str(app.settings.paths.config_file),
        "config_file_exists": app.settings.paths.config_file.exists(),
        "free_bytes": shutil.disk_usage(there).free,
        "library_bytes": _size(app.settings.paths.library),
        "ocr": all(find_spec(name) is not None for name in _OCR_MODULES),
    }


def _chapters(report: DoctorReport, installation: dict[str, Any]) -> list[tuple[str, Facts]]:
    device, model, reader, chosen = report.device, report.model, report.reader, report.chosen
    machine: Facts = [
        ("processor", device.cpu_model),
        ("usable", f"{device.cpus} of {device.cores} cores" if device.cores > device.cpus else f"{device.cpus} cores"),
        ("instructions", " ".join(device.cpu_flags)),
        ("memory", f"{_gb(device.available_bytes)} free of {_gb(device.memory_bytes)}"),
        ("load", f"{device.load_1min:.1f}"),
    ]
    engine: Facts = [
        ("llama.cpp", report.engine_build or "not installed"),
        ("writes", f"{model.name} ({render.megabytes(model.size_bytes)})" if model else "none installed"),
        ("finds", f"{reader.name} ({render.megabytes(reader.size_bytes)})" if reader else "by words only"),
        ("architecture", report.architecture),
        ("context", f"{report.context.tokens:,} tokens: {report.context.reason}" if report.context else ""),
        ("speed", _speed(report)),
        ("threads", _threads(report)),
        ("loads in", f"{chosen.load_ms:.0f} ms" if chosen else ""),
        ("saved states", f"{_mb(report.state_cache_bytes)} (limit {_mb(report.state_cache_limit_bytes)})"),
    ]
    settings = "" if installation["config_file_exists"] else " (not there: defaults)"
    folders: Facts = [
        ("home", installation["home"]),
        ("free", _gb(installation["free_bytes"])),
        ("settings", installation["config_file"] + settings),
        ("library", _mb(installation["library_bytes"])),
        ("scanned pages", "are recognized" if installation["ocr"] else "need `pip install 'slimlm[ocr]'`"),
        ("versions", f"slimlm {installation['version']}, Python {installation['python']}"),
    ]
    return [("Machine", machine), ("Model", engine), ("Here", folders)]


def _speed(report: DoctorReport) -> str:
    if report.chosen is None:
        return ""
    return f"reads {report.chosen.prefill_per_s:.0f}, writes {report.chosen.decode_per_s:.0f} tokens a second"


def _threads(report: DoctorReport) -> str:
    if report.tuning is None:
        return ""
    attention = "on" if report.tuning.flash_attention else "off"
    again = "; measured while the machine was busy, will be repeated" if report.tuning.provisional else ""
    return f"{report.tuning.threads}, flash attention {attention}{again}"


def _as_json(report: DoctorReport) -> dict[str, Any]:
    value = asdict(report)
    for part, model in (("model", report.model), ("reader", report.reader)):
        if model is not None:
            value[part]["path"] = str(model.path)
    value["chosen"] = asdict(report.chosen) if report.chosen else None
    return value


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.exists() else 0


def _gb(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB"


def _mb(n_bytes: int) -> str:
    return render.megabytes(n_bytes) if n_bytes else "empty"

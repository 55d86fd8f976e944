"""What `slimlm doctor` says about this machine and its engine.

What enters: paths and settings. What leaves: a ``DoctorReport``; a part that fails becomes a line in ``problems``.
This module refuses to print.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError

from slimlm.engine.calibrate import Measurement, Progress, Tuning, load_tuning, tune, tuning_file
from slimlm.engine.catalog import Catalog
from slimlm.engine.context_size import ContextChoice, choose_context
from slimlm.engine.device import Device, probe_device
from slimlm.engine.entries import InstalledModel
from slimlm.engine.gguf_header import check_gguf
from slimlm.engine.state_cache import StateCache
from slimlm.engine.worker_process import engine_build
from slimlm.errors import SlimLMError
from slimlm.paths import Paths
from slimlm.settings import EngineSettings


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """None where a thing is not there or could not be found out; ``problems`` says why, with what to do."""

    device: Device
    engine_build: str
    model: InstalledModel | None
    reader: InstalledModel | None  # the model that finds answers; None too where it is switched off
    architecture: str
    trained_context_tokens: int
    context: ContextChoice | None
    tuning: Tuning | None
    state_cache_bytes: int
    state_cache_limit_bytes: int
    problems: tuple[str, ...]

    @property
    def chosen(self) -> Measurement | None:
        """Load time, prefill and decode speed with the chosen threads and attention; None before calibration."""
        return self.tuning.chosen if self.tuning is not None else None


def collect(
    paths: Paths, settings: EngineSettings, measure: bool = True, progress: Progress | None = None
) -> DoctorReport:
    """Look at everything, load the model only to measure it (at most some seconds; never with ``measure`` False)."""
    device = probe_device()
    problems: list[str] = []
    try:
        build = engine_build()
    except PackageNotFoundError:
        build = ""
        problems.append("The llama.cpp binding is not installed. Run `pip install xllamacpp`.")
    model: InstalledModel | None = None
    reader: InstalledModel | None = None
    context: ContextChoice | None = None
    tuning: Tuning | None = None
    architecture, trained = "", 0
    try:
        model = Catalog(paths).require(settings.model)
        header = check_gguf(model.path)
        architecture, trained = header.architecture, header.n_ctx_train
        context = choose_context(header, device, settings.context_tokens)
        if measure and build:
            tuning = tune(model.path, model.sha256, header, paths, settings, progress)
        elif build:
            tuning = load_tuning(tuning_file(paths, device, model.sha256, settings))
    except SlimLMError as error:
        problems.append(f"{error.message} {error.hint}")
    if settings.reader != "off":
        catalog = Catalog(paths)
        try:
            reader = catalog.require(catalog.reader_name(settings.reader))
        except SlimLMError as error:
            problems.append(f"{error.message} {error.hint}")
    limit = settings.state_cache_mb << 20
    return DoctorReport(
        device=device,
        engine_build=build,
        model=model,
        reader=reader,
        architecture=architecture,
        trained_context_tokens=trained,
        context=context,
        tuning=tuning,
        state_cache_bytes=StateCache(paths.state, limit).size_bytes(),
        state_cache_limit_bytes=limit,
        problems=tuple(problems),
    )

"""What a figure was measured on: without it, a figure says nothing.

What enters: nothing but this machine and the models in use. What leaves: a ``Machine`` that may be published: no
names of hosts, users or folders.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import slimlm
from slimlm.engine.device import LoadWatch, probe_device
from slimlm.engine.entries import InstalledModel
from slimlm.engine.worker_process import engine_build


@dataclass(frozen=True, slots=True)
class ModelMark:
    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Machine:
    """``busy_cores``: kept busy by others when the run began; above 0.5 the absolute figures are not to be quoted."""

    system: str
    cpu_model: str
    cpu_flags: tuple[str, ...]
    cores: int
    cpus: int  # that this process may use
    memory_bytes: int
    python: str
    slimlm: str
    engine_build: str
    models: tuple[ModelMark, ...]
    busy_cores: float | None
    load_1min: float

    @property
    def quiet(self) -> bool:
        return self.busy_cores is not None and self.busy_cores < 0.5

    def as_row(self) -> dict[str, Any]:
        return {**asdict(self), "quiet": self.quiet}


def describe_machine(models: Sequence[InstalledModel] = ()) -> Machine:
    """Takes about a tenth of a second: the load is sampled."""
    device = probe_device()
    busy = LoadWatch().sample()
    return Machine(
        system=f"{platform.system()} {platform.release()} {device.machine}",
        cpu_model=device.cpu_model,
        cpu_flags=device.cpu_flags,
        cores=device.cores,
        cpus=device.cpus,
        memory_bytes=device.memory_bytes,
        python=platform.python_version(),
        slimlm=slimlm.__version__,
        engine_build=engine_build(),
        models=tuple(ModelMark(model.name, model.sha256, model.size_bytes) for model in models),
        busy_cores=None if busy is None else round(busy, 2),
        load_1min=round(device.load_1min, 2),
    )

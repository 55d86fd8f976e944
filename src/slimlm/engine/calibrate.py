"""Threads and flash attention: measured on this machine with this model, once, in a few seconds.

What enters: a model file and the device. What leaves: a ``Tuning``, remembered in the cache folder for this machine,
model and engine build. It refuses to guess: which of the two attentions is faster differs with the model's width, the
processor and the depth (on prefills faster, off decodes faster).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from slimlm.engine.context_size import BATCH_TOKENS
from slimlm.engine.device import Device, LoadWatch, probe_device
from slimlm.engine.gguf_header import GgufHeader
from slimlm.engine.worker_process import WorkerConfig, WorkerProcess, engine_build, start_worker
from slimlm.errors import EngineError
from slimlm.paths import Paths, ensure
from slimlm.settings import EngineSettings

logger = logging.getLogger("slimlm.engine")

Progress = Callable[[float, str], None]  # share done (0 to 1), what is being done

_FORMAT = 2
_BUDGET_S = 8.0
_PROBE_TOKENS = BATCH_TOKENS
_DEPTH_TOKENS = 512  # document-like; less on a slow machine
_DEPTH_S = 1.3
_DECODE_TOKENS = 12
# A document of 1,200 tokens is read once for two tasks, each of which writes 64 tokens.
_PREFILL_WEIGHT, _DECODE_WEIGHT = 600, 64
_BUSY_CORES = 0.5


@dataclass(frozen=True, slots=True)
class Measurement:
    """Tokens per second. ``depth`` is how many tokens lay in front when decoding."""

    threads: int
    flash_attention: bool
    prefill_per_s: float
    decode_per_s: float
    depth: int
    load_ms: float

    @property
    def cost(self) -> float:
        """Seconds for the typical mix of reading and writing."""
        return _PREFILL_WEIGHT / max(self.prefill_per_s, 1e-3) + _DECODE_WEIGHT / max(self.decode_per_s, 1e-3)


@dataclass(frozen=True, slots=True)
class Tuning:
    """``provisional``: measured while others used the machine; measured again when it is quiet."""

    threads: int
    flash_attention: bool
    batch_tokens: int = BATCH_TOKENS
    table: tuple[Measurement, ...] = ()
    provisional: bool = False
    elapsed_s: float = 0.0

    @property
    def chosen(self) -> Measurement | None:
        for row in self.table:
            if (row.threads, row.flash_attention) == (self.threads, self.flash_attention):
                return row
        return None


def tune(
    model: Path,
    model_sha256: str,
    header: GgufHeader,
    paths: Paths,
    settings: EngineSettings,
    progress: Progress | None = None,
) -> Tuning:
    """The remembered tuning, or a new measurement. The user's settings win over both."""
    device = probe_device()
    fixed_threads = min(settings.threads, 4 * device.cpus)
    fixed_attention = {"on": True, "off": False}.get(settings.flash_attention)
    if fixed_threads and fixed_attention is not None:
        return Tuning(fixed_threads, fixed_attention)
    file = tuning_file(paths, device, model_sha256, settings)
    known = load_tuning(file)
    if known is not None and not known.provisional:
        return known
    found = calibrate(model, header, device, paths, fixed_threads, fixed_attention, progress)
    _save(file, found)
    return found


def calibrate(
    model: Path,
    header: GgufHeader,
    device: Device,
    paths: Paths,
    threads: int = 0,
    flash_attention: bool | None = None,
    progress: Progress | None = None,
) -> Tuning:
    """Measure: both attentions with all cores, then the better one with fewer threads. ``threads`` 0: to be found."""
    started = time.monotonic()
    say = progress or _silent
    busy = LoadWatch().sample()
    most = threads or device.cpus
    if busy is not None and busy > _BUSY_CORES:
        # Two threads on one free core say nothing about two free cores, and take minutes to say it.
        logger.info("Not measured: other programs keep %.1f of %d cores busy.", busy, device.cpus)
        return Tuning(most, flash_attention is not False, provisional=True)
    table: list[Measurement] = []
    depth = _DEPTH_TOKENS
    attentions = [flash_attention] if flash_attention is not None else [True, False]
    fewer = [n for n in dict.fromkeys((most // 2, most - 1)) if n >= 1] if not threads and most > 1 else []
    steps = len(attentions) + len(fewer)
    for attention in attentions:
        if table and time.monotonic() - started > _BUDGET_S / 2:
            break
        say(len(table) / steps, f"Measuring this device: {most} threads, flash attention {_on_off(attention)}")
        table.append(_measure(model, header, paths, most, attention, depth))
        depth = table[0].depth
    best = min(table, key=lambda row: row.cost)
    for n in fewer:
        spent = time.monotonic() - started
        if spent + 1.5 * spent / len(table) > _BUDGET_S:
            break
        say(len(table) / steps, f"Measuring this device: {n} threads")
        table.append(_measure(model, header, paths, n, best.flash_attention, depth))
    best = min(table, key=lambda row: row.cost)
    elapsed = time.monotonic() - started
    say(1.0, f"Chosen: {best.threads} threads, flash attention {_on_off(best.flash_attention)}")
    return Tuning(best.threads, best.flash_attention, BATCH_TOKENS, tuple(table), elapsed > 2 * _BUDGET_S, elapsed)


def _silent(_share: float, _text: str) -> None:
    return None


def _on_off(value: bool) -> str:
    return "on" if value else "off"


def _measure(model: Path, header: GgufHeader, paths: Paths, threads: int, attention: bool, depth: int) -> Measurement:
    with tempfile.TemporaryDirectory(prefix="slimlm-measure-") as scratch:
        config = WorkerConfig(
            model=str(model),
            context_tokens=min(1024, header.n_ctx_train),
            threads=threads,
            flash_attention=attention,
            batch_tokens=BATCH_TOKENS,
            state_folder=scratch + "/",
        )
        started = time.monotonic()
        worker = start_worker(config, paths)
        load_ms = (time.monotonic() - started) * 1000.0
        try:
            return replace(_measure_worker(worker, header, depth), threads=threads, flash_attention=attention,
                           load_ms=load_ms)  # fmt: skip
        finally:
            worker.close()


def _measure_worker(worker: WorkerProcess, header: GgufHeader, depth: int) -> Measurement:
    """Prefill to ``depth`` (less when that would take too long), then decode there."""
    vocabulary = max(header.vocabulary, 1024)
    depth = min(depth, header.n_ctx_train - 64)
    # Any ordinary tokens will do: speed does not depend on which. The first few hundred are often special.
    tokens = [vocabulary // 4 + (7919 * i) % (vocabulary // 2) for i in range(depth)]
    first = min(_PROBE_TOKENS, depth)
    begun = time.monotonic()
    _complete(worker, tokens[:first], 0)
    rate = first / max(time.monotonic() - begun, 1e-3)
    depth = min(depth, first + int(rate * _DEPTH_S) // BATCH_TOKENS * BATCH_TOKENS)
    prefill = _complete(worker, tokens[:depth], 0)["prompt_per_second"] if depth > first else rate
    decode = _complete(worker, [*tokens[:depth], *tokens[:2]], _DECODE_TOKENS)["predicted_per_second"]
    return Measurement(0, False, round(prefill, 1), round(decode, 1), depth, 0.0)


def _complete(worker: WorkerProcess, tokens: list[int], n_predict: int) -> dict[str, float]:
    body = {"prompt": tokens, "n_predict": n_predict, "temperature": 0, "ignore_eos": True, "cache_prompt": True}
    answer = worker.post("/completion", body, timeout_s=60.0)
    timings = answer.get("timings")
    if not isinstance(timings, dict):
        raise EngineError("The engine reported no timings.")
    return timings


def tuning_file(paths: Paths, device: Device, model_sha256: str, settings: EngineSettings) -> Path:
    """Another machine (a copied home), model, build or setting has another file."""
    text = json.dumps(
        [_FORMAT, device.fingerprint, model_sha256, engine_build(), settings.threads, settings.flash_attention]
    )
    return paths.cache / f"tuning-{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


def load_tuning(file: Path) -> Tuning | None:
    try:
        fields = json.loads(file.read_text("utf-8"))
        table = tuple(Measurement(**row) for row in fields.pop("table"))
        found = Tuning(**fields, table=table)
        sound = 0 < found.threads <= 1024 and found.batch_tokens == BATCH_TOKENS
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if sound else None


def _save(file: Path, tuning: Tuning) -> None:
    """Best effort: without it the next start measures again."""
    with contextlib.suppress(OSError):
        ensure(file.parent)
        draft = file.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(tuning)), "utf-8")
        draft.replace(file)


class ThreadGovernor:
    """One thread less while others use the machine: two spinning threads on one free core are six times slower.

    Advice changes only when it has been due for two requests in a row, or when the cores are plainly taken.
    """

    def __init__(self, cpus: int, calibrated: int) -> None:
        self._cpus = cpus
        self._calibrated = calibrated
        self._threads = calibrated
        self._pending = calibrated
        self._slow = 0

    @property
    def threads(self) -> int:
        return self._threads

    def advise(self, others_busy: float | None) -> int:
        """Threads for the next request, given the cores that others keep busy (None: not known)."""
        if others_busy is None:
            target = max(1, self._threads - 1) if self._slow >= 2 else self._threads
        else:
            free = self._cpus - others_busy
            target = max(1, min(self._calibrated, int(free + 0.5)))
            plainly = abs(free - self._threads) > 0.75
            if target != self._threads and not plainly and target != self._pending:
                self._pending = target
                return self._threads
        self._pending = target
        if target != self._threads:
            logger.info("The engine goes on with %d threads (others keep %.1f cores busy).", target, others_busy or 0)
            self._threads, self._slow = target, 0
        return self._threads

    def observe(self, decode_per_s: float, expected_per_s: float) -> None:
        """Count requests far slower than calibrated: the only sign of load where /proc/stat does not exist."""
        self._slow = self._slow + 1 if decode_per_s < 0.35 * expected_per_s else 0

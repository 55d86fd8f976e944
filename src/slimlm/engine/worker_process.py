"""Start, address and end the worker process.

What enters: a ``WorkerConfig``. What leaves: a ``WorkerProcess`` whose ``client`` speaks HTTP to llama.cpp over a unix
socket in a folder of ours (0700), with a random key; or an ``EngineError`` with the last lines that llama.cpp wrote.
This module refuses to know what is asked of the worker.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Literal

import httpx

from slimlm.errors import EngineError
from slimlm.paths import Paths, ensure

_SUN_PATH = 100  # sockaddr_un holds 107 bytes on Linux and 103 on macOS
_LOG_LINES, _LOG_CHARS = 40, 400
_LOAD_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """Everything that the worker is told. ``flash_attention`` and the cache types decide the form of a saved state."""

    model: str
    context_tokens: int
    threads: int
    flash_attention: bool
    batch_tokens: int
    state_folder: str
    pooling: Literal["", "mean", "rank"] = ""  # "": writes text; mean: vectors of texts; rank: scores of pairs
    parallel: int = 1


class WorkerLog:
    """The last lines that llama.cpp wrote: nothing of it reaches the disk or the terminal."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=_LOG_LINES)
        self.schema_errors: deque[str] = deque(maxlen=4)  # llama.cpp only logs a schema that it cannot follow
        self.n_schema_errors = 0

    def drain(self, pipe: IO[str]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := pipe.readline(_LOG_CHARS):
                if line.strip():
                    self.lines.append(line.strip())
                _, found, reason = line.partition("llg error: ")
                if found:
                    self.schema_errors.append(reason.strip())
                    self.n_schema_errors += 1


class WorkerProcess:
    """A running worker. ``client`` may be used by one thread at a time."""

    def __init__(self, process: subprocess.Popen[str], socket: str, log: WorkerLog) -> None:
        self._process = process
        self._socket = socket
        self.log = log
        self.client = httpx.Client()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def socket(self) -> str:
        """Empty where unix sockets are not served (Windows)."""
        return self._socket

    def cpu_s(self) -> float | None:
        """Processor seconds used so far, or None where the platform does not say cheaply."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):
            return None

    def last_log(self) -> str:
        time.sleep(0.05)  # the reader of the pipe may be a moment behind the death
        return " | ".join(list(self.log.lines)[-6:])

    def post(self, path: str, body: dict[str, Any], timeout_s: float = 60.0) -> dict[str, Any]:
        """One request with one answer. Raises ``EngineError``; ``WorkerDiedError`` when the process has gone."""
        try:
            response = self.client.post(path, json=body, timeout=timeout_s)
        except httpx.HTTPError as error:
            raise self.failure(error) from error
        return self.checked(response)

    def checked(self, response: httpx.Response) -> dict[str, Any]:
        try:
            answer = response.json()
        except ValueError as error:
            raise EngineError(f"The engine gave an unreadable answer (status {response.status_code}).") from error
        if response.status_code != 200:
            message = answer.get("error", {}).get("message", "") if isinstance(answer, dict) else ""
            raise RefusedError(f"The engine refused the request: {message or response.status_code}.")
        return answer if isinstance(answer, dict) else {"items": answer}

    def failure(self, error: Exception) -> EngineError:
        """What an interrupted request means: the process died, or it does not answer."""
        with contextlib.suppress(subprocess.TimeoutExpired):  # a killed process closes its socket before it is gone
            self._process.wait(0.5)
        if self.alive:
            return EngineError(f"The engine does not answer ({type(error).__name__}).")
        log = self.last_log()
        return WorkerDiedError(f"The engine stopped unexpectedly{f' ({log})' if log else ''}.")

    def close(self) -> None:
        """End the process at once and remove its socket."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self.kill()
        self.client.close()
        _remove(self._socket)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(5.0)
        _remove(self._socket)


class RefusedError(EngineError):
    """The engine said no to this request: the same one again would be refused too."""

    @property
    def code(self) -> str:
        return "engine"


class WorkerDiedError(EngineError):
    """The process has gone: a new one can be started."""

    @property
    def code(self) -> str:
        return "engine"


def engine_build() -> str:
    """Name and version of the binding: saved states and calibrations of another build are not used."""
    return f"xllamacpp-{version('xllamacpp')}"


def start_worker(config: WorkerConfig, paths: Paths, timeout_s: float = _LOAD_TIMEOUT_S) -> WorkerProcess:
    """Load the model in a new process. Raises ``EngineError`` when it cannot be loaded."""
    socket = "" if os.name == "nt" else str(_socket_folder(paths) / "s.sock")
    key = secrets.token_urlsafe(32)
    # -P: the current folder, where a stranger's json.py may lie, stays off the module path.
    command = [sys.executable, "-P", "-m", "slimlm.engine.llama_worker"]
    environment = os.environ | {"GGML_NO_BACKTRACE": "1", "LLAMA_OFFLINE": "1"}
    environment = {name: value for name, value in environment.items() if not name.startswith("LLAMA_ARG_")}
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
        start_new_session=True,  # the terminal's Ctrl-C is for the program, which then stops us in order
    )
    log = WorkerLog()
    if process.stderr is not None:
        threading.Thread(target=log.drain, args=(process.stderr,), daemon=True, name="slimlm-engine-log").start()
    worker = WorkerProcess(process, socket, log)
    try:
        address = _handshake(worker, process, {**asdict(config), "socket": socket, "key": key}, timeout_s)
    except BaseException:
        worker.kill()
        raise
    transport = httpx.HTTPTransport(uds=socket) if socket else httpx.HTTPTransport()
    worker.client = httpx.Client(
        transport=transport,
        base_url="http://engine" if socket else address,
        headers={"Authorization": f"Bearer {key}"},
        timeout=httpx.Timeout(60.0),
    )
    return worker


def _handshake(worker: WorkerProcess, process: subprocess.Popen[str], told: dict[str, Any], timeout_s: float) -> str:
    """Send the configuration and wait for the address. A load that never ends is ended by a timer."""
    if process.stdin is None or process.stdout is None:
        raise EngineError("The engine process has no pipes.")
    timer = threading.Timer(timeout_s, process.kill)
    timer.daemon = True
    timer.start()
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
        line = process.stdout.readline()
    finally:
        timer.cancel()
    try:
        answer = json.loads(line)
    except ValueError:
        answer = {}
    if "address" not in answer:
        log = worker.last_log() or str(answer.get("error", ""))
        raise EngineError(f"The model {Path(told['model']).name} could not be loaded{f': {log}' if log else ''}.")
    process.stdout.close()
    return str(answer["address"]).rstrip("/")


def _socket_folder(paths: Paths) -> Path:
    """A new folder of ours (0700) whose path is short enough for a socket's address."""
    for root in (os.environ.get("XDG_RUNTIME_DIR"), str(paths.run), tempfile.gettempdir(), "/tmp"):  # noqa: S108
        if not root or len(os.fsencode(root)) + 40 > _SUN_PATH:
            continue
        with contextlib.suppress(OSError):
            if Path(root) == paths.run:
                ensure(paths.run)
            _sweep(Path(root))
            return Path(tempfile.mkdtemp(prefix=f"slimlm-{os.getpid()}-", dir=root))
    raise EngineError("No folder can hold the engine's socket.", "Set TMPDIR to a folder that you may write to.")


def _sweep(root: Path) -> None:
    """Remove our folders whose process was killed."""
    for folder in root.glob("slimlm-*-*"):
        pid = folder.name.split("-")[1]
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)


def _remove(socket: str) -> None:
    if socket:
        shutil.rmtree(Path(socket).parent, ignore_errors=True)

"""One streamed request to the worker, and its end: by itself, by ``cancel``, or by closing the iterator.

What enters: the body of a llama.cpp ``/completion`` request. What leaves: its events, parsed.
Whatever ends the stream early, the processor is free within a second: the connection is closed, and a worker that is
still busy after that is killed (its documents' states are on disk). This module refuses to know what a prompt is.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import httpx

from slimlm.engine.worker_process import WorkerProcess
from slimlm.errors import CancelledError, EngineError

_POLL_S = 0.03
_SETTLE_S = 0.6  # after this a worker still evaluating a batch is killed; the promise is one second
_SILENCE_S = 600.0  # between two events; progress is reported after every batch


def completion_events(worker: WorkerProcess, body: dict[str, Any], watch: Watch) -> Iterator[dict[str, Any]]:
    """Events until and with the one whose ``stop`` is true.

    Raises ``CancelledError``, ``WorkerDiedError``, or ``EngineError`` with llama.cpp's own message.
    """
    watch.check()
    told = {**body, "stream": True, "return_progress": True, "return_tokens": True, "id_slot": 0}
    complete = False
    try:
        timeout = httpx.Timeout(10.0, read=_SILENCE_S)
        with worker.client.stream("POST", "/completion", json=told, timeout=timeout) as response:
            watch.reading(response)
            if response.status_code != 200:
                complete = True
                response.read()
                worker.checked(response)
            for event in _events(response):
                if "error" in event:
                    complete = True
                    raise EngineError(f"The engine refused the request: {event['error'].get('message', '')}.")
                complete = bool(event.get("stop"))
                yield event
                if complete:
                    return
        raise httpx.RemoteProtocolError("the stream ended early")
    except httpx.HTTPError as error:
        watch.check()
        raise worker.failure(error) from error
    finally:
        watch.reading(None)
        if not complete:
            settle(worker)


def settle(worker: WorkerProcess) -> None:
    """Wait until the worker has dropped its request, or kill it."""
    deadline = time.monotonic() + _SETTLE_S
    while worker.alive:
        left = deadline - time.monotonic()
        with contextlib.suppress(httpx.HTTPError, ValueError, KeyError, TypeError, IndexError):
            if left > 0 and not worker.client.get("/slots", timeout=left).json()[0]["is_processing"]:
                return
        if time.monotonic() >= deadline:
            worker.kill()
            return
        time.sleep(0.01)


def _events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """Server-sent events. Not ``iter_lines``: it also splits at U+2028 and others, which JSON text may hold."""
    rest = b""
    for chunk in response.iter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data: {"):
                yield json.loads(line[6:])
            elif line.startswith(b"error: "):
                yield {"error": json.loads(line[7:])}


class Watch:
    """One request and the event that ends it. Nothing else interrupts a read, so a thread shuts the socket down.

    It then sees to it that the worker is idle, whether or not the reader of the stream ever goes on.
    """

    def __init__(self, worker: WorkerProcess, cancel: threading.Event | None) -> None:
        self.worker = worker
        self._cancel = cancel
        self._done = threading.Event()
        self._socket: socket.socket | None = None

    def __enter__(self) -> Watch:
        if self._cancel is not None:
            threading.Thread(target=self._run, daemon=True, name="slimlm-engine-cancel").start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()

    def check(self) -> None:
        """Raises ``CancelledError`` when the event is set."""
        if self._cancel is not None and self._cancel.is_set():
            raise CancelledError("Stopped.")

    def reading(self, response: httpx.Response | None) -> None:
        stream = response.extensions.get("network_stream") if response is not None else None
        self._socket = stream.get_extra_info("socket") if stream is not None else None
        if self._cancel is not None and self._cancel.is_set():
            self._shut()  # set while the connection was being made

    def _shut(self) -> None:
        connection = self._socket
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        assert self._cancel is not None
        while not self._cancel.wait(_POLL_S):
            if self._done.is_set():
                return
        self._shut()
        if not self._done.wait(0.1):
            settle(self.worker)


class FifoLock:
    """First come, first served. Waiting ends with ``CancelledError`` when ``cancel`` is set."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._held = False

    def acquire(self, cancel: threading.Event | None = None) -> None:
        turn = threading.Event()
        with self._guard:
            if not self._held:
                self._held = True
                return
            self._waiting.append(turn)
        while not turn.wait(None if cancel is None else _POLL_S):
            if cancel is not None and cancel.is_set():
                self._give_up(turn)
                raise CancelledError("Stopped before its turn came.")

    def _give_up(self, turn: threading.Event) -> None:
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        self.release()  # the turn came in this very moment

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._held = False

    @contextlib.contextmanager
    def turn(self, cancel: threading.Event | None = None) -> Iterator[None]:
        self.acquire(cancel)
        try:
            yield
        finally:
            self.release()

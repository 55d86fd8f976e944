"""An engine that keeps the time of the engine inside it.

What enters: how to start an engine. What leaves: the same tokens, and a ``Call`` for each request. It starts the inner
engine at first use, as the assistant does, so that loading is part of what is measured.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slimlm.engine.protocol import Engine, EngineInfo, GenerateOptions, Token, Usage
from slimlm.prompts.records import Prompt


@dataclass(frozen=True, slots=True)
class Call:
    """One request and its reply. ``first_token_s`` is None when nothing was generated."""

    prompt: Prompt
    text: str
    first_token_s: float | None
    total_s: float
    usage: Usage

    @property
    def prefill_per_s(self) -> float | None:
        """Tokens a second, where enough were evaluated to say so."""
        return _rate(self.usage.evaluated_tokens, self.usage.prefill_ms, 64)

    @property
    def decode_per_s(self) -> float | None:
        return _rate(self.usage.output_tokens, self.usage.decode_ms, 12)

    def as_row(self) -> dict[str, Any]:
        """Figures only: prompts hold the document."""
        return {
            "first_token_s": self.first_token_s,
            "total_s": self.total_s,
            "prefill_per_s": self.prefill_per_s,
            "decode_per_s": self.decode_per_s,
            **asdict(self.usage),
        }


class RecordingEngine:
    """Implements ``Engine``; ``calls`` grows with every finished request, ``load_s`` is the time of the start."""

    def __init__(self, start: Callable[[], Engine]) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._inner: Engine | None = None
        self.calls: list[Call] = []
        self.load_s = 0.0

    @property
    def inner(self) -> Engine:
        with self._lock:
            if self._inner is None:
                started = time.perf_counter()
                self._inner = self._start()
                self.load_s = time.perf_counter() - started
            return self._inner

    @property
    def info(self) -> EngineInfo:
        return self.inner.info

    @property
    def usage(self) -> Usage:
        return self.inner.usage

    def stream(
        self, prompt: Prompt, options: GenerateOptions | None = None, cancel: threading.Event | None = None
    ) -> Iterator[Token]:
        engine = self.inner
        started = time.perf_counter()
        first: float | None = None
        pieces: list[str] = []
        for token in engine.stream(prompt, options, cancel):
            if first is None:
                first = time.perf_counter() - started
            pieces.append(token.text)
            yield token
        self.calls.append(Call(prompt, "".join(pieces), first, time.perf_counter() - started, engine.usage))

    def prefill(self, prompt: Prompt, cancel: threading.Event | None = None) -> Usage:
        return self.inner.prefill(prompt, cancel)

    def count_tokens(self, text: str) -> int:
        return self.inner.count_tokens(text)

    def forget(self, documents: Sequence[str]) -> None:
        self.inner.forget(documents)

    def close(self) -> None:
        if self._inner is not None:
            self._inner.close()


def _rate(n_tokens: int, elapsed_ms: float, enough: int) -> float | None:
    return n_tokens / elapsed_ms * 1000.0 if n_tokens >= enough and elapsed_ms > 0 else None

"""What every engine does, whatever runs behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from slimlm.prompts.records import Prompt


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """Per call. ``temperature`` 0 is greedy and repeatable; ``seed`` matters only above 0."""

    temperature: float = 0.0
    top_p: float = 0.95
    seed: int = 0
    repeat_penalty: float = 1.0
    logprobs: int = 0  # how many alternatives per token to report
    max_tokens: int | None = None  # None: the prompt's own limit
    reuse_document: bool = True  # use (and save) the evaluated state of ``prompt.document``


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of generated text (never half a character). ``logprob`` is natural-log; None when not asked for."""

    text: str
    logprob: float | None = None
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What runs. ``languages``: ISO 639-1 codes that the model speaks well enough to be shown to a person."""

    name: str
    model: str
    model_sha256: str
    context_tokens: int
    languages: tuple[str, ...] = ("en",)
    threads: int = 0
    flash_attention: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Of the last finished call. ``prompt_tokens`` = ``cached_tokens`` + ``evaluated_tokens``."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    evaluated_tokens: int = 0
    output_tokens: int = 0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    finish: str = "stop"  # stop, length, cancelled


@runtime_checkable
class Engine(Protocol):
    """Prompt -> tokens. One request at a time; further ones wait their turn (first come, first served).

    Engines are safe to call from several threads. ``cancel`` set by another thread ends the stream within a second,
    frees the CPU, and raises ``slimlm.errors.CancelledError`` in the reader of the stream; closing the iterator
    (``GeneratorExit``) also frees the CPU.
    """

    @property
    def info(self) -> EngineInfo: ...

    @property
    def usage(self) -> Usage:
        """Counts of the last finished call."""
        ...

    def stream(
        self, prompt: Prompt, options: GenerateOptions | None = None, cancel: threading.Event | None = None
    ) -> Iterator[Token]:
        """Raises ``PromptTooLongError`` before anything is evaluated, ``EngineError`` when the engine fails."""
        ...

    def prefill(self, prompt: Prompt, cancel: threading.Event | None = None) -> Usage:
        """Evaluate ``prompt.system`` and ``prompt.document`` now (and keep the state), so that tasks start at once."""
        ...

    def count_tokens(self, text: str) -> int: ...

    def forget(self, documents: Sequence[str]) -> None:
        """Delete every saved state whose document text is among ``documents``."""
        ...

    def close(self) -> None: ...


def generate(
    engine: Engine, prompt: Prompt, options: GenerateOptions | None = None, cancel: threading.Event | None = None
) -> str:
    """The whole text of one request."""
    return "".join(token.text for token in engine.stream(prompt, options, cancel))

"""An engine that says what a test wrote for it: no model, no process, no chance."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from slimlm.engine.protocol import EngineInfo, GenerateOptions, Token, Usage
from slimlm.errors import CancelledError
from slimlm.prompts.records import Prompt


class ScriptedEngine:
    """Answers with ``reply(prompt)``, word by word. Records every prompt it was given in ``prompts``."""

    def __init__(self, reply: Callable[[Prompt], str], context_tokens: int = 2048) -> None:
        self._reply = reply
        self._context_tokens = context_tokens
        self.prompts: list[Prompt] = []
        self.prefilled: list[str] = []
        self.forgotten: list[str] = []
        self._usage = Usage()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="scripted", model="scripted", model_sha256="0" * 64, context_tokens=self._context_tokens)

    @property
    def usage(self) -> Usage:
        return self._usage

    def stream(
        self, prompt: Prompt, options: GenerateOptions | None = None, cancel: threading.Event | None = None
    ) -> Iterator[Token]:
        self.prompts.append(prompt)
        limit = (options.max_tokens if options else None) or prompt.max_tokens
        n = 0
        for n, word in enumerate(_words(self._reply(prompt))[:limit], 1):  # noqa: B007  (n is the count after the loop)
            if cancel is not None and cancel.is_set():
                raise CancelledError("Stopped.")
            yield Token(word)
        count = self.count_tokens(prompt.user)
        self._usage = Usage(prompt_tokens=count, evaluated_tokens=count, output_tokens=n)

    def prefill(self, prompt: Prompt, cancel: threading.Event | None = None) -> Usage:
        self.prefilled.append(prompt.document)
        return Usage(prompt_tokens=self.count_tokens(prompt.document))

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def forget(self, documents: Sequence[str]) -> None:
        self.forgotten.extend(documents)

    def close(self) -> None:
        return None


def _words(text: str) -> list[str]:
    """Pieces that join back to ``text`` exactly, as a model streams them: each with its leading space."""
    pieces: list[str] = []
    for part in text.split(" "):
        pieces.append(part if not pieces else " " + part)
    return pieces

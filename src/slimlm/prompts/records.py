"""What is sent to a model: document text first, task last, so that one evaluated prefix serves every task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """One earlier turn of the conversation that shows the model what is wanted (few-shot)."""

    user: str
    assistant: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request to a chat model.

    ``system`` and ``examples`` are the head: the same for every request of a task. The user message is
    ``document + task``. An engine may keep the evaluated state of the head, and of head + ``document`` when that
    is not empty, and use it again for every prompt that begins the same way.
    """

    system: str
    document: str
    task: str
    examples: tuple[Example, ...] = ()
    opening: str = ""  # the reply begins with this; it is put in the model's mouth and is not part of what comes back
    stop: tuple[str, ...] = ()
    max_tokens: int = 128
    json_schema: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def user(self) -> str:
        return self.document + self.task

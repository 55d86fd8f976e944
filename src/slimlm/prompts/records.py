"""What is sent to a model: document text first, task last, so that one evaluated prefix serves every task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request to a chat model.

    The user message is ``document + task``. ``document`` may be empty; when it is not, an engine may keep its evaluated
    state and use it again for every prompt with the same ``system`` and ``document``.
    """

    system: str
    document: str
    task: str
    stop: tuple[str, ...] = ()
    max_tokens: int = 128
    json_schema: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def user(self) -> str:
        return self.document + self.task

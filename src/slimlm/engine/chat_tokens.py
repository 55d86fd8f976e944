"""Prompt -> token ids, in the model's own chat template, with text that cannot speak as the template.

What enters: a ``Prompt`` and a worker to ask (llama.cpp holds template and vocabulary). What leaves: ``PromptTokens``,
prefix and task apart, so that prefix + task is a pure concatenation and the evaluated prefix serves every task.
This module refuses to know what is evaluated and kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from slimlm.engine.worker_process import WorkerProcess
from slimlm.errors import EngineError
from slimlm.prompts.records import Prompt

EXAMPLES_HINT = "use a model whose template takes a conversation."
_SYSTEM, _USER, _REPLY, _SECOND = "Qx7SystemQx7", "Qx7UserQx7", "Qx7ReplyQx7", "Qx7SecondQx7"


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """``prefix``: template head, system and document. ``task``: the task and the template's tail."""

    prefix: tuple[int, ...]
    task: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TemplatePieces:
    """The template's own text around the system message (empty pieces without one) and the user's message."""

    head: str
    middle: str
    tail: str
    system_in_user: bool = False  # the template knows no system message: it opens the user's message instead
    strips: bool = False  # the template strips the user's message
    reply: str = ""  # between a user's message and the assistant's, in earlier turns
    turn: str = ""  # between the assistant's message and the next user's

    @property
    def text(self) -> str:
        """Identifies the pieces in the key of a saved state."""
        return json.dumps([self.head, self.middle, self.tail, self.system_in_user, self.strips, self.reply, self.turn])


class ChatTokens:
    """Tokenizes for one model. Ask ``bind`` again when the worker has been replaced."""

    def __init__(self, worker: WorkerProcess) -> None:
        self._worker = worker
        self.with_system = self._learn(system=True)
        self.without_system = self._learn(system=False)
        self._template_tokens: dict[str, tuple[int, ...]] = {}
        self._lead = self._spaced_lead()
        self._special = self._special_tokens()
        self._document: tuple[str, tuple[int, ...]] = ("", ())

    def bind(self, worker: WorkerProcess) -> None:
        self._worker = worker

    @property
    def template_text(self) -> str:
        return self.with_system.text + self.without_system.text

    def render(self, prompt: Prompt) -> PromptTokens:
        pieces = self.with_system if prompt.system else self.without_system
        document, task, system = prompt.document, prompt.task, prompt.system
        if pieces.strips:
            document, task = (document.lstrip(), task.rstrip()) if document else ("", task.strip())
        prefix = self._template(pieces.head, first=True)
        if pieces.system_in_user and system:
            prefix += self._template(pieces.middle) + self.content(system + "\n\n")
        elif system:
            prefix += self.content(system) + self._template(pieces.middle)
        for example in prompt.examples:
            if not pieces.reply:
                raise EngineError(f"The chat template of this model has no earlier turns: {EXAMPLES_HINT}")
            prefix += self.content(example.user) + self._template(pieces.reply)
            prefix += self.content(example.assistant) + self._template(pieces.turn)
        prefix += self._document_tokens(document)
        return PromptTokens(prefix, self.content(task) + self._template(pieces.tail) + self.content(prompt.opening))

    def content(self, text: str) -> tuple[int, ...]:
        """Token ids of text that is only text: ``<|im_end|>`` in it is nine characters, not the end of a turn."""
        tokens = self._fragment(text)
        if not self._special.intersection(tokens):
            return tokens
        # Some files mark their turn markers as ordinary words: take those apart.
        plain: list[int] = []
        for token in tokens:
            literal = self._literal(token) if token in self._special else ""
            if len(literal) < 2:
                plain.append(token)
                continue
            middle = len(literal) // 2
            plain += self._fragment(literal[:middle]) + self._fragment(literal[middle:])
        return tuple(plain)

    def _fragment(self, text: str) -> tuple[int, ...]:
        """Tokens of text in the middle of a prompt."""
        if not text or not self._lead:
            return self._tokenize(text, special=False)
        tokens = self._tokenize("\n" + text, special=False)
        return tokens[len(self._lead) :] if tokens[: len(self._lead)] == self._lead else tokens

    def _spaced_lead(self) -> tuple[int, ...]:
        """Tokens to cut where the vocabulary (SentencePiece) puts a space before whatever it is given, else none."""
        answer = self._worker.post("/tokenize", {"content": "x", "with_pieces": True})
        pieces = [row.get("piece") for row in answer["tokens"]]
        return self._tokenize("\n", special=False) if pieces and pieces[0] in (" ", " x") else ()

    def _document_tokens(self, document: str) -> tuple[int, ...]:
        if self._document[0] != document:
            self._document = (document, self.content(document))
        return self._document[1]

    def _template(self, text: str, first: bool = False) -> tuple[int, ...]:
        key = f"{first}{text}"
        if key not in self._template_tokens:
            tokens = self._tokenize(text, special=True, begin=first)
            if first and len(tokens) > 1 and tokens[0] == tokens[1]:  # template and vocabulary both begin the sequence
                tokens = tokens[1:]
            self._template_tokens[key] = tokens
        return self._template_tokens[key]

    def _tokenize(self, text: str, special: bool, begin: bool = False) -> tuple[int, ...]:
        if not text and not begin:
            return ()
        answer = self._worker.post("/tokenize", {"content": text, "parse_special": special, "add_special": begin})
        return tuple(answer["tokens"])

    def _literal(self, token: int) -> str:
        return str(self._worker.post("/detokenize", {"tokens": [token]}).get("content", ""))

    def _special_tokens(self) -> frozenset[int]:
        """Tokens that only the template may use: those that its pieces hold as commands and not as text."""
        found: set[int] = set()
        for pieces in (self.with_system, self.without_system):
            for text in (pieces.head, pieces.middle, pieces.tail):
                commands = set(self._tokenize(text, special=True))
                found |= {token for token in commands if self._is_marker(token)}
        return frozenset(found)

    def _is_marker(self, token: int) -> bool:
        literal = self._literal(token)
        return literal.startswith(("<|", "<start_of", "<end_of", "[INST", "[/INST", "</s>", "<s>", "<bos>", "<eos>"))

    def _learn(self, system: bool) -> TemplatePieces:
        """Render sentinels once and cut around them."""
        user = {"role": "user", "content": _USER}
        padded = {"role": "user", "content": f"\n {_USER} \n"}
        before = [{"role": "system", "content": _SYSTEM}] if system else []
        try:
            text = self._apply([*before, user])
        except EngineError:
            text = ""
        if not system or text.count(_SYSTEM) != 1:
            alone = text if not system else self._apply([user])
            head, found, tail = alone.partition(_USER)
            if not found or _USER in tail:
                raise EngineError("The model's chat template does not show the user's message once.")
            reply, turn = self._turns([])
            return TemplatePieces(
                head, "", tail, system_in_user=system, strips=self._strips([padded]), reply=reply, turn=turn
            )
        head, _, rest = text.partition(_SYSTEM)
        middle, found, tail = rest.partition(_USER)
        if not found or _USER in tail:
            raise EngineError("The model's chat template does not show the user's message once, after the system's.")
        reply, turn = self._turns(before)
        return TemplatePieces(head, middle, tail, strips=self._strips([*before, padded]), reply=reply, turn=turn)

    def _turns(self, before: list[dict[str, str]]) -> tuple[str, str]:
        """The template's text between the messages of earlier turns; ("", "") when it takes a single turn only."""
        messages = [(_USER, "user"), (_REPLY, "assistant"), (_SECOND, "user")]
        try:
            text = self._apply([*before, *({"role": role, "content": content} for content, role in messages)])
        except EngineError:
            return "", ""
        _, found_user, rest = text.partition(_USER)
        reply, found_reply, rest = rest.partition(_REPLY)
        turn, found_second, _ = rest.partition(_SECOND)
        return (reply, turn) if found_user and found_reply and found_second else ("", "")

    def _strips(self, messages: list[dict[str, str]]) -> bool:
        return f"\n {_USER} \n" not in self._apply(messages)

    def _apply(self, messages: list[dict[str, str]]) -> str:
        body = {"messages": messages, "chat_template_kwargs": {"enable_thinking": False}}
        return str(self._worker.post("/apply-template", body)["prompt"])

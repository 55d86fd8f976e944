"""The engine of this device: llama.cpp in a worker process, documents evaluated once.

What enters: prompts. What leaves: tokens, as they come. This module puts the parts together (worker, template, slot,
state cache, tuning) and refuses to know what the prompts are about.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from slimlm.engine.calibrate import Progress, ThreadGovernor, Tuning, tune
from slimlm.engine.chat_tokens import ChatTokens, PromptTokens
from slimlm.engine.completion import FifoLock, Watch, completion_events
from slimlm.engine.context_size import choose_context
from slimlm.engine.device import LoadWatch, probe_device
from slimlm.engine.document_slot import DocumentSlot, Prepared
from slimlm.engine.gguf_header import check_gguf
from slimlm.engine.protocol import EngineInfo, GenerateOptions, Token, Usage
from slimlm.engine.state_cache import StateCache, StateKey, hash_tokens
from slimlm.engine.worker_process import WorkerConfig, WorkerDiedError, WorkerProcess, engine_build, start_worker
from slimlm.errors import CancelledError, EngineError, PromptTooLongError
from slimlm.paths import Paths, ensure
from slimlm.prompts.records import Prompt
from slimlm.settings import EngineSettings

logger = logging.getLogger("slimlm.engine")

_ROOM_TOKENS = 16  # a prompt must leave at least this much for the answer
_TOP_K = 100  # sorting a whole vocabulary for top_p costs more than it decides
_KV_TYPES = "f16/f16"  # q8_0 was measured at 0.42 of the prefill speed
_SCHEMA_HINT = "Use a simpler schema: objects, arrays, strings, numbers and enumerations."
_RETUNE_S = 3.0  # restarting the worker costs about half a second: not more often than this


@dataclass(frozen=True, slots=True)
class LlamaModel:
    """The file that is run. ``adapter``: hash of a merged or applied adapter, empty without one."""

    path: Path
    sha256: str
    name: str
    languages: tuple[str, ...]
    template: str
    kv_bytes_per_token: int
    adapter: str = ""


class LlamaEngine:
    """Implements ``Engine``. Close it, or use it in a ``with`` statement."""

    def __init__(
        self, model: LlamaModel, config: WorkerConfig, tuning: Tuning, governor: ThreadGovernor, paths: Paths,
        cache: StateCache,
        adaptive: bool = False,
    ) -> None:  # fmt: skip
        self._model = model
        self._config = config
        self._tuning = tuning
        self._governor = governor
        self._paths = paths
        self._cache = cache
        self._adaptive = adaptive  # whether the number of threads follows the load of the machine
        self._lock = FifoLock()
        self._load = LoadWatch()
        self._usage = Usage()
        self._closed = False
        self._changed_at = 0.0
        self._worker = start_worker(config, paths)
        self._chat = self._worker_or_close(self._worker)
        self._slot = DocumentSlot(self._worker, cache, model.kv_bytes_per_token)
        self.restarts = 0

    @classmethod
    def open(
        cls,
        model_path: Path,
        model_sha256: str,
        model_name: str,
        paths: Paths,
        settings: EngineSettings,
        languages: Sequence[str] = ("en",),
        tuning: Tuning | None = None,
        progress: Progress | None = None,
    ) -> LlamaEngine:
        """Check the file, choose context and threads (measuring at first use: a few seconds), load.

        Raises ``InvalidModelError``, ``NotEnoughMemoryError`` before anything is loaded, ``EngineError`` when llama.cpp
        cannot load the file.
        """
        header = check_gguf(model_path)
        device = probe_device()
        context = choose_context(header, device, settings.context_tokens)
        tuned = tuning or tune(model_path, model_sha256, header, paths, settings, progress)
        governor = ThreadGovernor(device.cpus, tuned.threads)
        adaptive = tuning is None and not settings.threads
        if adaptive:
            governor.advise(LoadWatch().sample())
        cache = StateCache(ensure(paths.state), settings.state_cache_mb << 20)
        config = WorkerConfig(
            model=str(model_path.absolute()),
            context_tokens=context.tokens,
            threads=governor.threads,
            flash_attention=tuned.flash_attention,
            batch_tokens=tuned.batch_tokens,
            state_folder=str(cache.folder.absolute()) + "/",
        )
        model = LlamaModel(
            path=model_path,
            sha256=model_sha256,
            name=model_name,
            languages=tuple(languages),
            template=header.chat_template,
            kv_bytes_per_token=header.kv_bytes_per_token,
        )
        return cls(model, config, tuned, governor, paths, cache, adaptive)

    def _worker_or_close(self, worker: WorkerProcess) -> ChatTokens:
        try:
            return ChatTokens(worker)
        except BaseException:
            worker.close()
            raise

    def __enter__(self) -> LlamaEngine:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- the protocol ---------------------------------------------------------------------------------------------

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="llama.cpp",
            model=self._model.name,
            model_sha256=self._model.sha256,
            context_tokens=self._config.context_tokens,
            languages=self._model.languages,
            threads=self._config.threads,
            flash_attention=self._config.flash_attention,
        )

    @property
    def usage(self) -> Usage:
        return self._usage

    @property
    def tuning(self) -> Tuning:
        return self._tuning

    @property
    def worker_pid(self) -> int:
        return self._worker.pid

    def stream(
        self, prompt: Prompt, options: GenerateOptions | None = None, cancel: threading.Event | None = None
    ) -> Iterator[Token]:
        """Tokens as they come. A worker that dies before the first one is replaced and asked again."""
        asked = options or GenerateOptions()
        with self._lock.turn(cancel):
            self._ready()
            with Watch(self._worker, cancel) as watch:
                for attempt in (1, 2):
                    begun = False
                    try:
                        for token in self._stream(prompt, asked, watch):
                            begun = True
                            yield token
                        return
                    except WorkerDiedError as error:
                        self._after_death(error, watch, last=begun or attempt == 2)

    def prefill(self, prompt: Prompt, cancel: threading.Event | None = None) -> Usage:
        with self._lock.turn(cancel):
            self._ready()
            with Watch(self._worker, cancel) as watch:
                try:
                    return self._prefill(prompt, watch)
                except WorkerDiedError as error:
                    self._after_death(error, watch, last=False)
                    return self._prefill(prompt, watch)

    def count_tokens(self, text: str) -> int:
        """Of plain text, without template. Does not wait for a running request."""
        try:
            return len(self._chat.content(text))
        except WorkerDiedError:
            with self._lock.turn():
                self._ready()
                return len(self._chat.content(text))

    def forget(self, documents: Sequence[str]) -> None:
        """Delete their states from the disk at once, and from the slot when a running request has ended."""
        self._cache.forget(documents)
        with self._lock.turn():
            if self._slot.document in documents and self._slot.document and self._worker.alive:
                self._slot.erase()
            self._cache.forget(documents)  # a request that was running may have kept one

    def close(self) -> None:
        """End the worker at once, also under a running request (which then raises ``EngineError``)."""
        self._closed = True
        self._worker.close()

    # --- one request ----------------------------------------------------------------------------------------------

    def _prefill(self, prompt: Prompt, watch: Watch) -> Usage:
        tokens = self._chat.render(prompt)
        self._check_length(tokens, 1)
        done = self._prepare(tokens, prompt.document, True, watch)
        n = len(tokens.prefix)
        self._usage = Usage(n, n - done.evaluated_tokens, done.evaluated_tokens, 0, done.elapsed_ms)
        return self._usage

    def _stream(self, prompt: Prompt, options: GenerateOptions, watch: Watch) -> Iterator[Token]:
        tokens = self._chat.render(prompt)
        room = self._check_length(tokens, _ROOM_TOKENS)
        limit = prompt.max_tokens if options.max_tokens is None else options.max_tokens
        limit = min(limit, room)
        n_prompt = len(tokens.prefix) + len(tokens.task)
        usage = Usage(n_prompt, finish="cancelled")
        n_output = 0
        try:
            done = self._prepare(tokens, prompt.document, options.reuse_document, watch)
            n_evaluated = done.evaluated_tokens
            body = _body(tokens, prompt, options, limit)
            self._slot.used()
            schema_errors = self._worker.log.n_schema_errors
            for event in completion_events(self._worker, body, watch):
                timings = event.get("timings", {})
                n_output = max(n_output, int(event.get("tokens_predicted", 0)))
                if "prompt_progress" in event:
                    continue
                if prompt.json_schema is not None and self._worker.log.n_schema_errors > schema_errors:
                    reason = self._worker.log.schema_errors[-1]
                    raise EngineError(f"The engine cannot follow this JSON schema ({reason}).", _SCHEMA_HINT)
                if event.get("stop"):
                    n_evaluated += int(timings.get("prompt_n", 0))
                    usage = Usage(
                        prompt_tokens=n_prompt,
                        cached_tokens=max(n_prompt - n_evaluated, 0),
                        evaluated_tokens=n_evaluated,
                        output_tokens=int(event.get("tokens_predicted", n_output)),
                        prefill_ms=done.elapsed_ms + float(timings.get("prompt_ms", 0.0)),
                        decode_ms=float(timings.get("predicted_ms", 0.0)),
                        finish="length" if event.get("stop_type") == "limit" else "stop",
                    )
                    self._observe(usage)
                if event.get("content"):
                    yield _token(event, options.logprobs)
        except CancelledError:
            usage = replace(usage, output_tokens=n_output)
            raise
        finally:
            self._usage = usage

    def _prepare(self, tokens: PromptTokens, document: str, reuse: bool, watch: Watch) -> Prepared:
        return self._slot.prepare(tokens.prefix, document, self._key(tokens.prefix) if reuse else None, watch)

    def _key(self, prefix: tuple[int, ...]) -> StateKey:
        return StateKey(
            model_sha256=self._model.sha256,
            adapter=self._model.adapter,
            template_sha256=hashlib.sha256(
                (self._model.template + self._chat.template_text).encode("utf-8", "replace")
            ).hexdigest(),
            engine_build=engine_build(),
            context_tokens=self._config.context_tokens,
            batch_tokens=self._config.batch_tokens,
            kv_types=_KV_TYPES,
            flash_attention=self._config.flash_attention,
            tokens_sha256=hash_tokens(prefix),
            n_tokens=len(prefix),
        )

    def _check_length(self, tokens: PromptTokens, room: int) -> int:
        """How many tokens the answer may have."""
        n = len(tokens.prefix) + len(tokens.task)
        left = self._config.context_tokens - n
        if left < room:
            raise PromptTooLongError(
                f"The prompt has {n:,} tokens; the model can take {self._config.context_tokens - room:,} here."
            )
        return left

    # --- the worker's life ----------------------------------------------------------------------------------------

    def _ready(self) -> None:
        """A living worker with as many threads as the machine can spare just now."""
        if self._closed:
            raise EngineError("The engine has been closed.", "Open it again.")
        if not self._worker.alive:
            self._restart(self._config.threads)
            return
        if not self._adaptive:
            return
        threads = self._governor.advise(self._load.others_busy(self._worker.cpu_s()))
        if threads != self._config.threads and time.monotonic() - self._changed_at > _RETUNE_S:
            self._changed_at = time.monotonic()
            self._restart(threads)

    def _after_death(self, error: WorkerDiedError, watch: Watch, last: bool) -> None:
        """Start a new worker so that the request can be made again, or give up."""
        watch.check()  # a worker that did not obey a cancellation was killed for it
        if last:
            raise error
        self._restart(self._config.threads)
        watch.worker = self._worker

    def _restart(self, threads: int) -> None:
        """A new worker; evaluated documents come back from the disk."""
        if self._closed:
            raise EngineError("The engine has been closed.", "Open it again.")
        if not self._worker.alive:
            logger.warning("The engine stopped (%s) and is started again.", self._worker.last_log() or "killed")
        self._worker.close()
        self._config = replace(self._config, threads=threads)
        self._worker = start_worker(self._config, self._paths)
        self._chat.bind(self._worker)
        self._slot = DocumentSlot(self._worker, self._cache, self._model.kv_bytes_per_token)
        self.restarts += 1

    def _observe(self, usage: Usage) -> None:
        chosen = self._tuning.chosen
        if chosen is not None and usage.output_tokens >= 8 and usage.decode_ms > 0:
            self._governor.observe(usage.output_tokens / usage.decode_ms * 1000.0, chosen.decode_per_s)


def _body(tokens: PromptTokens, prompt: Prompt, options: GenerateOptions, limit: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "prompt": [*tokens.prefix, *tokens.task],
        "n_predict": limit,
        "cache_prompt": True,
        "temperature": max(options.temperature, 0.0),
        "top_p": options.top_p,
        "top_k": _TOP_K,
        "min_p": 0.0,
        "seed": options.seed & 0x7FFFFFFF,
        "repeat_penalty": options.repeat_penalty,
        "n_probs": options.logprobs,
        "stop": [text for text in prompt.stop if text],
    }
    if prompt.json_schema is not None:
        body["json_schema"] = dict(prompt.json_schema)
    return body


def _token(event: dict[str, Any], n_alternatives: int) -> Token:
    """A piece of text. When several tokens make one character, the last one's probability stands for it."""
    rows = event.get("completion_probabilities") or []
    if not n_alternatives or not rows:
        return Token(event["content"])
    row = rows[-1]
    others = tuple((str(other["token"]), float(other["logprob"])) for other in row.get("top_logprobs", ()))
    return Token(event["content"], float(row["logprob"]), others[:n_alternatives])

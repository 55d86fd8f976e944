"""The assistant: the one composition of reading, finding, writing and checking. Everything else calls this.

with Assistant() as assistant:
    document = assistant.open("contract.pdf")
    for event in assistant.ask(document, "When can I cancel?"):
        ...
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from slimlm.assistant.answers import answer_question
from slimlm.assistant.chat import Chat
from slimlm.assistant.library import Library
from slimlm.assistant.models import chat_model_id, forget_states, reading_model_id, start_engine, start_reader
from slimlm.assistant.opened import Opened, check_cancel, cite_sentence, open_index
from slimlm.assistant.outlines import outline_of
from slimlm.assistant.records import (
    Citation,
    Claim,
    Done,
    Event,
    Outline,
    Progress,
    Suggested,
    Summary,
    SummaryStyle,
)
from slimlm.assistant.results import read_suggestions, read_summary, write_suggestions, write_summary
from slimlm.assistant.suggestions import suggest
from slimlm.assistant.summaries import digest_text, summarize
from slimlm.documents import read_document
from slimlm.documents.records import Document, ReadProgress
from slimlm.engine.protocol import Engine
from slimlm.errors import DiskSpaceError, StorageError
from slimlm.prompts.intent import classify_intent
from slimlm.retrieval.question import read_question
from slimlm.retrieval.records import Reader
from slimlm.retrieval.search import SearchIndex
from slimlm.settings import Settings, load_settings

logger = logging.getLogger("slimlm.assistant")

EMBED_BATCH = 32  # sentences between two looks at the cancel flag
# Part of the key of kept results: raise it when wording, checks or ranking change what would be written.
RESULT_VERSION: Final = 2

OpenProgress = Callable[[Progress], None]


class Assistant:
    """One person's assistant. Safe to use from several threads; models start on first use and are shared.

    ``engine`` / ``reader``: given ones are used instead of the installed models (and are closed by their owner).
    Without any model, answers and summaries are the document's own sentences.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        engine: Engine | None = None,
        reader: Reader | None = None,
        model: str | None = None,
    ) -> None:
        self.settings = settings or load_settings()
        self._model = model
        self._given = (engine, reader)
        self._lock = threading.RLock()
        self._engine: Engine | None = engine
        self._reader: Reader | None = reader
        # Tests and embedding programs that bring their own models get exactly these.
        self._started = {"engine": engine is not None, "reader": reader is not None}
        self._opened: dict[str, Opened] = {}
        self._written: dict[str, list[Claim]] = {}  # the model's checked sentences, by document
        self.library = Library(self.settings.paths.library, self.open, self._forget)

    # --- models ---------------------------------------------------------------------------------------------------

    @property
    def engine(self) -> Engine | None:
        """The chat model, started on first use; None when none is installed."""
        with self._lock:
            if not self._started["engine"]:
                self._engine = start_engine(self.settings, self._model)
                self._started["engine"] = True
            return self._engine

    @property
    def reader(self) -> Reader | None:
        """The reading model, started on first use; None when none is installed or it is switched off."""
        with self._lock:
            if not self._started["reader"]:
                self._reader = start_reader(self.settings)
                self._started["reader"] = True
            return self._reader

    def use_model(self, engine: Engine | None) -> None:
        """Write with this engine from now on; None: with no model at all, quotes only."""
        with self._lock:
            if self._given[0] is None and self._engine is not None:
                self._engine.close()
            self._given = (engine, self._given[1])
            self._written.clear()
            self._engine, self._started["engine"] = engine, True

    def warm_up(self) -> threading.Thread:
        """Start the models in the background, while the person reads the outline."""

        def start() -> None:
            try:
                assert self.engine is None or self.engine.info
                assert self.reader is None or (self.reader.embed(["."], "query") and self.reader.read(".", ["."]))
            except Exception:  # noqa: BLE001, S110  (the first real use raises it again, where it can be shown)
                pass

        thread = threading.Thread(target=start, name="slimlm-warm-up", daemon=True)
        thread.start()
        return thread

    # --- documents ------------------------------------------------------------------------------------------------

    def open(
        self, path: str | Path, progress: OpenProgress | None = None, cancel: threading.Event | None = None
    ) -> Document:
        """Read a document, or take it from the library when its bytes are known. Raises ``DocumentError``."""
        from slimlm.documents.read import file_digest  # noqa: PLC0415

        known = self.library.store.get_document(file_digest(path, self.settings.documents))
        if known is not None:
            self.library.store.touch(known.id)
            return known

        def report(step: ReadProgress) -> None:
            if progress is not None:
                progress(Progress("reading", step.done, step.total))

        document = read_document(path, self.settings.documents, report, cancel)
        self.library.store.put_document(document, str(Path(path).absolute()))
        return document

    def outline(self, document: Document) -> Outline:
        """Title, headings and key sentences. Needs no model."""
        return outline_of(self._open(document))

    def search(self, documents: Document | Sequence[Document], query: str, limit: int = 5) -> tuple[Citation, ...]:
        """The passages nearest to ``query``, best first."""
        question = read_question(query)
        found = [
            (place, hit, opened)
            for opened in map(self._indexed, _several(documents))
            for place, hit in enumerate(opened.index.search(question, limit))
        ]
        if len({hit.read is None for _, hit, _ in found}) == 1:
            found.sort(key=lambda one: -one[1].hit.score)
        else:  # scores by words alone and log-odds do not compare: the documents take turns
            found.sort(key=lambda one: one[0])
        return tuple(cite_sentence(opened, hit.hit.sentence) for _, hit, opened in found[:limit])

    # --- tasks ----------------------------------------------------------------------------------------------------

    def summarize(
        self, document: Document, style: SummaryStyle = "paragraph", cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """Stream a summary; kept, so that reopening the document shows it at once."""
        opened = self._open(document)
        writes = style in ("line", "paragraph")
        key = self._key(f"summary:{style}", self._chat_model() if writes else "")
        kept = self.library.store.get_result(document.id, key)
        if kept is not None and (summary := read_summary(kept, document)) is not None:
            yield Done(summary)
            return
        engine = self.engine if writes else None
        for event in summarize(opened, style, engine, cancel, self._written):
            if isinstance(event, Done) and isinstance(event.result, Summary):
                self._keep(document, key, write_summary(event.result))
            yield event

    def suggest(self, document: Document, count: int = 3, cancel: threading.Event | None = None) -> Iterator[Event]:
        """Stream questions that have a supported answer; kept like summaries."""
        key = self._key(f"suggest:{count}:{self._reading_model() or 'none'}", self._chat_model())
        kept = self.library.store.get_result(document.id, key)
        if kept is not None and (known := read_suggestions(kept, document)) is not None:
            for suggestion in known:
                yield Suggested(suggestion)
            yield Done(known)
            return
        yield from self._index(document, cancel)
        for event in suggest(self._open(document), count, self.engine, cancel):
            if isinstance(event, Done) and isinstance(event.result, tuple):
                self._keep(document, key, write_suggestions(event.result))
            yield event

    def ask(
        self, documents: Document | Sequence[Document], question: str, cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """Stream the answer with its quotes; the last event is ``Done(Answer)``."""
        return self._ask(_several(documents), question, cancel, None)

    def request(
        self,
        documents: Document | Sequence[Document],
        text: str,
        cancel: threading.Event | None = None,
        near: Citation | None = None,
    ) -> Iterator[Event]:
        """A free-form request: summarize, suggest, or ask, whichever it is."""
        several = _several(documents)
        intent = classify_intent(text)
        if intent == "ask" or len(several) != 1:
            return self._ask(several, text, cancel, near)
        if intent == "suggest":
            return self.suggest(several[0], cancel=cancel)
        return self.summarize(several[0], _style(text), cancel)

    def chat(self, documents: Document | Sequence[Document]) -> Chat:
        """A conversation in which follow-up questions are understood."""
        several = _several(documents)
        return Chat(lambda text, cancel, near: self.request(several, text, cancel, near))

    def close(self) -> None:
        """Stop the models that this assistant started, and close the library."""
        with self._lock:
            if self._given[0] is None and self._engine is not None:
                self._engine.close()
            close = getattr(self._reader, "close", None) if self._given[1] is None else None
            if close is not None:
                close()
            self._engine, self._reader = self._given
            self._started = {"engine": self._given[0] is not None, "reader": self._given[1] is not None}
            self._opened.clear()  # their indexes hold the reader
            self.library.close()

    def __enter__(self) -> Assistant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _ask(
        self, documents: Sequence[Document], question: str, cancel: threading.Event | None, near: Citation | None
    ) -> Iterator[Event]:
        for document in documents:
            yield from self._index(document, cancel)
        engine = self.engine
        yield from answer_question([self._open(d) for d in documents], question, engine, cancel, near)

    def _open(self, document: Document) -> Opened:
        """The document with its word index; without waiting for any model."""
        with self._lock:
            if document.id not in self._opened:
                self._opened[document.id] = open_index(document, SearchIndex(document))
            return self._opened[document.id]

    def _index(self, document: Document, cancel: threading.Event | None) -> Iterator[Event]:
        """Complete the index with vectors: kept ones first, then the missing ones, batch by batch."""
        opened, reader = self._open(document), self.reader
        if reader is None or (opened.language not in ("und", *reader.languages)):
            return
        index = opened.index
        if index.reader is None:
            index.attach(reader, self.library.store.get_vectors(document.id, reader.name))
        pending = index.pending()
        for i in range(0, len(pending), EMBED_BATCH):
            check_cancel(cancel)
            yield Progress("indexing", i, len(pending))
            index.embed(pending[i : i + EMBED_BATCH], cancel)
        if pending:
            with _kept_if_possible("The index by meaning"):
                self.library.store.put_vectors(document.id, reader.name, index.vectors)

    def _indexed(self, document: Document) -> Opened:
        for _ in self._index(document, None):
            pass
        return self._open(document)

    def _key(self, task: str, model: str) -> str:
        return f"{task}:{model[:16] or 'none'}:v{RESULT_VERSION}"

    def _chat_model(self) -> str:
        """Names the chat model without starting it: a kept result is shown before anything is loaded."""
        if self._started["engine"]:
            return self._engine.info.model_sha256 if self._engine is not None else ""
        return chat_model_id(self.settings, self._model)

    def _reading_model(self) -> str:
        """Names the reading model without starting it: other suggestions are verified by another one."""
        if self._started["reader"]:
            return self._reader.name if self._reader is not None else ""
        return reading_model_id(self.settings)

    def _keep(self, document: Document, key: str, payload: object) -> None:
        with _kept_if_possible("The result"):
            self.library.store.put_result(document.id, key, json.dumps(payload, ensure_ascii=False))

    def _forget(self, document: Document) -> None:
        """Remove every model state that encodes text of ``document``, whichever process made it."""
        with self._lock:
            texts = [document.text, digest_text(self._open(document))]
            self._written.pop(document.id, None)
            self._opened.pop(document.id, None)
            if self._engine is not None:
                self._engine.forget(texts)
        forget_states(self.settings, texts)


@contextmanager
def _kept_if_possible(what: str) -> Iterator[None]:
    """A full or damaged disk costs time when the document is reopened, never the answer that is there now."""
    try:
        yield
    except (StorageError, DiskSpaceError) as error:
        logger.warning("%s is not kept: %s", what, error.message)


def _several(documents: Document | Sequence[Document]) -> tuple[Document, ...]:
    return (documents,) if isinstance(documents, Document) else tuple(documents)


def _style(text: str) -> SummaryStyle:
    """The style a free-form request asks for."""
    lowered = text.lower()
    if any(word in lowered for word in ("one sentence", "one line", "a sentence", "tl;dr", "tldr", "in short")):
        return "line"
    if any(word in lowered for word in ("section", "chapter", "each part")):
        return "sections"
    if any(word in lowered for word in ("point", "bullet", "takeaway", "key fact")):
        return "points"
    return "paragraph"

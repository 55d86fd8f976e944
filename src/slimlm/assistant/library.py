"""The documents a person has opened: reopened at once, searchable together, forgotten without a trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from slimlm.assistant.records import Citation, cite
from slimlm.documents.records import Document
from slimlm.errors import NotInLibraryError, UsageError
from slimlm.retrieval.store import LibraryEntry, LibraryStore


class Library:
    """Opens its store on first use, so that help and errors cost nothing."""

    def __init__(
        self,
        folder: Path,
        add: Callable[[str | Path], Document],
        forget_state: Callable[[Document], None],
    ) -> None:
        self._folder = folder
        self._add = add
        self._forget_state = forget_state
        self._store: LibraryStore | None = None

    @property
    def store(self) -> LibraryStore:
        if self._store is None:
            self._store = LibraryStore.open(self._folder)
        return self._store

    def add(self, path: str | Path) -> LibraryEntry:
        """Read ``path`` and keep it."""
        document = self._add(path)
        return self._entry(document.id)

    def list(self) -> tuple[LibraryEntry, ...]:
        """Most recently opened first."""
        return self.store.entries()

    def get(self, ref: str) -> Document:
        """By name, part of a title, or the beginning of an id. Raises ``NotInLibraryError``, ``UsageError``."""
        document = self.store.get_document(self._entry(ref).id)
        if document is None:
            raise NotInLibraryError(f"The library holds no document {ref!r}.")
        return document

    def forget(self, ref: str) -> LibraryEntry:
        """Remove the text, index, results and every saved model state of one document."""
        entry = self._entry(ref)
        document = self.store.get_document(entry.id)
        if document is not None:
            self._forget_state(document)
        self.store.forget(entry.id)
        return entry

    def search(self, query: str, limit: int = 10) -> tuple[Citation, ...]:
        """Passages of any document in the library, best first."""
        found: list[Citation] = []
        opened: dict[str, Document | None] = {}
        for hit in self.store.search(query, limit):
            if hit.document_id not in opened:
                opened[hit.document_id] = self.store.get_document(hit.document_id)
            document = opened[hit.document_id]
            if document is not None:
                found.append(cite(document, hit.start, hit.end))
        return tuple(found)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def _entry(self, ref: str) -> LibraryEntry:
        found = self.store.find(ref)
        if not found:
            raise NotInLibraryError(f"The library holds no document {ref!r}.")
        exact = [entry for entry in found if ref in (entry.id, entry.name)]
        if len(found) > 1 and len(exact) != 1:
            names = ", ".join(f"{entry.name} ({entry.id[:8]})" for entry in found[:5])
            raise UsageError(f"{ref!r} names several documents: {names}.", "Use the id in brackets.")
        return exact[0] if len(exact) == 1 else found[0]

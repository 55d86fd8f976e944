"""The real small model, one engine for most tests. One thread: the machine that tests is often busy."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slimlm.engine.calibrate import Tuning
from slimlm.engine.llama import LlamaEngine
from slimlm.paths import Paths
from slimlm.settings import EngineSettings

sys.path.insert(0, str(Path(__file__).parents[2]))

Opener = Callable[..., LlamaEngine]
_TUNING = Tuning(threads=1, flash_attention=True)


@pytest.fixture(scope="session")
def gguf() -> tuple[Path, str]:
    """A chat model's file and its SHA-256: ``SLIMLM_TEST_GGUF``, else the catalog's default."""
    if value := os.environ.get("SLIMLM_TEST_GGUF"):
        with Path(value).open("rb") as file:
            return Path(value), hashlib.file_digest(file, "sha256").hexdigest()
    from model_cache import installed_model

    model = installed_model()
    return model.path, model.sha256


@pytest.fixture
def open_engine(gguf: tuple[Path, str]) -> Iterator[Opener]:
    """Open engines that are closed after the test. ``home`` decides whether they share saved states."""
    opened: list[LlamaEngine] = []

    def open_(home: Path, tuning: Tuning = _TUNING, **settings: int) -> LlamaEngine:
        wanted = EngineSettings(**{"context_tokens": 2048, **settings})
        engine = LlamaEngine.open(gguf[0], gguf[1], "test", Paths(home), wanted, tuning=tuning)
        opened.append(engine)
        return engine

    yield open_
    for engine in opened:
        engine.close()


@pytest.fixture(scope="module")
def engine(gguf: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaEngine]:
    home = Paths(tmp_path_factory.mktemp("home"))
    with LlamaEngine.open(gguf[0], gguf[1], "test", home, EngineSettings(context_tokens=2048), tuning=_TUNING) as one:
        yield one

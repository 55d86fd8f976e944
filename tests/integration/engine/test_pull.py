"""The real models: pulled through the real package installer, checked, and what they compute compared."""

from __future__ import annotations

import threading
import time

import pytest

from model_cache import installed_model
from slimlm.engine.catalog import DEFAULT_CHAT, DEFAULT_READER, Catalog
from slimlm.engine.gguf_header import check_gguf
from slimlm.engine.reader_text import HEAD
from slimlm.engine.transfer import hash_file
from slimlm.errors import CancelledError
from slimlm.paths import Paths

pytestmark = [pytest.mark.model, pytest.mark.loopback]


def test_the_default_model_is_pulled_and_prepared():
    model = installed_model(DEFAULT_CHAT)
    header = check_gguf(model.path)
    assert (header.architecture, header.n_embd, header.n_layers) == ("llama", 576, 30)
    assert hash_file(model.path) == model.sha256
    assert model.languages == ("en",)


def test_a_pull_through_the_installer_shows_progress_and_can_be_cancelled(tmp_path):
    catalog, cancel, stages = Catalog(Paths(tmp_path / "home")), threading.Event(), []

    def progress(done, _total, stage):
        stages.append(stage)
        if stage == "downloading" and done > 1_000_000:
            cancel.set()
            stages.append(time.monotonic())

    with pytest.raises(CancelledError):
        catalog.pull("default", progress, cancel)
    assert time.monotonic() - next(item for item in stages if isinstance(item, float)) < 5
    assert "downloading" in stages
    assert catalog.installed("default") is None


def test_the_reading_model_is_built_from_its_base_and_what_this_package_carries():
    model = installed_model(DEFAULT_READER)
    header = check_gguf(model.path, "reader")
    assert (header.architecture, header.tokenizer, header.n_embd, header.n_layers) == ("bert", "t5", 384, 12)
    assert {tensor.name for tensor in header.tensors} >= set(HEAD)
    assert header.vocabulary == 250_037
    assert hash_file(model.path) == model.sha256
    assert {"en", "de", "ja", "ar"} <= set(model.languages)

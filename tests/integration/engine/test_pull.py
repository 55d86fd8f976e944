"""The real models: pulled through the real package installer, checked, and what they compute compared."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from slimlm.engine.catalog import DEFAULT_CHAT, DEFAULT_EMBEDDER, Catalog
from slimlm.engine.gguf_header import check_gguf
from slimlm.engine.sources import Wanted, fetch
from slimlm.engine.transfer import Work, hash_file
from slimlm.errors import CancelledError
from slimlm.paths import Paths

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bert_reference import BertReference

from model_cache import cache_paths, installed_model

pytestmark = [pytest.mark.model, pytest.mark.loopback]

SENTENCES = (
    "The tenant pays 1,250 euros on the first of each month.",
    "Café, naïve, Zürich, São Paulo and crème brûlée.",
    "本合同自签字之日起生效。",
    "Unbelievably (really!) long-winded e-mails -- 50% of them...",
    "a",
)


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


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The embedding model's own files, kept beside the test models."""
    entry = Catalog(cache_paths()).get(DEFAULT_EMBEDDER)
    installed_model(DEFAULT_EMBEDDER)  # makes the folder
    folder = cache_paths().cache / "minilm-source"
    folder.mkdir(parents=True, exist_ok=True)
    first = entry.sources[0]
    if not (folder / "weights").exists():
        fetch(first, folder / "weights", {}, Work())
    for sibling in entry.siblings:
        if not (folder / sibling.name).exists():
            fetch(Wanted(first.source.sibling(sibling.name), sibling.sha256), folder / sibling.name, {}, Work())
    return BertReference(folder / "weights", folder / "vocab.txt", folder / "config.json")


def test_the_embedding_model_says_what_the_original_says(reference):
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(installed_model(DEFAULT_EMBEDDER).path)
    params.n_ctx = params.n_batch = params.n_ubatch = 512
    params.n_parallel = 1
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    params.embd_normalize = 2
    params.verbosity = -1
    params.api_keys = ["test"]
    server = xllamacpp.Server(params)
    answer = server.handle_embeddings({"input": list(SENTENCES)})
    ours = np.array([item["embedding"] for item in answer["data"]])
    theirs = np.array([reference.embed(sentence) for sentence in SENTENCES])
    assert ours.shape == (len(SENTENCES), 384)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-4)
    assert (ours * theirs).sum(axis=1).min() > 0.999

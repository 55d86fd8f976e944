"""Vectors by the real embedding model, and the doctor's report."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from slimlm.engine.calibrate import calibrate
from slimlm.engine.device import LoadWatch, probe_device
from slimlm.engine.gguf_header import check_gguf
from slimlm.engine.llama_embedder import LlamaEmbedder
from slimlm.engine.report import collect
from slimlm.errors import CancelledError, EngineError, InvalidModelError
from slimlm.paths import Paths
from slimlm.settings import EngineSettings

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaEmbedder]:
    from model_cache import installed_model

    model = installed_model("minilm-l6-v2")
    paths = Paths(tmp_path_factory.mktemp("home"))
    settings = EngineSettings(threads=1)
    with LlamaEmbedder.open(model.path, model.sha256, model.name, paths, settings, model.languages) as one:
        yield one


def dot(a: object, b: object) -> float:
    return float(sum(x * y for x, y in zip(a, b, strict=True)))  # type: ignore[call-overload]


def test_near_meanings_are_near(embedder: LlamaEmbedder) -> None:
    cat, kitten, money = embedder.embed(["A cat sat on the mat.", "The kitten rests on a rug.", "Revenue rose by 5 %."])
    assert dot(cat, cat) == pytest.approx(1.0, abs=1e-5)
    assert dot(cat, kitten) > 0.5
    assert dot(cat, money) < 0.2


def test_any_text_has_a_vector_and_order_is_kept(embedder: LlamaEmbedder) -> None:
    texts = [
        "",
        " ",
        "é 漢字 🎉",
        "[SEP] <mask>",
        "word " * 2000,
        "한" * 300,
        *(f"Item number {i}." for i in range(40)),
    ]
    vectors = embedder.embed(texts)
    assert [len(vector) for vector in vectors] == [384] * len(texts)
    alone = [embedder.embed([text])[0] for text in texts[-2:]]
    assert dot(alone[1], vectors[-1]) > 0.9999
    assert dot(alone[0], vectors[-1]) < 0.9999
    assert embedder.texts_per_s > 0


def test_long_texts_count_with_their_beginning(embedder: LlamaEmbedder) -> None:
    one, other = embedder.embed(["The cat. " * 200, "The cat. " * 200 + "Something else entirely."])
    assert dot(one, other) > 0.9999


def test_cancel_and_close(embedder: LlamaEmbedder, gguf: tuple[Path, str], tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        embedder.embed(["a"] * 100, cancel)
    assert embedder.embed([]) == []
    with pytest.raises(InvalidModelError):
        LlamaEmbedder.open(gguf[0], gguf[1], "chat", Paths(tmp_path))
    closed = LlamaEmbedder(gguf[0], gguf[1], "x", Paths(tmp_path), 1, ("en",))
    closed.close()
    with pytest.raises(EngineError):
        closed.embed(["a"])


def test_calibration_measures_or_says_that_it_could_not(gguf: tuple[Path, str], tmp_path: Path) -> None:
    said: list[float] = []
    device = probe_device()
    busy = LoadWatch().sample()
    tuning = calibrate(
        gguf[0], check_gguf(gguf[0]), device, Paths(tmp_path), threads=1, flash_attention=True,
        progress=lambda share, text: said.append(share),
    )  # fmt: skip
    assert tuning.threads == 1
    assert tuning.flash_attention
    if tuning.chosen is not None:
        assert tuning.chosen.prefill_per_s > 0
        assert tuning.chosen.decode_per_s > 0
        assert said[-1] == 1.0
    else:
        assert tuning.provisional
        assert busy is not None


def test_the_report_of_an_empty_home_says_what_to_do(tmp_path: Path) -> None:
    report = collect(Paths(tmp_path / "home"), EngineSettings(), measure=False)
    assert report.model is None
    assert report.engine_build.startswith("xllamacpp-")
    assert any("models pull" in problem for problem in report.problems)
    assert report.chosen is None
    assert not (tmp_path / "home").exists()


def test_the_report_with_a_model() -> None:
    from model_cache import cache_paths, installed_model

    installed_model()
    report = collect(cache_paths(), EngineSettings(), measure=False)
    assert report.architecture == "llama"
    assert report.context is not None
    assert report.context.tokens >= 1024
    assert report.problems == ()

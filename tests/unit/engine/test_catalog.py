"""The catalog: entries, the user's own models, the default, damage, and two pullers at once."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from importlib import resources

import pytest
from hub_stand_in import open_hub, sha256
from tiny_gguf import write_tiny_llama

from slimlm.engine.catalog import DEFAULT_CHAT, DEFAULT_READER, Catalog
from slimlm.engine.entries import READER_LAYOUT, entry_table, load_built_in, read_entry
from slimlm.engine.reader_weights import RESOURCE
from slimlm.engine.transfer import Work, only_one
from slimlm.errors import (
    CancelledError,
    ChecksumError,
    DiskSpaceError,
    DownloadError,
    InvalidModelError,
    ModelNotInstalledError,
    StorageError,
    UnknownModelError,
    UsageError,
)
from slimlm.paths import Paths


@pytest.fixture
def paths(tmp_path):
    return Paths(tmp_path / "home")


@pytest.fixture
def catalog(paths):
    return Catalog(paths, {})


@pytest.fixture
def model_file(tmp_path):
    return write_tiny_llama(tmp_path / "mine.gguf")


def test_the_built_in_entries_are_complete():
    entries = load_built_in()
    assert len({entry.name for entry in entries}) == len(entries)
    for entry in entries:
        assert entry.title
        assert entry.licence
        assert entry.languages
        assert entry.parameters > 1_000_000
        assert entry.size_bytes > 1_000_000
        assert entry.download_bytes > 1_000_000
        assert entry.chat_template_required == (entry.kind == "chat")
        assert read_entry(entry_table(entry), built_in=True) == entry


def test_what_is_fetched_by_default_comes_from_the_registry_and_is_pinned(catalog):
    for name in (DEFAULT_CHAT, DEFAULT_READER):
        entry = catalog.get(name)
        assert entry.sources[0].source.kind == "pypi"
        assert all(source.sha256 for source in entry.sources)
    assert catalog.get("default").name == DEFAULT_CHAT
    assert catalog.get(DEFAULT_CHAT).languages == ("en",)
    assert {"en", "de", "fr", "es", "ja", "zh", "ar"} <= set(catalog.get(DEFAULT_READER).languages)


def test_the_reading_model_is_rebuilt_when_its_weights_change(catalog):
    """The layout in the catalog names the weights of this package: an installed reader of others is replaced."""
    weights = resources.files("slimlm.engine").joinpath(RESOURCE).read_bytes()
    assert catalog.get(DEFAULT_READER).layout == READER_LAYOUT + hashlib.sha256(weights).hexdigest()[:12]


def test_unknown_and_not_installed(catalog):
    with pytest.raises(UnknownModelError):
        catalog.get("nothing")
    with pytest.raises(UnknownModelError):
        catalog.pull("nothing")
    assert catalog.installed("default") is None
    with pytest.raises(ModelNotInstalledError, match=DEFAULT_CHAT) as error:
        catalog.require("default")
    assert DEFAULT_CHAT in error.value.hint


def test_reading_creates_nothing(catalog, paths):
    catalog.list()
    catalog.installed("default")
    assert not paths.home.exists()


def test_a_model_of_ones_own_is_used_in_place(catalog, paths, model_file):
    entry = catalog.add("mine", str(model_file), title="Mine", languages=("de", "en"))
    assert not entry.built_in
    model = catalog.pull("mine")
    assert (model.path, model.sha256, model.in_place) == (model_file, sha256(model_file.read_bytes()), True)
    assert catalog.installed("mine") == model
    assert catalog.use("mine") == model
    assert Catalog(paths, {}).get("default") == entry
    catalog.remove("mine")
    assert model_file.exists()
    assert catalog.resolve("default") == DEFAULT_CHAT
    with pytest.raises(UnknownModelError):
        catalog.get("mine")


def test_a_file_that_changed_is_not_trusted(catalog, model_file):
    catalog.add("mine", str(model_file))
    before = catalog.pull("mine")
    os.utime(model_file, ns=(1, 1))  # touched, not changed: hashed once more, and remembered
    touched = catalog.installed("mine")
    assert touched.sha256 == before.sha256
    assert touched.modified_ns == 1
    data = bytearray(model_file.read_bytes())
    data[-1] ^= 1
    model_file.write_bytes(data)
    with pytest.raises(InvalidModelError, match="changed"):
        catalog.installed("mine")
    assert catalog.pull("mine").sha256 == sha256(bytes(data))
    model_file.unlink()
    with pytest.raises(InvalidModelError, match="gone"):
        catalog.require("mine")


@pytest.mark.parametrize("name", ["default", "", "../x", "A", "a/b", "-x", "_default", "x" * 65, DEFAULT_CHAT])
def test_names_that_cannot_be_used(catalog, model_file, name):
    with pytest.raises(UsageError):
        catalog.add(name, str(model_file))


def test_wrong_additions(catalog, model_file, tmp_path):
    with pytest.raises(UsageError):
        catalog.add("x", str(model_file), languages=("english",))
    with pytest.raises(UsageError):
        catalog.add("x", str(model_file), sha256="12")
    with pytest.raises(InvalidModelError):
        catalog.add("x", str(write_tiny_llama(tmp_path / "base.gguf", template=False)))
    with pytest.raises(InvalidModelError):
        catalog.add("x", str(model_file), kind="reader")
    catalog.add("x", str(model_file))
    with pytest.raises(UsageError, match="already"):
        catalog.add("x", str(model_file))
    assert catalog.add("x", str(model_file), title="New", replace_entry=True).title == "New"
    assert [entry.title for entry in catalog.list() if not entry.built_in] == ["New"]


def test_damaged_records_say_where(catalog, paths, model_file):
    catalog.add("mine", str(model_file))
    (paths.models / "_catalog.json").write_text("{")
    with pytest.raises(StorageError, match="_catalog"):
        catalog.list()
    (paths.models / "_catalog.json").write_text('{"models": [{"name": 3}]}')
    with pytest.raises(StorageError, match="_catalog"):
        catalog.list()


@pytest.mark.loopback
def test_pull_verifies_installs_and_repairs(catalog, paths, model_file):
    body = model_file.read_bytes()
    with open_hub({"/m": body, "/page": b"<html>not a model</html>"}) as hub:
        catalog.add("web", f"{hub.url}/m", sha256=sha256(body))
        model = catalog.pull("web")
        assert model.path == paths.models / "web.gguf"
        assert model.path.read_bytes() == body
        assert list((paths.models / ".partial").iterdir()) == []
        n_requests = len(hub.requests)
        assert catalog.pull("web") == model
        assert len(hub.requests) == n_requests
        model.path.write_bytes(body[:-1])
        assert catalog.pull("web").path.read_bytes() == body
        assert catalog.verify("web").sha256 == sha256(body)
        catalog.pull("web", force=True)
        assert len(hub.requests) == n_requests + 2
        catalog.add("page", f"{hub.url}/page")
        with pytest.raises(InvalidModelError):
            catalog.pull("page")
        catalog.add("other", f"{hub.url}/m", sha256=sha256(b"other"))
        with pytest.raises(ChecksumError):
            catalog.pull("other")
        assert catalog.installed("other") is None
    with pytest.raises(DownloadError):
        catalog.pull("web", force=True)
    assert catalog.installed("web").path.read_bytes() == body  # a failed repair leaves what was there
    catalog.remove("web")
    assert not model.path.exists()


@pytest.mark.loopback
def test_the_next_source_is_tried(catalog, paths, model_file):
    body = model_file.read_bytes()
    with open_hub({"/m": body}) as hub:
        catalog.add("two", f"{hub.url}/none")
        file = paths.models / "_catalog.json"
        record = json.loads(file.read_text())
        record["models"][0]["sources"].append({"from": f"{hub.url}/m"})
        file.write_text(json.dumps(record))
        assert catalog.pull("two").source == f"{hub.url}/m"


@pytest.mark.loopback
def test_two_processes_pull_once(catalog, paths, model_file):
    body = model_file.read_bytes()
    with open_hub({"/m": body}) as hub:
        catalog.add("web", f"{hub.url}/m")
        hub.stall = threading.Event()
        script = (
            "import sys; from pathlib import Path; from slimlm.paths import Paths\n"
            "from slimlm.engine.catalog import Catalog; Catalog(Paths(Path(sys.argv[1])), {}).pull('web')"
        )
        first = subprocess.Popen([sys.executable, "-c", script, str(paths.home)])
        while not hub.requests:
            time.sleep(0.05)
        stages = []

        def progress(_done, _total, stage):
            if stage == "waiting" and not stages:
                hub.stall.set()
            stages.append(stage)

        model = catalog.pull("web", progress)
        assert first.wait(30) == 0
        assert set(stages) == {"waiting"}
        assert len(hub.requests) == 1
        assert model.path.read_bytes() == body


@pytest.mark.loopback
def test_a_killed_pull_frees_the_lock_and_the_next_goes_on(catalog, paths, model_file):
    body = model_file.read_bytes() * 40
    with open_hub({"/m": body}) as hub:
        catalog.add("web", f"{hub.url}/m")
        hub.stall = threading.Event()
        script = (
            "import sys; from pathlib import Path; from slimlm.paths import Paths\n"
            "from slimlm.engine.catalog import Catalog\n"
            "Catalog(Paths(Path(sys.argv[1])), {}).pull('web', lambda n, *_: print(n, flush=True))"
        )
        first = subprocess.Popen([sys.executable, "-c", script, str(paths.home)], stdout=subprocess.PIPE)
        with first.stdout:
            while int(first.stdout.readline()) < 1:
                pass
        first.kill()
        first.wait()
        hub.stall.set()
        hub.stall = None
        assert catalog.pull("web").sha256 == sha256(body)
        assert len(hub.requests) == 2


@pytest.mark.loopback
def test_a_source_in_another_layout_is_prepared_while_it_is_installed(catalog, paths, model_file):
    with open_hub({"/m": model_file.read_bytes()}) as hub:
        catalog.add("web", f"{hub.url}/m")
        file = paths.models / "_catalog.json"
        as_it_is = catalog.pull("web")
        record = json.loads(file.read_text())
        record["models"][0]["layout"] = "q8_0"
        file.write_text(json.dumps(record))
        stages = set()
        model = catalog.pull("web", lambda _done, _total, stage: stages.add(stage))
    assert "converting" in stages
    assert (model.layout, model.source_sha256) == ("q8_0", as_it_is.sha256)
    assert model.sha256 == sha256(model.path.read_bytes()) != as_it_is.sha256
    assert model.size_bytes == model.path.stat().st_size
    assert model.made_with


def test_a_disk_that_fills_up_midway_is_named(catalog, paths, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("slimlm.engine.catalog.fetch", full)
    with pytest.raises(DiskSpaceError) as error:
        catalog.pull("default")
    assert "SLIMLM_HOME" in error.value.hint
    assert catalog.installed("default") is None


def test_waiting_for_a_lock_can_be_cancelled(tmp_path):
    cancel = threading.Event()
    work = Work(lambda *_: cancel.set(), cancel)
    with only_one(tmp_path / "l", Work()), pytest.raises(CancelledError):
        only_one(tmp_path / "l", work).__enter__()

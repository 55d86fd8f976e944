"""States are found only when they are exactly what was asked for."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from slimlm.engine.state_cache import StateCache, StateKey, hash_tokens

KEY = StateKey("m" * 64, "", "t" * 64, "build-1", 2048, 128, "f16/f16", True, hash_tokens([1, 2, 3]), 100)


def cache(tmp_path: Path, limit: int = 1 << 20) -> StateCache:
    return StateCache(tmp_path / "state", limit)


def put(store: StateCache, key: StateKey = KEY, document: str = "text", size: int = 1000) -> str:
    assert store.wants(key.n_tokens, size)
    name = store.new_file()
    (store.folder / name).write_bytes(os.urandom(size))
    assert store.keep(name, key, document)
    found = store.find(key, document)
    assert found is not None
    return found


def test_kept_and_found_by_another_process(tmp_path: Path) -> None:
    name = put(cache(tmp_path))
    assert cache(tmp_path).find(KEY, "text") == name
    assert not list((tmp_path / "state").glob("tmp-*"))


def test_private(tmp_path: Path) -> None:
    put(cache(tmp_path))
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "state").iterdir()} == {0o600}


@pytest.mark.parametrize(
    "change",
    [{"model_sha256": "n" * 64}, {"adapter": "a"}, {"template_sha256": "u" * 64}, {"engine_build": "build-2"},
     {"context_tokens": 1024}, {"batch_tokens": 64}, {"kv_types": "q8_0/q8_0"}, {"flash_attention": False},
     {"tokens_sha256": hash_tokens([1, 2, 4])}, {"n_tokens": 99}],
)  # fmt: skip
def test_every_part_of_the_key_counts(tmp_path: Path, change: dict[str, object]) -> None:
    store = cache(tmp_path)
    put(store)
    assert store.find(replace(KEY, **change), "text") is None  # type: ignore[arg-type]


def test_a_flipped_bit_is_noticed_and_deleted(tmp_path: Path) -> None:
    store = cache(tmp_path)
    file = store.folder / put(store)
    content = bytearray(file.read_bytes())
    content[500] ^= 1
    file.write_bytes(content)
    assert store.find(KEY, "text") is None
    assert not list(store.folder.iterdir())


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}', '{"format": 1, "key": 3}', "\x00" * 50])
def test_a_damaged_sidecar_is_noticed(tmp_path: Path, content: str) -> None:
    store = cache(tmp_path)
    file = store.folder / put(store)
    file.with_suffix(".json").write_text(content)
    assert store.find(KEY, "text") is None
    assert not file.exists()


def test_a_state_under_anothers_name_is_foreign(tmp_path: Path) -> None:
    store = cache(tmp_path)
    one = store.folder / put(store)
    other_key = replace(KEY, model_sha256="q" * 64)
    other = store.folder / put(store, other_key)
    shutil.copy(one, other)
    shutil.copy(one.with_suffix(".json"), other.with_suffix(".json"))
    assert store.find(other_key, "text") is None


def test_least_recently_used_goes_first(tmp_path: Path) -> None:
    store = cache(tmp_path, limit=3500)
    keys = [replace(KEY, n_tokens=100 + i) for i in range(3)]
    for i, key in enumerate(keys):
        name = put(store, key)
        os.utime((store.folder / name).with_suffix(".json"), (1000 + i, 1000 + i))
    assert store.find(keys[0], "text")  # used: now the youngest
    put(store, replace(KEY, n_tokens=200))
    assert store.find(keys[1], "text") is None
    assert store.find(keys[0], "text")
    assert store.size_bytes() <= 3500


def test_forget_deletes_every_state_of_a_document_and_no_other(tmp_path: Path) -> None:
    store = cache(tmp_path)
    put(store, KEY, "secret")
    put(store, replace(KEY, model_sha256="z" * 64), "secret")
    put(store, replace(KEY, n_tokens=101), "other")
    assert cache(tmp_path).forget(["secret", "unknown"]) == 2
    assert store.find(KEY, "secret") is None
    assert store.find(replace(KEY, n_tokens=101), "other")


def test_unfinished_files_are_swept_when_old(tmp_path: Path) -> None:
    store = cache(tmp_path)
    put(store)
    old, new = store.folder / store.new_file(), store.folder / store.new_file()
    for file in (old, new):
        file.write_bytes(b"x")
    os.utime(old, (time.time() - 3600,) * 2)
    store.evict()
    assert not old.exists()
    assert new.exists()
    assert store.find(KEY, "text")


def test_small_or_oversized_prefixes_are_not_wanted(tmp_path: Path) -> None:
    store = cache(tmp_path, limit=1000)
    assert not store.wants(20, 10)
    assert not store.wants(500, 2000)
    assert not cache(tmp_path, limit=0).wants(500, 10)


def test_a_full_disk_is_a_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = cache(tmp_path)
    assert store.wants(100, 10)
    name = store.new_file()
    (store.folder / name).write_bytes(b"state")

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert not store.keep(name, KEY, "text")
    assert "disk is full" in caplog.text
    assert not list(store.folder.iterdir())


def test_no_space_means_not_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    assert not cache(tmp_path).wants(100, 10)


def test_a_folder_that_cannot_be_made_is_a_notice(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    assert not cache(tmp_path).wants(100, 10)
    assert cache(tmp_path).find(KEY, "text") is None
    assert cache(tmp_path).size_bytes() == 0

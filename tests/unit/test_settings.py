"""Settings: defaults, then the file, then the environment; nothing unknown passes."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from slimlm.errors import SettingsError
from slimlm.paths import Paths
from slimlm.settings import DocumentSettings, EngineSettings, Settings, load_settings


def load(tmp_path: Path, toml: str = "", **env: str) -> Settings:
    if toml:
        (tmp_path / "config.toml").write_text(toml, "utf-8")
    return load_settings(Paths(tmp_path), env)


def test_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.documents == DocumentSettings()
    assert settings.engine == EngineSettings()
    assert settings.paths.home == tmp_path


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    toml = "[documents]\nmax_pages = 10\nocr = 'off'\n[engine]\nthreads = 3\n"
    settings = load(tmp_path, toml, SLIMLM_DOCUMENTS_MAX_PAGES="20")
    assert (settings.documents.max_pages, settings.documents.ocr, settings.engine.threads) == (20, "off", 3)


@pytest.mark.parametrize("section", ["documents", "engine"])
def test_every_setting_can_be_set_in_the_environment(section: str, tmp_path: Path) -> None:
    for item in fields(getattr(Settings(), section)):
        name = f"SLIMLM_{section}_{item.name}".upper()
        default = getattr(getattr(Settings(), section), item.name)
        value = {str: "auto", bool: "true"}.get(type(default), "7")
        assert getattr(getattr(load(tmp_path, **{name: value}), section), item.name) == type(default)(
            value if not isinstance(default, bool) else True
        )


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("[documents]\npages = 3\n", "documents.pages"),
        ("[nonsense]\nx = 1\n", "nonsense"),
        ("top = 1\n", "top"),
        ("[engine]\nthreads = 'many'\n", "engine.threads"),
        ("[engine]\nthreads = -1\n", "engine.threads"),
        ("[engine\n", "config.toml"),
        ("documents = 3\n", "documents"),
        ("[engine]\nthreads = 2.5\n", "engine.threads"),
        ("[engine]\nthreads = true\n", "engine.threads"),
        ("[engine]\nmodel = 3\n", "engine.model"),
        ("[documents]\ntimeout_s = nan\n", "documents.timeout_s"),
        ("[engine]\nthreads = [1]\n", "engine.threads"),
    ],
)
def test_mistakes_are_told(toml: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=re.escape(told)):
        load(tmp_path, toml)


@pytest.mark.parametrize("value", ["many", "-1", "", "nan"])
def test_mistakes_in_the_environment_name_the_variable(value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SLIMLM_ENGINE_THREADS"):
        load(tmp_path, SLIMLM_ENGINE_THREADS=value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"config\.toml"):
        load(tmp_path)


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().engine.threads = 2  # type: ignore[misc]

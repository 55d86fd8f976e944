"""Real models for tests, pulled once and shared by every test run on this machine.

``SLIMLM_TEST_CACHE`` names the folder; default: the platform's cache folder for ``slimlm-tests``.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from slimlm.engine.catalog import DEFAULT_CHAT, Catalog
from slimlm.engine.entries import InstalledModel
from slimlm.paths import Paths

_ENVIRONMENT = dict(os.environ)  # before any fixture changes it: the package index settings of the machine


def cache_paths() -> Paths:
    """A SLIMLM_HOME that outlives the tests: treat its files as read-only."""
    folder = _ENVIRONMENT.get("SLIMLM_TEST_CACHE") or platformdirs.user_cache_dir("slimlm-tests", appauthor=False)
    return Paths(Path(folder))


def installed_model(name: str = DEFAULT_CHAT) -> InstalledModel:
    """The installed model, pulled first when it is missing (several processes may ask at once: one pulls)."""
    return Catalog(cache_paths(), _ENVIRONMENT).pull(name)

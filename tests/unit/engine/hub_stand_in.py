"""A file server on 127.0.0.1 that behaves like a model hub, well or badly."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Hub:
    files: dict[str, bytes]
    url: str = ""
    etag: str = '"one"'
    ranges: bool = True
    break_after: int | None = None  # bytes of the body, once
    stall: threading.Event | None = None  # after the first bytes, wait for it
    redirect: dict[str, str] = field(default_factory=dict)
    linked_etag: str | None = None
    token: str | None = None
    fail_times: int = 0
    requests: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def open_hub(files: dict[str, bytes]) -> Iterator[Hub]:
    hub = Hub(files)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            hub.requests.append({"path": self.path, **{key.lower(): value for key, value in self.headers.items()}})
            if hub.fail_times:
                hub.fail_times -= 1
                self.send_error(503)
            elif hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
                self.send_error(401)
            elif self.path in hub.redirect:
                self.send_response(302)
                self.send_header("Location", hub.redirect[self.path])
                self.send_header("X-Linked-Etag", f'"{hub.linked_etag}"')
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif self.path not in hub.files:
                self.send_error(404)
            else:
                self.send_file(hub.files[self.path])

        def send_file(self, body: bytes) -> None:
            start, wanted = 0, self.headers.get("Range", "")
            if hub.ranges and wanted and self.headers.get("If-Range") == hub.etag:
                start = int(wanted.removeprefix("bytes=").split("-")[0])
            if start and start >= len(body):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.send_header("ETag", hub.etag)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            rest = body[start:]
            if hub.break_after is not None:
                rest, hub.break_after = rest[: hub.break_after], None
                self.close_connection = True
            if hub.stall is not None:
                self.wfile.write(rest[:1000])
                hub.stall.wait(30)
                rest = rest[1000:]
            self.wfile.write(rest)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        if hub.stall is not None:
            hub.stall.set()
        server.shutdown()
        server.server_close()
        thread.join()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

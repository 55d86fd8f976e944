"""Every test: a SLIMLM_HOME of its own, and no network unless it asks for loopback."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).resolve().parent))

# The same examples at every run: a change is judged by what it did, not by the day's luck.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def slimlm_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh, empty home; variables of the person who runs the tests do not leak in."""
    import os

    for name in list(os.environ):
        if name.startswith("SLIMLM_") and name not in ("SLIMLM_TEST_CACHE", "SLIMLM_TEST_GGUF"):
            monkeypatch.delenv(name)
    home = tmp_path / "slimlm-home"
    monkeypatch.setenv("SLIMLM_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are refused unless they are unix sockets; ``loopback`` also allows 127.0.0.1."""
    allowed = request.node.get_closest_marker("loopback") is not None
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        host = str(address[0]) if isinstance(address, tuple) else ""
        if self.family == getattr(socket, "AF_UNIX", None) or (allowed and host.startswith(_LOOPBACK)):
            return real(self, address)
        raise AssertionError(f"a test tried to connect to {address!r}")

    monkeypatch.setattr(socket.socket, "connect", connect)

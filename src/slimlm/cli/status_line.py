"""One moving line on standard error: what is being done, how far it is, for how long.

What enters: a stage and counts. What leaves: text through the ``write`` it was given. It uses carriage returns and
spaces only, so that it works on every terminal.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from slimlm.cli.lines import cell_width

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_FRAMES = "|/-\\"
_BAR_CELLS = 20
_TICK_S = 0.1
_PATIENCE_S = 0.15  # what is done sooner shows nothing at all
_SHOW_SECONDS_AFTER = 3
_SAY_HOW_AFTER = 8


class StatusLine:
    """Thread-safe. ``update`` starts it, ``clear`` takes it off the screen until the next ``update``."""

    def __init__(self, write: Callable[[str], None], columns: int, unicode: bool) -> None:
        self._write = write
        self._columns = columns
        self._unicode = unicode
        self._lock = threading.Lock()
        self._text = ""
        self._done = 0
        self._total = 0
        self._amount = ""
        self._since = 0.0
        self._shown = 0
        self._frame = 0
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def update(self, text: str, done: int = 0, total: int = 0, amount: str = "") -> None:
        """``amount``: the counts in words, when they are not plain numbers."""
        with self._lock:
            if text != self._text:
                self._since = time.monotonic()
            self._text, self._done, self._total, self._amount = text, done, total, amount
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="status", daemon=True)
                self._thread.start()

    def clear(self) -> None:
        with self._lock:
            self._text = ""
            self._erase()

    def close(self) -> None:
        self._closed.set()
        self.clear()

    def _run(self) -> None:
        while not self._closed.wait(_TICK_S):
            with self._lock:
                if self._text and time.monotonic() - self._since >= _PATIENCE_S:
                    self._draw()

    def _draw(self) -> None:
        frames = _FRAMES if self._unicode else _PLAIN_FRAMES
        self._frame = (self._frame + 1) % len(frames)
        text = f"{frames[self._frame]} {self.words()}"
        while cell_width(text) >= self._columns and text:
            text = text[:-1]
        width = cell_width(text)
        self._write("\r" + text + " " * max(self._shown - width, 0))
        self._shown = width

    def words(self) -> str:
        parts = [self._text]
        if self._total > 1:
            done = min(self._done, self._total)
            if self._amount:
                filled = _BAR_CELLS * done // self._total
                full, empty = ("█", "░") if self._unicode else ("#", ".")
                parts.append(full * filled + empty * (_BAR_CELLS - filled))
            else:
                parts.append(f"{done:,} of {self._total:,}")
        if self._amount:
            parts.append(self._amount)
        elapsed = int(time.monotonic() - self._since)
        if elapsed >= _SHOW_SECONDS_AFTER:
            parts.append(f"{elapsed} s" + (", Ctrl-C stops" if elapsed >= _SAY_HOW_AFTER else ""))
        return "  ".join(parts)

    def _erase(self) -> None:
        if self._shown:
            self._write("\r" + " " * self._shown + "\r")
            self._shown = 0

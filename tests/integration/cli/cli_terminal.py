"""The command from outside, for tests: with pipes, or at a pseudo-terminal with keys sent and screen text awaited."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

COMMAND = (sys.executable, "-m", "slimlm")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>]")
_STATUS = re.compile(r"\r[^\r\n]*(?=\r(?!\n))")


LEASE = """# Tenancy agreement

## 1. Rent

The rent is 950 euros a month and is due on the third working day.

## 2. Deposit

The tenant pays a deposit of 1900 euros. The landlord returns it within 30 days after the keys are handed back.

## 3. Notice

The tenant may end the tenancy with three months' written notice. Pets are allowed with the landlord's consent.
"""

INVOICE = """Invoice 2024-17

The total of this invoice is 412 euros. It is payable by 30 June 2024 to Glenhollow Gardens.
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


class Terminal:
    """Use as a context manager. ``raw`` is everything that was received."""

    def __init__(
        self, *args: str, environ: Mapping[str, str], columns: int = 80, rows: int = 40,
        command: tuple[str, ...] = COMMAND,
    ) -> None:  # fmt: skip
        self.raw = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pid, self._fd = pty.fork()
        if self._pid == 0:  # the child
            os.execve(command[0], [*command, *args], dict(environ))
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._status: int | None = None
        self._seen = 0  # everything before it was awaited already

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._fd)

    @property
    def text(self) -> str:
        """Without escape sequences and without what the status line wrote and erased again."""
        return _STATUS.sub("", _ANSI.sub("", self.raw)).replace("\r\n", "\n").replace("\r", "")

    def wait_for(self, text: str, timeout_s: float = 60.0) -> str:
        """Wait until ``text`` appears after what was awaited before; returns what came in between."""
        end = time.monotonic() + timeout_s
        while (found := self.text.find(text, self._seen)) < 0:
            if time.monotonic() > end or not self._read(0.2):
                raise AssertionError(f"{text!r} did not appear; the screen says:\n{self.text[self._seen :]}")
        passed = self.text[self._seen : found]
        self._seen = found + len(text)
        return passed

    def send(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def interrupt(self) -> None:
        """Ctrl-C: the terminal itself makes a SIGINT of it, for the whole foreground process group."""
        time.sleep(1.0)  # between a prompt and its reading, readline would notice it only at the next key
        self.send("\x03")
        time.sleep(1.0)
        with contextlib.suppress(OSError):  # the program may have left
            self.send(" \x7f")  # that next key, and its undoing

    def wait(self, timeout_s: float = 60.0) -> int:
        """The exit code."""
        if self._status is not None:
            return self._status
        end = time.monotonic() + timeout_s
        while self._read(0.2):
            if time.monotonic() > end:
                raise AssertionError(f"still running; the screen says:\n{self.text}")
        _, status = os.waitpid(self._pid, 0)
        self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def _read(self, timeout_s: float) -> bool:
        """False when the child has closed the terminal."""
        ready, _, _ = select.select([self._fd], [], [], timeout_s)
        if ready:
            try:
                data = os.read(self._fd, 1 << 16)
            except OSError:  # Linux says so with EIO
                return False
            if not data:
                return False
            self.raw += self._decoder.decode(data)
        return True

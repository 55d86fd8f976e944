"""Ctrl-C: first asks the work to stop (a cancel event), and insists when that goes unheard.

What enters: SIGINT. What leaves: ``CancelledError`` from the block that was watched, within about a second.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from slimlm.errors import CancelledError, SlimLMError

GRACE_S = 0.7  # for the work to end in its own way


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Give a cancel event that Ctrl-C sets; a second Ctrl-C, or ``GRACE_S`` without effect, ends the block anyway."""
    cancel = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return
    timer = threading.Timer(GRACE_S, _insist, [threading.get_ident()])
    timer.daemon = True

    def on_interrupt(_signal: int, _frame: FrameType | None) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()
        timer.start()

    previous = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield cancel
    except (SlimLMError, KeyboardInterrupt) as error:
        # Ctrl-C reaches child processes too: whatever fails after it is the stop that was asked for.
        if (cancel.is_set() or isinstance(error, KeyboardInterrupt)) and not isinstance(error, CancelledError):
            raise CancelledError("Stopped.") from None
        raise
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, previous)


def _insist(thread: int) -> None:
    """A real signal to the main thread, because only that wakes it from a blocking call."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(thread, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)

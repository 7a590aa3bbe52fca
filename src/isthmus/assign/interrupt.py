"""Ctrl-C at a safe point: long work ends with what it has, and nothing is left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["interruptible"]


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """
    Hold the first Ctrl-C back while inside, and tell of it when asked.

    A second one is raised at once. Outside the main thread, or where somebody else handles the
    signal, nothing is held back.

    Yields
    ------
    callable
        Whether Ctrl-C has been pressed.
    """
    pressed = threading.Event()
    usual = signal.getsignal(signal.SIGINT)
    ours = (
        threading.current_thread() is threading.main_thread()
        and usual is signal.default_int_handler
    )

    def note(_number: int, _frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    if ours:
        signal.signal(signal.SIGINT, note)
    try:
        yield pressed.is_set
    finally:
        if ours:
            signal.signal(signal.SIGINT, usual)

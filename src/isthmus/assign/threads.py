"""
Work on trips in a fixed number of parts, on as many threads as there are cores.

The number of parts depends on the size of the work alone and what they add up to is added in their
order, so that the bits do not depend on the machine.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["one_thread", "run_parallel", "split_work"]

T = TypeVar("T")

_PARTS, _LEAST = 2, 20_000
"""Parts of a work that is large, and the size from which it is."""

_pool: dict[int, ThreadPoolExecutor] = {}
"""Threads beside the main one, by process: a fork has none of its parent's."""

_here = threading.local()
"""Whether this thread is one of several that work on whole cases, so that parts wait for each other."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Work on parts one by one, in this thread, where other threads have cases of their own."""
    _here.alone = True
    try:
        yield
    finally:
        _here.alone = False


def split_work(work: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """
    Cut rows into parts of about the same work.

    Parameters
    ----------
    work : ndarray of int64, shape (m + 1,)
        Work done before each row, ascending from 0.

    Returns
    -------
    list of (int, int)
        First row of each part and the row after its last.
    """
    m = len(work) - 1
    if m < 1 or work[-1] < _LEAST:
        return [(0, m)]
    aims = work[-1] * np.arange(1, _PARTS) // _PARTS
    cuts = [0, *(int(i) for i in np.searchsorted(work, aims)), m]
    return [(a, b) for a, b in pairwise(cuts) if b > a]


def run_parallel(work: Callable[[int], T], n: int) -> list[T]:
    """
    Run ``work(0) .. work(n - 1)``, compiled work that lets go of the interpreter, side by side.

    Parameters
    ----------
    work : callable
    n : int

    Returns
    -------
    list
        What each returned, in order.
    """
    if n <= 1 or getattr(_here, "alone", False) or (os.cpu_count() or 1) < 2:
        return [work(i) for i in range(n)]
    if os.getpid() not in _pool:
        _pool.clear()
        _pool[os.getpid()] = ThreadPoolExecutor(min(_PARTS, os.cpu_count() or 1))
    others = [_pool[os.getpid()].submit(work, i) for i in range(1, n)]
    first = work(0)
    return [first, *(other.result() for other in others)]

"""Deterministic equilibrium counts in hours, as the delay is shared by all classes (docs/model.md)."""

from __future__ import annotations

from typing import Any

import numpy as np

from isthmus.assign.base import Delay, FloatArray
from isthmus.kernels.delay import NONE

__all__ = ["in_hours", "objective"]


def in_hours(
    cost: FloatArray, delay: Delay | None, vot: FloatArray
) -> tuple[FloatArray, tuple[Any, ...]]:
    """
    Put costs into hours, and laws into arrays for kernels; arcs that take nothing are closed.

    Parameters
    ----------
    cost : ndarray, shape (n_class, n_arc)
        inf is closed. [USD/t]
    delay : Delay or None
        None: no arc has a delay.
    vot : ndarray, shape (n_class,)
        [USD/(t*h)]

    Returns
    -------
    hours : ndarray, shape (n_class, n_arc)
        inf where closed. [h]
    laws : tuple of ndarray
        law, t0, capacity, a, b of each arc.
    """
    hours = cost / vot[:, None]
    n_arc = cost.shape[1]
    if delay is None:
        zero = np.zeros(n_arc)
        return hours, (np.full(n_arc, NONE, np.int8), zero, zero, zero, zero)
    law = np.ascontiguousarray(delay.law, np.int8)
    t0, capacity, a, b = (np.ascontiguousarray(x, np.float64) for x in delay[1:])
    hours[:, (law != NONE) & (capacity <= 0.0) & (t0 * a > 0.0)] = np.inf
    return hours, (law, t0, capacity, a, b)


def objective(flow: FloatArray, cost: FloatArray, vot: FloatArray, delay_h: FloatArray) -> float:
    """
    Return the sum of flow times generalised cost. [USD/yr]

    Parameters
    ----------
    flow, cost : ndarray, shape (n_class, n_arc)
        Cost without delay. [t/yr], [USD/t]
    vot : ndarray, shape (n_class,)
    delay_h : ndarray, shape (n_arc,)
        At the flow. [h]
    """
    with np.errstate(invalid="ignore"):
        each = np.where(flow > 0.0, flow * (cost + vot[:, None] * delay_h), 0.0)
    return float(each.sum())

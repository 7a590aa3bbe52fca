"""What a delay law must be like before a method takes it."""

from __future__ import annotations

import numpy as np

from isthmus.assign.base import Delay, FloatArray
from isthmus.errors import CostError
from isthmus.kernels.delay import CONICAL, LAWS, NONE, QUEUE

__all__ = ["open_delay"]


def open_delay(delay: Delay | None, cost: FloatArray) -> tuple[Delay, FloatArray]:
    """
    Check the laws, and close arcs of no capacity.

    Parameters
    ----------
    delay : Delay or None
        None: no arc has a delay.
    cost : ndarray, shape (n_class, n_arc)
        inf is closed. [USD/t]

    Returns
    -------
    delay : Delay
        Of no law where the arc is closed or its delay always 0.
    cost : ndarray, shape (n_class, n_arc)
        inf too where an arc takes nothing. [USD/t]

    Raises
    ------
    CostError
        If a law is unknown, or one of its numbers is negative, unknown or out of its range.
    """
    n_arc = cost.shape[1]
    if delay is None:
        zero = np.zeros(n_arc)
        return Delay(np.zeros(n_arc, np.int8), zero, zero, zero, zero), cost
    law = np.asarray(delay.law, np.int8)
    numbers = [np.ascontiguousarray(x, np.float64) for x in delay[1:]]
    t0, capacity, a, b = numbers
    on = (law != NONE) & np.isfinite(cost).any(axis=0)
    strange = on & ~np.isin(law, list(LAWS.values()))
    if strange.any():
        i = int(np.flatnonzero(strange)[0])
        raise CostError(f"delay law {law[i]} of arc {i} is none of {LAWS}.")
    law = np.where(on & (t0 * a != 0.0), law, NONE).astype(np.int8)
    on = law != NONE
    bad = on & ~((t0 >= 0) & (t0 < np.inf) & (a >= 0) & (a < np.inf) & (capacity >= 0) & (b >= 0))
    bad |= (law == QUEUE) & ~(b < 1.0)
    bad |= (law == CONICAL) & ~((b > 1.0) & (b < np.inf))
    if bad.any():
        i = int(np.flatnonzero(bad)[0])
        raise CostError(
            f"delay law {law[i]} of arc {i} has t0 = {t0[i]}, capacity = {capacity[i]}, "
            f"a = {a[i]}, b = {b[i]}: none may be negative or unknown; b of a queue is below 1, "
            f"that of a conical law above 1. {int(bad.sum())} such in all."
        )
    shut = on & (capacity == 0.0)
    if shut.any():
        cost = np.where(shut[None, :], np.inf, cost)
    law = np.where(shut, NONE, law).astype(np.int8)
    return Delay(law, *(np.where(law != NONE, x, 0.0) for x in numbers)), cost

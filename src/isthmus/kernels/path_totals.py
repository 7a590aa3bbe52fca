"""Totals of paths over the territories and seas they pass."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def passed(indptr, arcs, flow, territory, origin, destination, over, transit):
    """
    Add the flow of every path to each territory it passes, once.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_path + 1,)
    arcs : ndarray of int
    flow : ndarray of float64, shape (n_path,)
        [t/yr]
    territory : ndarray of int64, shape (n_arc,)
        Territory an arc moves over, -1 if it moves over none.
    origin, destination : ndarray of int64, shape (n_path,)
        Territories of its ends.
    over, transit : ndarray of float64, shape (n_land,)
        Added to: all flow, and the flow that neither begins nor ends there. [t/yr]
    """
    seen = np.full(over.size, -1, np.int64)
    for p in range(flow.size):
        for i in range(indptr[p], indptr[p + 1]):
            x = territory[arcs[i]]
            if x < 0 or seen[x] == p:
                continue
            seen[x] = p
            over[x] += flow[p]
            if x != origin[p] and x != destination[p]:
                transit[x] += flow[p]

"""What a choice set is worth: the log-sum of its best part, routes taken in order of cost."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def best_logsum(trip, starts, arcs, klass, cost, length, theta, beta, out):
    """
    Log-sum with path size of the first n routes by cost, at the n where it is lowest.

    With a path-size correction, a route that overlaps a better one lowers the weight of the better
    one, so that the log-sum of the whole set may rise when a route is added. A shipper may ignore a
    route; so the set is worth what its best beginning is worth (docs/model.md, free disposal).

    Parameters
    ----------
    trip : ndarray of int64, shape (m + 1,)
        Where each trip's routes begin.
    starts : ndarray of int64, shape (n_path + 1,)
    arcs : ndarray of int32
    klass : ndarray of int32, shape (m,)
    cost : ndarray of float64, shape (n_path,)
        Generalised cost at the flows. [USD/t]
    length : ndarray of float64, shape (n_class, n_arc)
        What path size measures overlap in.
    theta : ndarray of float64, shape (m,)
        [t/USD]
    beta : float
    out : ndarray of float64, shape (m,)
        Log-sum, nan where a trip has no route. [USD/t]
    """
    count = np.zeros(length.shape[1])
    for t in range(trip.size - 1):
        n = trip[t + 1] - trip[t]
        out[t] = np.nan
        if n == 0:
            continue
        order = trip[t] + np.argsort(cost[trip[t] : trip[t + 1]])
        least = cost[order[0]]
        best = np.inf
        for k in range(n):
            for j in range(starts[order[k]], starts[order[k] + 1]):
                count[arcs[j]] += 1.0
            if theta[t] <= 0.0:
                best = least
                continue
            total = 0.0
            for i in range(k + 1):
                p = order[i]
                whole = 0.0
                part = 0.0
                for j in range(starts[p], starts[p + 1]):
                    a = length[klass[t], arcs[j]]
                    whole += a
                    part += a / count[arcs[j]]
                size = part / whole if whole > 0.0 else 1.0
                total += size**beta * np.exp(-theta[t] * (cost[p] - least))
            worth = least - np.log(total) / theta[t]
            best = min(best, worth)
        for k in range(n):
            for j in range(starts[order[k]], starts[order[k] + 1]):
                count[arcs[j]] = 0.0
        out[t] = best

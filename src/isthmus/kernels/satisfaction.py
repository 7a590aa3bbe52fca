"""What a choice set is worth: the log-sum of its best part, routes taken in order of cost."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def best_logsum(trip, starts, arcs, klass, cost, length, theta, beta, begin, end, out):
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
    begin, end : int
        The trips.
    out : ndarray of float64, shape (m,)
        Log-sum, nan where a trip has no route. [USD/t]
    """
    count = np.zeros(length.shape[1], np.int64)
    most, longest = 1, 1
    for t in range(begin, end):
        most = max(most, trip[t + 1] - trip[t])
        longest = max(longest, starts[trip[t + 1]] - starts[trip[t]])
    share = 1.0 / np.arange(1.0, 1.0 + most)
    weight, whole = np.empty(most), np.empty(most)
    # arcs of a trip by numbers of its own, so that what is looked up lies side by side
    number = np.full(length.shape[1], -1, np.int32)
    local = np.empty(longest, np.int32)
    price, count = np.empty(longest), np.empty(longest, np.int32)
    for t in range(begin, end):
        n = trip[t + 1] - trip[t]
        out[t] = np.nan
        if n == 0:
            continue
        order = np.argsort(cost[trip[t] : trip[t + 1]])
        least = cost[trip[t] + order[0]]
        if theta[t] <= 0.0:
            out[t] = least
            continue
        base = starts[trip[t]]
        n_arc = 0
        for j in range(base, starts[trip[t + 1]]):
            a = arcs[j]
            if number[a] < 0:
                number[a] = n_arc
                price[n_arc] = length[klass[t], a]
                count[n_arc] = 0
                n_arc += 1
            local[j - base] = number[a]
        for j in range(base, starts[trip[t + 1]]):
            number[arcs[j]] = -1
        best = np.inf
        for k in range(n):
            p = trip[t] + order[k]
            weight[k] = np.exp(-theta[t] * (cost[p] - least))
            whole[k] = 0.0
            for j in range(starts[p] - base, starts[p + 1] - base):
                count[local[j]] += 1
                whole[k] += price[local[j]]
            total = 0.0
            for i in range(k + 1):
                q = trip[t] + order[i]
                part = 0.0
                for j in range(starts[q] - base, starts[q + 1] - base):
                    part += price[local[j]] * share[count[local[j]] - 1]
                size = part / whole[i] if whole[i] > 0.0 else 1.0
                total += (size if beta == 1.0 else size**beta) * weight[i]
            best = min(best, least - np.log(total) / theta[t])
        out[t] = best

"""What changes for trips whose routes stay, from one set of delays and shares to another."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def changes(
    trip, at, slots, skip, was, now, wait, hours, co2, delta, vot, theta, easy, out_usd, out_hours, out_co2, hard
):  # fmt: skip
    """
    Sum the changes of each trip.

    Parameters
    ----------
    trip : ndarray of int64, shape (m + 1,)
    at : ndarray of int64, shape (n_path + 1,)
    slots : ndarray of int32
        Delayed arcs of each route: ``slots[at[p] : at[p + 1]]``.
    skip : ndarray of bool, shape (m,)
        Trips that are left out.
    was, now : ndarray of float64, shape (n_path,)
        Share of each route in its trip.
    wait, hours, co2 : ndarray of float64, shape (n_path,)
        Waiting before [h], hours without it [h] and emissions [kg CO2e/t].
    delta : ndarray of float64, shape (n_slot,)
        Change of delays. [h]
    vot : ndarray of float64, shape (m,)
        [USD/t/h]
    theta : ndarray of float64, shape (m,)
        [t/USD]
    easy : float
        A trip is hard if the utility of one of its routes changes by more.
    out_usd, out_hours, out_co2 : ndarray of float64, shape (m,)
        Out: change of cost by the rule of a half [USD/t], of mean hours [h] and emissions [kg CO2e/t].
    hard : ndarray of bool, shape (m,)
        Out.
    """
    for t in range(skip.size):
        if skip[t]:
            continue
        usd = 0.0
        time = 0.0
        gas = 0.0
        scale = vot[t] * theta[t]
        most = easy / scale if scale > 0.0 else np.inf
        for p in range(trip[t], trip[t + 1]):
            more = 0.0
            for i in range(at[p], at[p + 1]):
                more += delta[slots[i]]
            if abs(more) > most:
                hard[t] = True
            # a change of waiting counts in full for who stays, half for who comes or goes
            usd += more * 0.5 * (was[p] + now[p])
            time += now[p] * more + (now[p] - was[p]) * (hours[p] + wait[p])
            gas += (now[p] - was[p]) * co2[p]
        out_usd[t] = vot[t] * usd
        out_hours[t] = time
        out_co2[t] = gas

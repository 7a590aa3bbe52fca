"""Which arcs slow down as they fill, and by which law: from capacities and parameter rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.base import Delay
from isthmus.kernels.delay import BPR, NONE, QUEUE
from isthmus.vocab import LAND_MODES

if TYPE_CHECKING:
    from isthmus.cost.model import ArcCost
    from isthmus.virtual import VirtualNetwork

__all__ = ["capacities", "delay_of", "direction_share", "reference_hours"]

FloatArray = npt.NDArray[np.float64]

_LAWS = {"move": BPR, "cross": QUEUE, "transfer": QUEUE}


def delay_of(virtual: VirtualNetwork, cost: ArcCost) -> Delay | None:
    """
    Return the delay law of every arc.

    Railways and roads without a published capacity take the one of the parameter
    ``capacity_unknown_t_yr``, a named assumption by mode and tracks; crossings, terminals and lanes
    without one do not congest, and reports count them. The capacity of a link or terminal counts
    both directions; ``capacity_direction_share`` of it is what one direction can take.

    Parameters
    ----------
    virtual : VirtualNetwork
    cost : ArcCost

    Returns
    -------
    Delay or None
        None if no capacity is known. Free-flow time is that of the first container commodity.
    """
    arcs = virtual.arcs
    capacity = capacities(virtual, cost)["capacity_t_yr"].to_numpy()
    kind, mode = arcs["kind"].to_numpy(), arcs["mode"].to_numpy()
    law = np.full(len(arcs), NONE, dtype=np.int8)
    a, b = np.zeros(len(arcs)), np.ones(len(arcs))
    known = ~np.isnan(capacity)
    if not known.any():
        return None
    capacity = capacity * direction_share(virtual, cost)
    for arc_kind, number in _LAWS.items():
        for m in sorted(set(mode[(kind == arc_kind) & known])):
            here = (kind == arc_kind) & (mode == m) & known
            law[here] = number
            a[here] = cost.parameters.get("delay_a", mode=m, item=arc_kind)
            b[here] = cost.parameters.get("delay_b", mode=m, item=arc_kind)
    capacity = np.where(known, capacity, 1.0)
    return Delay(law, reference_hours(cost), capacity, a, b)


def reference_hours(cost: ArcCost) -> FloatArray:
    """Return the free-flow hours of the first container commodity, shape (n_arc,). [h]"""
    containers = cost.commodities["load_type"].eq("container").to_numpy()
    reference = int(np.argmax(containers)) if containers.any() else 0
    return cost.hours_of(reference)


def direction_share(virtual: VirtualNetwork, cost: ArcCost) -> FloatArray:
    """
    Return the share of an element's capacity that one direction can take, shape (n_arc,).

    1 at crossings, whose rows are one direction already; ``capacity_direction_share`` elsewhere.
    """
    share = cost.parameters.get("capacity_direction_share")
    return np.where(virtual.arcs["kind"].eq("cross"), 1.0, share)


def capacities(virtual: VirtualNetwork, cost: ArcCost) -> pd.DataFrame:
    """
    Return the capacity of the element each arc belongs to, as the facts count it.

    Parameters
    ----------
    virtual : VirtualNetwork
    cost : ArcCost

    Returns
    -------
    DataFrame
        One row an arc: capacity_t_yr, NaN where unknown [t/yr]; assumed, whether it comes from the
        parameter ``capacity_unknown_t_yr``; source_id and confidence of that parameter's row,
        empty where the capacity is not assumed.
    """
    arcs = virtual.arcs
    found = pd.DataFrame(
        {
            "capacity_t_yr": cost.capacity_t_yr.astype(float),
            "assumed": False,
            "source_id": "",
            "confidence": "",
        }
    )
    land = arcs["kind"].eq("move") & arcs["mode"].isin(LAND_MODES) & np.isnan(cost.capacity_t_yr)
    tracks = arcs["tracks"].fillna(0).astype(int).clip(upper=2)
    for mode, count in sorted(set(zip(arcs["mode"][land], tracks[land], strict=True))):
        here = land & arcs["mode"].eq(mode) & tracks.eq(count)
        item = str(count) if count else ""
        name = "capacity_unknown_t_yr"
        found.loc[here, "capacity_t_yr"] = cost.parameters.get(name, mode=mode, item=item)
        found.loc[here, "assumed"] = True
        source, confidence = cost.parameters.said(name, mode=mode, item=item)
        found.loc[here, "source_id"], found.loc[here, "confidence"] = source, confidence
    return found

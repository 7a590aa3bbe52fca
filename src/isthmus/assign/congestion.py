"""Which arcs slow down as they fill, and by which law: from capacities and parameter rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Delay
from isthmus.kernels.delay import BPR, NONE, QUEUE
from isthmus.vocab import LAND_MODES

if TYPE_CHECKING:
    from isthmus.cost.model import ArcCost
    from isthmus.virtual import VirtualNetwork

__all__ = ["delay_of"]

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
    capacity = cost.capacity_t_yr.copy()
    kind, mode = arcs["kind"].to_numpy(), arcs["mode"].to_numpy()
    law = np.full(len(arcs), NONE, dtype=np.int8)
    a, b = np.zeros(len(arcs)), np.ones(len(arcs))
    _assume(capacity, virtual, cost)
    known = ~np.isnan(capacity)
    if not known.any():
        return None
    share = cost.parameters.get("capacity_direction_share")
    capacity[kind != "cross"] *= share
    for arc_kind, number in _LAWS.items():
        for m in sorted(set(mode[(kind == arc_kind) & known])):
            here = (kind == arc_kind) & (mode == m) & known
            law[here] = number
            a[here] = cost.parameters.get("delay_a", mode=m, item=arc_kind)
            b[here] = cost.parameters.get("delay_b", mode=m, item=arc_kind)
    containers = cost.commodities["load_type"].eq("container").to_numpy()
    reference = int(np.argmax(containers)) if containers.any() else 0
    hours = cost.hours[reference]
    capacity = np.where(known, capacity, 1.0)
    return Delay(law, hours.copy(), capacity, a, b)


def _assume(capacity: npt.NDArray[np.float64], virtual: VirtualNetwork, cost: ArcCost) -> None:
    """Fill unknown capacities of railways and roads from the named assumption."""
    arcs = virtual.arcs
    land = arcs["kind"].eq("move") & arcs["mode"].isin(LAND_MODES) & np.isnan(capacity)
    tracks = arcs["tracks"].fillna(0).astype(int).clip(upper=2)
    for mode, count in sorted(set(zip(arcs["mode"][land], tracks[land], strict=True))):
        here = (land & arcs["mode"].eq(mode) & tracks.eq(count)).to_numpy()
        item = str(count) if count else ""
        capacity[here] = cost.parameters.get("capacity_unknown_t_yr", mode=mode, item=item)

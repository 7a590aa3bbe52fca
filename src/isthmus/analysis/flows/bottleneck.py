"""
Where goods wait: the elements that delay traffic, and what a little more capacity there is worth.

Waiting is what the delay law of an element adds at the flows of an assignment, priced at each
commodity's value of time. Two marginal values stand beside it (docs/model.md, eq. 19 to 21):

*external cost* [USD/t]
    What one more tonne costs everybody else who passes: ``t'(v) · Σ_k vot_k v_k``.
*shadow price* [USD/yr per t/yr = USD/t]
    What one more tonne a year of capacity would save those who pass now:
    ``-Σ_k vot_k v_k · ∂t/∂C``. Every law here is a function of ``v/C``, so ``∂t/∂C = -(v/C) t'(v)``
    and the shadow price is load share times external cost.

Both are values *at fixed flows*: nobody changes route. They are not the duals of the capacitated
optimum (`isthmus.assign.capacitated`). There capacity is a wall, the dual is 0 wherever there is room,
and it counts that flows settle anew at the least cost of all. Here capacity is soft: flow may exceed
it at a price in hours, each tonne on an element gives it some value, and users look after
themselves. After a real extension others come over and take up part of the room, so that what is saved
once flows have settled differs from the shadow price (docs/model.md has examples); run an order to know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from isthmus.assign.congestion import capacities, delay_of, direction_share
from isthmus.facts.sources import ASSUMED, split

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["bottlenecks"]

_KINDS = {
    "move": ("link", "links", "link_id"),
    "cross": ("crossing", "crossings", "crossing_id"),
    "transfer": ("terminal", "terminals", "terminal_id"),
}
"""Kind of arc → kind of element, its table of the network, its id."""

_UNCONGESTED = ("all_or_nothing",)
"""Methods without delay: their flows wait nowhere, which says nothing about the elements."""

_LABELS = (
    "name",
    "kind",
    "mode",
    "territory_id",
    "from_territory_id",
    "towards",
    "capacity_basis",
    "capacity_confidence",
    "capacity_source_id",
)
_NUMBERS = (
    "tonnes_t_yr",
    "capacity_t_yr",
    "load_share",
    "delay_h",
    "waiting_usd_yr",
    "shadow_usd_t",
    "external_usd_t",
)


def bottlenecks(assignment: Assignment, base: Assignment | None = None) -> pd.DataFrame:
    """
    Return the elements that carry tonnes, those whose waiting costs most first.

    Parameters
    ----------
    assignment : Assignment
    base : Assignment, optional
        To stand beside it: numbers then come as ``<quantity>_base`` and ``<quantity>_new``, tonnes
        and waiting with ``_change`` too. An element one of the two networks lacks carries 0 there.

    Returns
    -------
    DataFrame
        One row a link, crossing or terminal:

        element_id, name, kind, mode, territory_id
            Of a crossing the territory entered, with from_territory_id the one left.
        towards
            Where its busier direction leads: a place, a territory, a mode.
        tonnes_t_yr, capacity_t_yr
            As the facts count them: both directions of a link or terminal, one of a crossing. [t/yr]
        capacity_basis
            ``published``; ``assumed``, from ``capacity_unknown_t_yr`` or from a row that rests on
            assumptions alone; ``order``, set by the scenario; ``unknown``. With
            capacity_confidence and capacity_source_id.
        load_share
            Tonnes of the busier direction over what that direction can take; above 1 where more
            wants to pass than can.
        delay_h
            Mean waiting of a tonne. [h]
        waiting_usd_yr
            Its cost; the sum over elements is the ``congestion`` of the assignment's cost. [USD/yr]
        shadow_usd_t
            What one more t/yr of `capacity_t_yr` would save a year at these flows. [USD/t]
        external_usd_t
            What one more tonne costs the others, in the direction where that is most: the busier
            one may carry the cheaper goods. [USD/t]

        Where the capacity is unknown, all that follows from it is NaN, not 0; and of a method
        without congestion everything after load_share.

    References
    ----------
    .. [1] A. C. Pigou, *The Economics of Welfare*, Macmillan, 1920; for roads: A. A. Walters, "The
       theory and measurement of private and social cost of highway congestion", Econometrica 29(4),
       1961, 676-699: the external cost.

    Examples
    --------
    >>> import isthmus as ist
    >>> facts = ist.read()
    >>> network, demand = facts.network("2025-01-01"), facts.demand(2024)
    >>> flows = ist.assign(network, demand, ist.GeneralizedCost(facts), method="all_or_nothing")
    >>> fullest = ist.bottlenecks(flows).sort_values("load_share", ascending=False).iloc[0]
    >>> bool(fullest["load_share"] > 1), bool(fullest["waiting_usd_yr"] > 0)
    (True, False)
    """
    if base is None:
        frame = _elements(assignment).reset_index()
        frame = frame[frame["tonnes_t_yr"] > 0]
        return _ranked(frame, "waiting_usd_yr", "tonnes_t_yr")
    frame = _beside(_elements(base), _elements(assignment)).reset_index()
    carries = (frame["tonnes_t_yr_base"] > 0) | (frame["tonnes_t_yr_new"] > 0)
    return _ranked(frame[carries], "waiting_usd_yr_new", "tonnes_t_yr_new")


def _ranked(frame: pd.DataFrame, *by: str) -> pd.DataFrame:
    down = [False] * len(by)
    keys = [*by, "element_id"]
    return frame.sort_values(keys, ascending=[*down, True], na_position="last", ignore_index=True)


def _beside(base: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Join two tables of elements; what either says in words is taken from the new one first."""
    index = new.index.union(base.index)
    old, now = base.reindex(index), new.reindex(index)
    frame = pd.DataFrame(index=index)
    for column in _LABELS:
        frame[column] = now[column].where(now[column].notna(), old[column])
    for column in _NUMBERS:
        pair = {"base": old[column], "new": now[column]}
        for side, values in pair.items():
            if column in ("tonnes_t_yr", "waiting_usd_yr"):
                # Nothing waits at an element that is not there; that is known.
                values = values.where(index.isin((base if side == "base" else new).index), 0.0)
            frame[f"{column}_{side}"] = values
        if column in ("tonnes_t_yr", "waiting_usd_yr"):
            frame[f"{column}_change"] = frame[f"{column}_new"] - frame[f"{column}_base"]
    return frame


def _elements(assignment: Assignment) -> pd.DataFrame:
    """Return all elements of an assignment by id, once."""
    if "bottlenecks" not in assignment.memo:
        parts = [_of_kind(assignment, kind) for kind in _KINDS]
        assignment.memo["bottlenecks"] = pd.concat([p for p in parts if len(p)])
    table: pd.DataFrame = assignment.memo["bottlenecks"]
    return table


def _arc_values(assignment: Assignment) -> pd.DataFrame:
    """Return one row an arc: tonnes, waiting and the two marginal values (eq. 19 to 21)."""
    virtual, cost = assignment.virtual, assignment.cost
    flow = assignment.arc_flow.sum(axis=0)
    worth = cost.vot_usd_t_h @ assignment.arc_flow
    frame = capacities(virtual, cost).rename(columns={"source_id": "assumed_source_id"})
    law, share = delay_of(virtual, cost), direction_share(virtual, cost)
    known = frame["capacity_t_yr"].notna().to_numpy()
    slope = np.zeros(len(flow)) if law is None else law.evaluate(flow)[1]
    room = frame["capacity_t_yr"].to_numpy() * share
    # An arc without flow has nobody to wait; its slope may be infinite there.
    busy = flow > 0
    load = np.divide(flow, room, out=np.where(known, 0.0, np.nan), where=busy & known)
    external = np.multiply(slope, worth, out=np.zeros(len(flow)), where=busy)
    frame["t"], frame["load"], frame["external"] = flow, load, external
    frame["hours"] = assignment.delay_h * flow
    frame["waiting"] = assignment.delay_h * worth
    frame["shadow"] = load * external * share
    hidden = ["external", "hours", "waiting", "shadow"]
    frame.loc[~known, hidden] = np.nan
    if assignment.method in _UNCONGESTED:
        frame[hidden] = np.nan
    return frame


def _of_kind(assignment: Assignment, kind: str) -> pd.DataFrame:
    """Sum the arcs of one kind by their element."""
    noun, table, key = _KINDS[kind]
    virtual = assignment.virtual
    here = virtual.arcs["kind"].eq(kind).to_numpy()
    if not here.any():
        return pd.DataFrame()
    if "bottleneck arcs" not in assignment.memo:
        assignment.memo["bottleneck arcs"] = _arc_values(assignment)
    arcs = virtual.arcs[here].reset_index(drop=True)
    values = assignment.memo["bottleneck arcs"][here].reset_index(drop=True)
    groups = values.groupby(arcs[key].to_numpy())
    sums = groups[["t", "hours", "waiting", "shadow"]].sum(min_count=1)
    # The direction that tells most: the fuller one, or the one with more tonnes if nobody knows.
    fullest = values["load"].where(values["load"].notna(), -1.0)
    order = pd.DataFrame({"load": fullest, "t": values["t"]}).sort_values(["load", "t"])
    at = order.groupby(arcs[key].to_numpy()[order.index]).tail(1).index
    busiest = values.loc[at].set_axis(arcs.loc[at, key].to_numpy()).reindex(sums.index)
    arc = arcs.loc[at].set_index(key).reindex(sums.index)

    frame = pd.DataFrame(index=sums.index.rename("element_id"))
    row = getattr(virtual.network, table).set_index(key).reindex(sums.index)
    frame["name"] = _names(assignment, row) if noun == "link" else row["name"]
    frame["kind"], frame["mode"] = noun, arc["mode"]
    frame["territory_id"] = arc["territory_id"]
    frame["from_territory_id"] = arc["from_territory_id"] if noun == "crossing" else ""
    frame["towards"] = _towards(assignment, noun, arc)
    frame["tonnes_t_yr"], frame["capacity_t_yr"] = sums["t"], busiest["capacity_t_yr"]
    _tell_capacity(assignment, table, key, frame, row, busiest)
    frame["load_share"] = busiest["load"]
    waited = sums["hours"] / sums["t"].where(sums["t"] > 0)
    frame["delay_h"] = waited.where(sums["t"] > 0, sums["hours"])
    frame["waiting_usd_yr"], frame["shadow_usd_t"] = sums["waiting"], sums["shadow"]
    frame["external_usd_t"] = groups["external"].max()
    return frame[[*_LABELS, *_NUMBERS]]


def _names(assignment: Assignment, links: pd.DataFrame) -> pd.Series:
    place = assignment.virtual.network.nodes.set_index("node_id")["name"]
    ends = links["from_node_id"].map(place) + " – " + links["to_node_id"].map(place)
    return links["name"].where(links["name"].ne(""), ends)


def _towards(assignment: Assignment, noun: str, arc: pd.DataFrame) -> pd.Series:
    """Return in words where the busier direction leads."""
    network = assignment.virtual.network
    if noun == "link":
        return arc["to_node_id"].map(network.nodes.set_index("node_id")["name"])
    if noun == "crossing":
        names = network.facts["territories"].set_index("territory_id")["name"]
        return arc["territory_id"].map(names).fillna(arc["territory_id"])
    gauge = arc["to_gauge_mm"].map(lambda g: f" {g:.0f}" if g > 0 else "")
    return arc["to_mode"].str.replace("_", " ") + gauge


def _tell_capacity(
    assignment: Assignment,
    table: str,
    key: str,
    frame: pd.DataFrame,
    row: pd.DataFrame,
    busiest: pd.DataFrame,
) -> None:
    """Write who says the capacity, and how sure it is."""
    known, assumed = busiest["capacity_t_yr"].notna(), busiest["assumed"].astype(bool)
    facts = assignment.virtual.network.facts[table].set_index(key)["capacity_t_yr"]
    facts = facts[~facts.index.duplicated()].reindex(frame.index)
    unsourced = pd.Series(
        [all(s.startswith(ASSUMED) for s in split(str(cell))) for cell in row["source_id"]],
        index=frame.index,
    )
    changed = known & ~assumed & facts.ne(row["capacity_t_yr"])
    frame["capacity_basis"] = np.select(
        [~known, assumed, changed, unsourced],
        ["unknown", "assumed", "order", "assumed"],
        "published",
    )
    for column in ("confidence", "source_id"):
        said = busiest["assumed_source_id" if column == "source_id" else column]
        told = said.where(assumed, row[column].fillna(""))
        frame[f"capacity_{column}"] = told.where(known, "")

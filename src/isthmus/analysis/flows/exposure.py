"""Sanctions exposure: which listed operator, port or territory a flow touches, listed by whom, since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.facts.history import in_force
from isthmus.vocab import WATER_MODES

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.virtual import VirtualNetwork

__all__ = ["exposure", "listed_arcs"]

_COLUMNS = ["sanction_id", "subject", "listed_by", "measure", "from_date", "scope", "source_id"]


def listed_arcs(virtual: VirtualNetwork) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    """
    Return the measures in force and the arcs each touches.

    An arc is touched if its operator or controller is listed; if it loads, unloads, transfers or
    passes a listed port on water; or, for a measure on a whole state, if it lies there and its
    mode is one the measure is about.

    Parameters
    ----------
    virtual : VirtualNetwork

    Returns
    -------
    measures : DataFrame
        sanction_id, subject, listed_by, measure, from_date, scope, source_id.
    touched : ndarray of bool, shape (n_measure, n_arc)
    """
    network, arcs = virtual.network, virtual.arcs
    measures = in_force(network.facts["sanctions"], network.date).reset_index(drop=True)
    operator, control = arcs["operator_id"].to_numpy(), arcs["control_id"].to_numpy()
    node, territory = arcs["node_id"].to_numpy(), arcs["territory_id"].to_numpy()
    handled = arcs["kind"].isin(["load", "unload", "transfer", "cross"]).to_numpy()
    water = (
        arcs["mode"].isin(WATER_MODES).to_numpy() | arcs["from_mode"].isin(WATER_MODES).to_numpy()
    )
    ports = set(network.nodes.loc[network.nodes["node_type"].eq("port"), "node_id"])
    touched = np.zeros((len(measures), len(arcs)), dtype=bool)
    for i, row in enumerate(measures.to_dict("records")):
        if row["actor_id"]:
            touched[i] |= (operator == row["actor_id"]) | (control == row["actor_id"])
        if row["node_id"]:
            at_port = water if row["node_id"] in ports else np.ones(len(arcs), dtype=bool)
            touched[i] |= (node == row["node_id"]) & handled & at_port
        if row["territory_id"] and not row["actor_id"] and not row["node_id"]:
            modes = [m.strip() for m in row["modes"].split(";") if m.strip()]
            fits = arcs["mode"].isin(modes).to_numpy() if modes else np.ones(len(arcs), dtype=bool)
            touched[i] |= (territory == row["territory_id"]) & fits
    return measures[_COLUMNS], touched


def exposure(assignment: Assignment) -> pd.DataFrame:
    """
    Return the tonnes that touch each measure in force.

    Parameters
    ----------
    assignment : Assignment

    Returns
    -------
    DataFrame
        Measures of `listed_arcs` with `tonnes_t_yr` [t/yr], largest first; measures nothing
        touches stay in with 0.
    """
    measures, touched = listed_arcs(assignment.virtual)
    paths = assignment.paths
    tonnes = [
        float(paths.flow[paths.any_arc(touched[i])].sum()) if len(paths.flow) else 0.0
        for i in range(len(measures))
    ]
    frame = measures.assign(tonnes_t_yr=tonnes)
    return frame.sort_values("tonnes_t_yr", ascending=False, ignore_index=True)

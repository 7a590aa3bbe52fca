"""The arcs that projects open or improve, and what passing them costs then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isthmus.analysis.invest.projects import Project, as_order
from isthmus.assign.network_update import prepare_inputs
from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import GeneralizedCost

__all__ = ["SAME", "Improved", "improved_alone", "improved_together"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Improved = tuple[int, IntArray, FloatArray, FloatArray]
"""Project, the arcs it opens or improves, their cost and emissions with it."""
SAME = 1e-9
"""Share of a cost below which two are the same."""


def _costs(
    base: Assignment, cost: GeneralizedCost, projects: Sequence[Project], flow: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return cost and emissions of all arcs with projects in service, at the flow of the base."""
    order = as_order(projects, str(base.virtual.network.date))
    made = prepare_inputs(*order.apply(base.virtual.network, base.demand), cost, base)
    if made.virtual.n_arc != base.virtual.n_arc or made.cost.usd.shape != base.cost.usd.shape:
        what = "changes which arcs there are."
        raise InputError([Fault(projects[0].id, what, "Open or set what is in the network.")])
    delay = base.delay_h
    if made.delay is not None and base.inputs is not None and delay.any():
        before = 0.0 if base.inputs.delay is None else base.inputs.delay.value(flow)
        delay = delay + (made.delay.value(flow) - before)
    return made.cost.usd + made.cost.vot_usd_t_h[:, None] * delay, made.cost.co2_kg


def _cheaper(usd: FloatArray, after: FloatArray) -> IntArray:
    """Return the arcs that some class passes cheaper."""
    with np.errstate(invalid="ignore"):
        return np.flatnonzero((after < usd * (1.0 - SAME)).any(axis=0))


def improved_together(
    base: Assignment,
    cost: GeneralizedCost,
    projects: Sequence[Project],
    usd: FloatArray,
    flow: FloatArray,
) -> list[Improved] | None:
    """Cost all projects at once, if each arc that changes belongs to what one project names."""
    try:
        after, co2 = _costs(base, cost, projects, flow)
    except InputError:
        return None  # one at a time, so that the fault names the project
    with np.errstate(invalid="ignore"):
        if (after > usd * (1.0 + SAME)).any():
            return None
    arcs = _cheaper(usd, after)
    owner: dict[str, int] = {}
    for i, project in enumerate(projects):
        for change in project.changes:
            if owner.setdefault(str(change.cells["id"]), i) != i:
                return None
    table = base.virtual.arcs.iloc[arcs]
    element = table["link_id"] + table["crossing_id"] + table["terminal_id"]
    mine = np.array([owner.get(e, -1) for e in element], np.int64)
    if (mine < 0).any():
        return None
    return [
        (i, arcs[mine == i], after[:, arcs[mine == i]], co2[:, arcs[mine == i]])
        for i in range(len(projects))
    ]


def improved_alone(
    base: Assignment,
    cost: GeneralizedCost,
    projects: Sequence[Project],
    usd: FloatArray,
    flow: FloatArray,
    progress: Callable[[str, int, int], None] | None,
) -> list[Improved]:
    """Return the arcs that each project opens or improves, each project applied alone."""
    more: list[Improved] = []
    taken: dict[int, Project] = {}
    for i, project in enumerate(projects):
        if progress is not None:
            progress("costs of projects", i, len(projects))
        after, co2 = _costs(base, cost, [project], flow)
        _refuse_dearer(project, usd, after)
        arcs = _cheaper(usd, after)
        for arc in arcs.tolist():
            if arc in taken:
                both = f"and {taken[arc].id} change the same arc."
                mend = "Make what they share a project of its own."
                raise InputError([Fault(project.id, both, mend, "shared-arc")])
            taken[arc] = project
        more.append((i, arcs, after[:, arcs], co2[:, arcs]))
    return more


def _refuse_dearer(project: Project, usd: FloatArray, after: FloatArray) -> None:
    with np.errstate(invalid="ignore"):
        worse = (after > usd * (1.0 + SAME)).any()
    if worse:
        mend = "The search holds for projects that open or improve; run such an order by itself."
        raise InputError([Fault(project.id, "makes an arc dearer.", mend, "dearer")])

"""What every assignment method gives: flows on paths and arcs, and what another can begin from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from isthmus.assign.base import FloatArray, Int32Array, IntArray

__all__ = ["PathFlows", "Solution", "Trees"]


class Trees(NamedTuple):
    """
    Least-cost trees, to begin others from.

    Parameters
    ----------
    klass, root : ndarray of int32, shape (n_tree,)
    via : ndarray of int32, shape (n_tree, n_node)
        Last arc of the path to each node, -1 where there is none.
    order : ndarray of int32, shape (n_tree, n_node)
        Nodes, each after the one before it on its path.
    size : ndarray of int64, shape (n_tree,)
        Nodes in each tree.
    label : ndarray, shape (n_tree, n_node)
        Least costs. [h]
    loose : ndarray, shape (n_tree,)
        Share of a label that it may be too long by. [-]
    cost : ndarray, shape (n_arc,)
        What the labels hold for. [h]
    fixed : ndarray, shape (n_class, n_arc)
        Constants of the classes beside it, no rows if there is one class. [h]
    """

    klass: Int32Array
    root: Int32Array
    via: Int32Array
    order: Int32Array
    size: IntArray
    label: FloatArray
    loose: FloatArray
    cost: FloatArray
    fixed: FloatArray


class PathFlows(NamedTuple):
    """
    Paths with flows to begin from; the fields are those of `Solution`.

    Parameters
    ----------
    path_trip : ndarray of int32, shape (n_path,)
    path_indptr : ndarray of int64, shape (n_path + 1,)
    path_arcs : ndarray of int32
    path_flow : ndarray, shape (n_path,)
        [t/yr]
    trees : Trees, optional
        Of the same graph.
    """

    path_trip: Int32Array
    path_indptr: IntArray
    path_arcs: Int32Array
    path_flow: FloatArray
    trees: Trees | None = None


@dataclass(frozen=True)
class Solution:
    """
    Flows on paths and arcs.

    Paths are sorted by trip. Each path's flow is that of its trip's class.

    Parameters
    ----------
    path_trip : ndarray of int32, shape (n_path,)
        Row of the trips.
    path_indptr : ndarray of int64, shape (n_path + 1,)
    path_arcs : ndarray of int32
        Arcs of path p are ``path_arcs[path_indptr[p]:path_indptr[p + 1]]``, in order.
    path_flow : ndarray, shape (n_path,)
        [t/yr]
    arc_flow : ndarray, shape (n_class, n_arc)
        [t/yr]
    unserved : ndarray, shape (m,)
        Flow of trips without a path. [t/yr]
    gap : float
        Relative gap reached; its definition is the method's.
    iterations : int
    converged : bool
        Whether the asked gap was reached.
    objective : float
        Sum of flow times generalised cost at the flows, all classes. [USD/yr]
    delay_h : ndarray, shape (n_arc,)
        Delay at the flows. [h]
    value : ndarray, shape (m,), optional
        What a tonne of each trip bears, where it is more than the mean cost of its paths: of a
        stochastic method the perturbation too, of an equilibrium the least cost; nan where unserved.
        [USD/t]
    trees : Trees, optional
        Least-cost trees at the end, where they were asked to be kept.
    settled : bool
        Whether route flows, of which an equilibrium leaves many possible, are the most likely ones
        (`assign.proportional`).
    """

    path_trip: Int32Array
    path_indptr: IntArray
    path_arcs: Int32Array
    path_flow: FloatArray
    arc_flow: FloatArray
    unserved: FloatArray
    gap: float
    iterations: int
    converged: bool
    objective: float
    delay_h: FloatArray
    value: FloatArray | None = None
    trees: Trees | None = field(default=None, repr=False)
    settled: bool = False

    def path(self, index: int) -> Int32Array:
        """Return the arcs of one path."""
        return self.path_arcs[self.path_indptr[index] : self.path_indptr[index + 1]]

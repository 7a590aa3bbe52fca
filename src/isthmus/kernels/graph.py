"""A graph as plain vectors: arcs sorted by tail, an arc's id is its position."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Graph", "build_graph", "by_head"]


class Graph(NamedTuple):
    """
    Directed graph in compressed rows.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_node + 1,)
        Arcs that leave node u are ``indptr[u] .. indptr[u + 1] - 1``.
    head, tail : ndarray of int32, shape (n_arc,)
    """

    indptr: npt.NDArray[np.int64]
    head: npt.NDArray[np.int32]
    tail: npt.NDArray[np.int32]

    @property
    def n_node(self) -> int:
        """Number of nodes."""
        return int(self.indptr.size) - 1

    @property
    def n_arc(self) -> int:
        """Number of arcs."""
        return int(self.head.size)


def build_graph(
    tail: npt.ArrayLike, head: npt.ArrayLike, n_node: int
) -> tuple[Graph, npt.NDArray[np.int64]]:
    """
    Sort arcs by tail, keeping the given order among arcs of one tail.

    Parallel arcs and loops are kept.

    Parameters
    ----------
    tail, head : array_like of int, shape (n_arc,)
    n_node : int

    Returns
    -------
    graph : Graph
    order : ndarray of int64, shape (n_arc,)
        Input row of each arc.

    Examples
    --------
    >>> graph, order = build_graph([1, 0], [2, 1], 3)
    >>> order.tolist(), graph.head.tolist(), graph.indptr.tolist()
    ([1, 0], [1, 2], [0, 1, 2, 2])
    """
    tails = np.asarray(tail, np.int32)
    heads = np.asarray(head, np.int32)
    order = np.argsort(tails, kind="stable").astype(np.int64)
    indptr = np.zeros(n_node + 1, np.int64)
    np.cumsum(np.bincount(tails, minlength=n_node), out=indptr[1:])
    graph = Graph(indptr, np.ascontiguousarray(heads[order]), np.ascontiguousarray(tails[order]))
    return graph, order


def by_head(graph: Graph) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """
    Index the arcs by head, for trees towards a node.

    Parameters
    ----------
    graph : Graph

    Returns
    -------
    indptr : ndarray of int64, shape (n_node + 1,)
    adj : ndarray of int32, shape (n_arc,)
        Arc ids, ascending within each node.
    """
    indptr = np.zeros(graph.n_node + 1, np.int64)
    np.cumsum(np.bincount(graph.head, minlength=graph.n_node), out=indptr[1:])
    return indptr, np.argsort(graph.head, kind="stable").astype(np.int32)

"""Paths with flows as a file to go on from, and as a table of routes."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from isthmus.assign.base import Graph, Trips
from isthmus.assign.solution import PathFlows, Solution
from isthmus.errors import Fault, InputError

__all__ = ["read_paths", "write_paths", "write_routes"]

_FIELDS = ("path_trip", "path_indptr", "path_arcs", "path_flow")


def write_paths(path: str | Path, solution: Solution, of: str) -> None:
    """
    Write path flows as ``.npz``, whole or not at all.

    Parameters
    ----------
    path : str or Path
    solution : Solution
    of : str
        Digest of what they belong to; reading asks for the same.
    """
    target = Path(path)
    part = target.with_name(target.name + ".part")
    with part.open("wb") as out:
        np.savez(out, of=np.array(of), **{f: getattr(solution, f) for f in _FIELDS})
    part.replace(target)


def read_paths(path: str | Path, of: str) -> PathFlows:
    """
    Read what `write_paths` wrote.

    Parameters
    ----------
    path : str or Path
    of : str
        As given to `write_paths`.

    Returns
    -------
    PathFlows

    Raises
    ------
    InputError
        If the file is damaged, or belongs to another network, trips or weights.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            whose = str(found["of"])
            values = [found[f] for f in _FIELDS]
    except (OSError, ValueError, KeyError, EOFError) as error:
        text = f"cannot be read as path flows ({type(error).__name__})."
        raise InputError([Fault(str(path), text, "Delete it to begin anew.", "paths")]) from None
    if whose != of:
        text = "was written for another network, trips or weights."
        raise InputError([Fault(str(path), text, "Delete it, or name another file.", "paths")])
    return PathFlows(*values)


def write_routes(
    path: str | Path,
    graph: Graph,
    trips: Trips,
    solution: Solution,
    first_node: int = 1,
) -> None:
    """
    Write ``origin,destination,flow,nodes``, one row a route, nodes joined by ``-``.

    Parameters
    ----------
    path : str or Path
    graph : Graph
    trips : Trips
    solution : Solution
    first_node : int
        Number of node 0 in the file.
    """
    with Path(path).open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["origin", "destination", "flow", "nodes"])
        for p, t in enumerate(solution.path_trip):
            arcs = solution.path(p)
            nodes = [int(trips.origin[t]), *graph.head[arcs].tolist()]
            text = "-".join(str(n + first_node) for n in nodes)
            ends = (int(trips.origin[t]) + first_node, int(trips.destination[t]) + first_node)
            table.writerow([*ends, repr(float(solution.path_flow[p])), text])

"""Flows of the TNTP format: published answers, and those that are written."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from isthmus.formats.tntp import Lines, TntpNetwork, number_in

__all__ = ["read_tntp_flow", "write_tntp_flow"]

FloatArray = npt.NDArray[np.float64]


def read_tntp_flow(path: str | Path, network: TntpNetwork) -> tuple[FloatArray, FloatArray]:
    """
    Read a flow file: rows of from, to, volume and cost, in any order.

    Parallel links take the rows of their pair in file order.

    Parameters
    ----------
    path : str or Path
        ``*_flow.tntp`` or a CSV written by `write_tntp_flow`.
    network : TntpNetwork

    Returns
    -------
    flow, cost : ndarray, shape (n_link,)
        In the order of the network's file; nan where the file has no row or no cost.

    Raises
    ------
    InputError
        If a row names no link or has no number; lists all faults.
    """
    lines = Lines(path)
    rows_of: dict[tuple[int, int], list[int]] = {}
    for i, pair in enumerate(zip(network.tail.tolist(), network.head.tolist(), strict=True)):
        rows_of.setdefault(pair, []).append(i)
    flow = np.full(network.n_link, np.nan)
    cost = np.full(network.n_link, np.nan)
    for number, text in lines.rows():
        parts = re.split(r"[\s,;:]+", text.strip(" \t,;"))
        if parts[0].lower() in ("from", "tail", "init_node"):
            continue
        values = [number_in(p) for p in parts]
        if len(values) < 3 or any(math.isnan(v) for v in values[:3]):
            lines.fault(number, f'"{text}" is not from, to, flow, cost.', "", "tntp-flow")
            continue
        waiting = rows_of.get((int(values[0]), int(values[1])), [])
        if not waiting:
            what = f"{parts[0]} to {parts[1]} is no (further) link of {network.path}."
            lines.fault(number, what, "Do the two files belong together?", "tntp-flow")
            continue
        i = waiting.pop(0)
        flow[i] = values[2]
        cost[i] = values[3] if len(values) > 3 else math.nan
    lines.done()
    return flow, cost


def write_tntp_flow(
    path: str | Path,
    network: TntpNetwork,
    flow: FloatArray,
    cost: FloatArray,
    dual: FloatArray | None = None,
) -> None:
    """
    Write ``from,to,flow,cost``, one row a link in the order of the network's file.

    Numbers are written so that reading gives back the same bits.

    Parameters
    ----------
    path : str or Path
    network : TntpNetwork
    flow, cost : ndarray, shape (n_link,)
    dual : ndarray, shape (n_link,), optional
        Written as a fifth column, ``shadow_price``.
    """
    columns = [flow, cost] if dual is None else [flow, cost, dual]
    with Path(path).open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out, lineterminator="\n")
        names = ["from", "to", "flow", "cost", "shadow_price"]
        table.writerow(names[: 2 + len(columns)])
        for tail, head, *values in zip(network.tail, network.head, *columns, strict=True):
            table.writerow([int(tail), int(head), *(repr(float(v)) for v in values)])

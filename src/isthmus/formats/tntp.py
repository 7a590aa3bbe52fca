"""
The TNTP format of test networks.

Layout: https://github.com/bstabler/TransportationNetworks. Metadata lines ``<NAME> value`` up to
``<END OF METADATA>``; a tilde begins a comment; rows end in a semicolon, or do not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.assign.base import Delay, Graph, Trips

__all__ = ["Lines", "TntpNetwork", "TntpTrips", "number_in", "read_tntp_network", "read_tntp_trips"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_FIELDS = ("init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power")
_OPTIONAL = ("speed", "toll", "link_type")
_TAG = re.compile(r"<\s*([^>]*?)\s*>\s*([^~]*)")
_PAIR = re.compile(r"([^:;\s]+)\s*:\s*([^:;\s]+)")


@dataclass(frozen=True)
class TntpNetwork:
    """
    A network as the file has it: rows in file order, nodes numbered from 1, units the file's own.

    Parameters
    ----------
    path : Path
    n_zone, n_node, first_through_node : int
    tail, head : ndarray of int, shape (n_link,)
    capacity, length, free_flow_time, b, power, toll : ndarray, shape (n_link,)
    notes : tuple of str
        What is odd about the file and was taken as it stands.
    """

    path: Path
    n_zone: int
    n_node: int
    first_through_node: int
    tail: IntArray
    head: IntArray
    capacity: FloatArray
    length: FloatArray
    free_flow_time: FloatArray
    b: FloatArray
    power: FloatArray
    toll: FloatArray
    notes: tuple[str, ...] = ()

    @property
    def n_link(self) -> int:
        """Number of links."""
        return len(self.tail)

    def graph(self) -> tuple[Graph, IntArray]:
        """Return the graph, nodes from 0, and the row of each arc."""
        from isthmus.kernels.graph import build_graph

        return build_graph(self.tail - 1, self.head - 1, self.n_node)

    def fixed_cost(self, toll_weight: float = 0.0, distance_weight: float = 0.0) -> FloatArray:
        """Return free-flow time plus weighted toll and length, in file order."""
        return self.free_flow_time + toll_weight * self.toll + distance_weight * self.length

    def delay(self) -> Delay:
        """Return the BPR laws, in file order. A link of no b or no time has no delay."""
        from isthmus.assign.base import Delay
        from isthmus.kernels.delay import BPR, NONE

        law = np.where(self.b * self.free_flow_time == 0.0, NONE, BPR).astype(np.int8)
        return Delay(law, self.free_flow_time, self.capacity, self.b, self.power)


@dataclass(frozen=True)
class TntpTrips:
    """
    A trip table, intrazonal trips included.

    Parameters
    ----------
    path : Path
    n_zone : int
    origin, destination : ndarray of int, shape (m,)
        Zones from 1; pairs of no flow are left out.
    flow : ndarray, shape (m,)
    notes : tuple of str
        What is odd about the file and was taken as it stands.
    """

    path: Path
    n_zone: int
    origin: IntArray
    destination: IntArray
    flow: FloatArray
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """Sum of all trips."""
        return math.fsum(self.flow)

    @property
    def intrazonal(self) -> float:
        """Sum of trips that stay in their zone."""
        return math.fsum(self.flow[self.origin == self.destination])

    def trips(self) -> Trips:
        """Return the trips as arrays, nodes from 0, one class."""
        from isthmus.assign.base import Trips

        return Trips(
            np.zeros(len(self.flow), np.int32),
            (self.origin - 1).astype(np.int32),
            (self.destination - 1).astype(np.int32),
            self.flow,
        )


class Lines:
    """A text file as metadata and numbered rows, with the faults found so far."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.faults: list[Fault] = []
        self.tags: dict[str, tuple[int, str]] = {}
        try:
            text = self.path.read_text(encoding="utf-8-sig", errors="replace")
        except OSError as problem:
            what = f"cannot be read: {problem.strerror or problem}."
            raise InputError([Fault(str(path), what, "Check the path.", "file")]) from None
        self.lines = text.splitlines()

    def rows(self) -> Iterator[tuple[int, str]]:
        """Yield line number and text of each row, without comments; collect metadata."""
        for number, line in enumerate(self.lines, 1):
            text = line.strip()
            found = _TAG.match(text)
            if found:
                self.tags[" ".join(found[1].upper().split())] = (number, found[2].strip(" \t;"))
                continue
            text = text.split("~", 1)[0].strip()
            if text.strip(";, \t"):
                yield number, text

    def fault(self, number: int, what: str, mend: str = "", rule: str = "tntp-value") -> None:
        """Remember a fault of a line."""
        self.faults.append(Fault(f"{self.path}, line {number}", what, mend, rule))

    def count(self, tag: str, missing: int | None = None) -> int:
        """Whole number of a tag, `missing` if there is none."""
        if tag not in self.tags:
            if missing is None:
                mend = f"Add a line <{tag}> with the number."
                self.fault(1, f"<{tag}> is missing.", mend, "tntp-metadata")
            return missing or 0
        number, text = self.tags[tag]
        try:
            value = float(text.split()[0].replace(",", ""))
            if value != int(value) or value < 0:
                raise ValueError
        except (ValueError, IndexError, OverflowError):
            self.fault(number, f'<{tag}> is "{text}", not a whole number.', "", "tntp-metadata")
            return missing or 0
        return int(value)

    def done(self) -> None:
        """Raise all faults found."""
        if self.faults:
            raise InputError(self.faults)


def read_tntp_network(path: str | Path) -> TntpNetwork:
    """
    Read a ``*_net.tntp`` file.

    Parallel links, loops, and links of no capacity, time, b or power are taken as they stand.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    TntpNetwork

    Raises
    ------
    InputError
        If the file cannot be read, a value is no number or negative, or rows are missing; lists
        all faults with their lines.
    """
    lines = Lines(path)
    found: list[list[float]] = []
    at: list[int] = []
    for number, text in lines.rows():
        parts = text.replace(";", " ").replace(",", " ").split()
        if len(parts) < len(_FIELDS):
            mend = f"A link has {', '.join(_FIELDS)} and may have {', '.join(_OPTIONAL)}."
            lines.fault(number, f"{len(parts)} values are too few.", mend, "tntp-columns")
            continue
        row = []
        for name, part in zip((*_FIELDS, *_OPTIONAL[:2]), parts, strict=False):
            value = number_in(part)
            whole = name in ("init_node", "term_node")
            if math.isnan(value) or (value < 0 and name != "toll") or (whole and value % 1):
                kind = "a node" if whole else "a number, 0 or more"
                lines.fault(number, f"{name} = {part} is not {kind}.", "Correct the value.")
                value = 1.0
            row.append(value)
        found.append(row + [0.0] * (9 - len(row)))
        at.append(number)
    notes = []
    n_zone = lines.count("NUMBER OF ZONES")
    n_node = lines.count("NUMBER OF NODES")
    n_link = lines.count("NUMBER OF LINKS", len(found))
    if "FIRST THRU NODE" not in lines.tags:
        notes.append("no <FIRST THRU NODE>: every node may be passed")
    first = lines.count("FIRST THRU NODE", 1)
    if len(found) < n_link:
        number = lines.tags["NUMBER OF LINKS"][0]
        what = f"<NUMBER OF LINKS> is {n_link}, but the file has {len(found)}."
        lines.fault(number, what, "Is the file cut short?", "tntp-links")
    elif len(found) > n_link:
        notes.append(f"{len(found)} links where the metadata says {n_link}: all are used")
    table = np.array(found, np.float64).reshape(-1, 9)
    for i in np.flatnonzero((table[:, :2] < 1).any(axis=1)):
        lines.fault(at[i], "nodes are numbered from 1.", "Correct the value.", "tntp-node")
    lines.done()
    highest = int(table[:, :2].max(initial=0))
    if highest > n_node:
        notes.append(f"nodes up to {highest} where the metadata says {n_node}: all are used")
    capacity, length, time, power_b, power, toll = (
        np.ascontiguousarray(table[:, i]) for i in (2, 3, 4, 5, 6, 8)
    )
    return TntpNetwork(
        lines.path,
        n_zone,
        max(n_node, highest, n_zone),
        first,
        table[:, 0].astype(np.int64),
        table[:, 1].astype(np.int64),
        capacity,
        length,
        time,
        power_b,
        power,
        toll,
        tuple(notes),
    )


def number_in(text: str) -> float:
    """Value of a number, nan if it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def read_tntp_trips(path: str | Path) -> TntpTrips:
    """
    Read a ``*_trips.tntp`` file.

    A pair given twice counts twice; a note says so.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    TntpTrips

    Raises
    ------
    InputError
        If the file cannot be read or a value is not a zone or a flow; lists all faults.
    """
    lines = Lines(path)
    origin = 0
    pairs: dict[tuple[int, int], float] = {}
    notes = []
    for number, text in lines.rows():
        if text[:6].lower() == "origin":
            name, _, text = text[6:].strip(" :\t").partition(" ")
            name, _, more = name.replace("\t", " ").partition(" ")
            text = f"{more} {text}".strip()
            origin = _zone(name.strip(";:"))
            if origin < 1:
                lines.fault(number, f'Origin "{name}" is not a zone.', "Zones are 1, 2 …")
            if not text.strip("; "):
                continue
        if not origin:
            what = "trips before the first Origin line."
            lines.fault(number, what, "Write Origin and its zone above.", "tntp-origin")
            continue
        rest = _PAIR.sub("", text).strip("; \t,")
        if rest:
            mend = "Trips are written `destination : flow;`."
            lines.fault(number, f'"{rest}" is not understood.', mend)
        for name, value in _PAIR.findall(text):
            zone, flow = _zone(name), number_in(value)
            if zone < 1:
                lines.fault(number, f'destination "{name}" is not a zone.', "Zones are 1, 2 …")
            elif not (flow >= 0.0 and math.isfinite(flow)):
                lines.fault(number, f"flow to {zone} = {value} is not 0 or more.", "Correct it.")
            elif flow > 0.0:
                if (origin, zone) in pairs:
                    notes.append(f"line {number}: {origin} to {zone} comes twice; both count")
                pairs[origin, zone] = pairs.get((origin, zone), 0.0) + flow
    n_zone = lines.count("NUMBER OF ZONES", 0)
    lines.done()
    keys = np.array(list(pairs), np.int64).reshape(-1, 2)
    flows = np.array(list(pairs.values()), np.float64)
    if "TOTAL OD FLOW" in lines.tags:
        said = number_in(lines.tags["TOTAL OD FLOW"][1].split(" ")[0])
        total = math.fsum(flows)
        if not math.isclose(said, total, rel_tol=1e-4, abs_tol=1.0):
            notes.append(f"trips add up to {total:g} where the metadata says {said:g}")
    top = int(keys.max(initial=0))
    return TntpTrips(lines.path, max(n_zone, top), keys[:, 0], keys[:, 1], flows, tuple(notes))


def _zone(text: str) -> int:
    """Zone of a whole number above 0, else 0."""
    value = number_in(text)
    return int(value) if value >= 1 and value % 1 == 0 else 0

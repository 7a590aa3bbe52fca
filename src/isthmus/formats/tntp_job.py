"""One assignment of TNTP files from reading to writing, measured, and resumed where it was stopped."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.assign.proportional import Proportional, proportional
from isthmus.errors import Fault, InputError
from isthmus.formats.paths import read_paths, write_paths, write_routes
from isthmus.formats.tntp import TntpNetwork, TntpTrips, read_tntp_network, read_tntp_trips
from isthmus.formats.tntp_assign import TntpAssignment, assign_tntp
from isthmus.formats.tntp_flow import write_tntp_flow

__all__ = ["Job"]

Summary = dict[str, float | int | str | bool]


@dataclass(frozen=True)
class Job:
    """
    What to assign and how.

    Parameters
    ----------
    net, trips : Path
        TNTP files.
    method : str
    gap : float
    toll_weight, distance_weight : float
    system_optimum : bool
    """

    net: Path
    trips: Path
    method: str
    gap: float
    toll_weight: float
    distance_weight: float
    system_optimum: bool

    @property
    def digest(self) -> str:
        """SHA-256 of the files and of what else path flows belong to."""
        sha = hashlib.sha256(self.net.read_bytes())
        sha.update(self.trips.read_bytes())
        sha.update(repr((self.toll_weight, self.distance_weight, self.system_optimum)).encode())
        return sha.hexdigest()

    def run(
        self,
        *,
        threads: int = 1,
        mu: float = 0.6,
        penalty: float | None = None,
        out: Path | None = None,
        routes: Path | None = None,
        resume: Path | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> tuple[TntpAssignment, Summary]:
        """
        Read, assign and write.

        Parameters
        ----------
        threads : int
        mu : float
            Size of the perturbation, measured in free-flow cost; stochastic only.
        penalty : float, optional
            Price of a trip left behind; capacitated only.
        out : Path, optional
            CSV of link flows.
        routes : Path, optional
            CSV of route flows, made unique by entropy; path_based only.
        resume : Path, optional
            Path flows: begun from if there, written at the end, also when stopped; path_based only.
        tell : callable, optional
            Called with what is going on.

        Returns
        -------
        result : TntpAssignment
        summary : dict
            With seconds of each step and memory.

        Raises
        ------
        InputError
        """
        told: Callable[[str], None] = tell or (lambda _: None)
        self._check(threads, routes, resume)
        begun = time.perf_counter()
        network, table = read_tntp_network(self.net), read_tntp_trips(self.trips)
        options: dict[str, Any] = {"mu": mu} if self.method == "stochastic" else {}
        if self.method == "capacitated" and penalty is not None:
            options["penalty"] = penalty
        if self.method == "path_based":
            options["threads"] = threads
            if resume is not None and resume.exists():
                options["start"] = read_paths(resume, self.digest)
        told("compiling, at the first run only" if not _compiled() else "assigning")
        read = time.perf_counter()
        result = assign_tntp(
            network,
            table,
            self.method,
            toll_weight=self.toll_weight,
            distance_weight=self.distance_weight,
            gap=self.gap,
            system_optimum=self.system_optimum,
            progress=lambda i, g: told(f"iteration {i}, gap {g:.1e}"),
            **options,
        )
        done = time.perf_counter()
        summary = result.summary()
        if resume is not None:
            write_paths(resume, result.solution, self.digest)
        if routes is not None:
            told("finding the most likely route flows")
            summary |= self._routes(routes, network, table, result)
        if out is not None:
            write_tntp_flow(out, network, result.flow, result.cost, result.dual)
        return result, summary | {
            "threads": threads,
            "seconds_reading": read - begun,
            "seconds": done - read,
            "seconds_in_all": time.perf_counter() - begun,
            "memory_mb": _memory_mb(),
        }

    def _check(self, threads: int, routes: Path | None, resume: Path | None) -> None:
        faults = []
        if threads < 1:
            faults.append(Fault("threads", f"{threads} is not 1 or more.", "", "threads"))
        for name, file in (("routes", routes), ("resume", resume)):
            if file is not None and self.method != "path_based":
                text = f"{self.method} keeps no path flows."
                faults.append(Fault(name, text, "Use --method path_based.", "tntp-method"))
        if faults:
            raise InputError(faults)

    def _routes(
        self, path: Path, network: TntpNetwork, trips: TntpTrips, result: TntpAssignment
    ) -> Summary:
        graph, order = network.graph()
        table = trips.trips()
        found: Proportional = proportional(
            graph,
            network.fixed_cost(self.toll_weight, self.distance_weight)[order],
            table,
            result.solution,
            delay=network.delay().take(order),
            first_through_node=max(network.first_through_node - 1, 0),
            system_optimum=self.system_optimum,
        )
        write_routes(path, graph, table, found)
        return {
            "routes": len(found.path_flow),
            "routes_gap": found.gap,
            "routes_residual": found.residual,
            "routes_held": found.held,
            "routes_unique": bool(found.converged),
        }


def _compiled() -> bool:
    """Whether the compiled kernels lie in the cache."""
    import isthmus.kernels.projection as kernels

    cycle: Any = kernels.cycle
    return bool(cycle.stats.cache_path) and any(
        Path(cycle.stats.cache_path).glob("projection.cycle*.nbc")
    )


def _memory_mb() -> float:
    """Return the most memory this process has held. [MB]"""
    import resource
    import sys

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)

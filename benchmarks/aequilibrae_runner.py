"""
AequilibraE as a process that answers: run by a Python that has it, not by ours.

Reads one JSON request a line and answers each with one line of JSON. The network is built once, in
memory, from the same files; see `peers.Aequilibrae` for the other side.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

import checker
import numpy as np
import pandas as pd

TINY = 1e-9
"""AequilibraE refuses links of no time; they get this much, and no delay."""


class Timeout(BaseException):
    """Raised by the alarm; not an Exception, so that nobody on the way catches it."""


def ring(*_):
    raise Timeout


def build(link, zones, cost, blocked):
    """Return a graph of directed links: one row a link, its id the row from 1."""
    from aequilibrae import Graph

    table = link.rename(columns={"tail": "a_node", "head": "b_node"}).copy()
    table["link_id"] = np.arange(1, len(table) + 1)
    table["direction"] = np.ones(len(table), np.int8)
    graph = Graph()
    graph.network = table
    graph.prepare_graph(np.asarray(zones, np.int64))
    graph.set_graph(cost)
    graph.set_blocked_centroid_flows(blocked)
    return graph


class Road:
    """A TNTP network and its trips, ready to be assigned any number of times."""

    def __init__(self, net, trips, toll, distance):
        from aequilibrae import AequilibraeMatrix

        network, table = checker.read_net(net), checker.read_trips(trips)
        if network.first_through not in (1, network.n_zone + 1):
            raise ValueError("AequilibraE lets all zones be passed, or none")
        # a zone without links or trips would only be warned of
        zones = np.arange(1, network.n_zone + 1)
        link = network.link.copy()
        slow = link["b"] * link["time"] > 0
        link["fixed"] = toll * link["toll"] + distance * link["length"]
        link["time"] = link["time"].clip(lower=TINY)
        link["b"] = link["b"].where(slow, 0.0)
        link["power"] = link["power"].where(slow, 1.0)
        link["capacity"] = link["capacity"].where(link["capacity"] > 0, 1.0)
        self.graph = build(link.drop(columns="speed"), zones, "time", network.first_through > 1)
        self.matrix = AequilibraeMatrix()
        self.matrix.create_empty(zones=len(zones), matrix_names=["trips"], memory_only=True)
        self.matrix.index[:] = zones
        cells = np.zeros((len(zones), len(zones)))
        cells[table["origin"] - 1, table["destination"] - 1] = table["flow"]
        self.matrix.matrix["trips"][:] = cells
        self.matrix.computational_view(["trips"])
        self.fixed = bool(link["fixed"].any())

    def assign(self, gap, limit, out):
        """Run bi-conjugate Frank-Wolfe on one core; times are those of `execute` alone."""
        from aequilibrae import TrafficAssignment, TrafficClass

        klass = TrafficClass("all", self.graph, self.matrix)
        if self.fixed:
            klass.set_fixed_cost("fixed")
        run = TrafficAssignment()
        run.set_classes([klass])
        run.set_vdf("BPR")
        run.set_vdf_parameters({"alpha": "b", "beta": "power"})
        run.set_capacity_field("capacity")
        run.set_time_field("time")
        run.set_algorithm("bfw")
        run.set_cores(1)
        run.max_iter = 10_000_000
        run.rgap_target = gap
        signal.setitimer(signal.ITIMER_REAL, limit)
        done = True
        started = time.perf_counter()
        try:
            run.execute()
        except Timeout:
            done = False
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        seconds = time.perf_counter() - started
        report = run.assignment.convergence_report
        history = [
            (t, g) for t, g in zip(report["time"], report["rgap"], strict=False) if np.isfinite(g)
        ]
        if done:
            np.save(out, klass.results.total_link_loads[: len(self.graph.graph)])
        reached = float(run.assignment.rgap)
        return {"seconds": seconds, "done": done, "gap": reached, "history": history}


class Trees:
    """A network of given costs, whose trees are grown any number of times."""

    def __init__(self, file):
        data = np.load(file)
        link = pd.DataFrame({"tail": data["tail"] + 1, "head": data["head"] + 1})
        link["cost"] = np.maximum(data["cost"], TINY)
        self.graph = build(link, data["roots"] + 1, "cost", bool(data["blocked"]))
        self.graph.set_skimming(["cost"])

    def skim(self, out):
        """Grow a tree from each root on one core and skim its cost to the other roots."""
        from aequilibrae import NetworkSkimming

        work = NetworkSkimming(self.graph)
        work.set_cores(1)
        started = time.perf_counter()
        work.execute()
        seconds = time.perf_counter() - started
        np.save(out, np.asarray(work.results.skims.matrix["cost"]))
        return {"seconds": seconds, "problems": len(work.report)}


def main():
    # what the library prints must not get among the answers
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    signal.signal(signal.SIGALRM, ring)
    ready = None
    for line in sys.stdin:
        asked = json.loads(line)
        what = asked.pop("do")
        try:
            if what == "version":
                from importlib.metadata import version

                answer = {"version": version("aequilibrae")}
            elif what == "road":
                ready, answer = Road(**asked), {}
            elif what == "trees":
                ready, answer = Trees(**asked), {}
            else:
                answer = getattr(ready, what)(**asked)
        except Exception as problem:
            answer = {"error": f"{type(problem).__name__}: {problem}"[:300]}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()

"""
Least-cost trees a second on networks of over 10,000 links: ours, scipy's and AequilibraE's in turns.

Run ``python benchmarks/trees.py FOLDER... [--aequilibrae PYTHON]``. One thread each. All grow whole
trees with predecessors from the same roots, on the same costs.
"""

from __future__ import annotations

import argparse
import time

import checker
import networks
import numpy as np
import peers
from record import Record, ratio, shared_arguments, take_turns
from scipy.sparse.csgraph import dijkstra

ROAD = "berlin-center"
MADE = {"made-39k": (13_000, 39_000), "made-75k": (33_000, 75_000)}
"""Nodes and links of the generated networks; the seed is that of the name's order."""


class Case:
    """A network, costs and roots."""

    def __init__(self, tail, head, cost, n_node, roots, first):
        from isthmus.kernels.graph import build_graph

        self.tail, self.head, self.cost, self.first = tail, head, cost, first
        self.roots = np.asarray(roots, np.int64)
        self.graph, order = build_graph(tail, head, n_node)
        self.sorted_cost = np.ascontiguousarray(cost[order], np.float64)

    def grow(self):
        """Grow trees as `shortest_trees` does: corrected labels, two queues."""
        from isthmus.assign.least_cost import shortest_trees

        started = time.perf_counter()
        dist, _ = shortest_trees(self.graph, self.sorted_cost, self.roots, self.first)
        return time.perf_counter() - started, dist[:, self.roots]

    def paths(self):
        """Grow trees as skims and all-or-nothing do: Dijkstra with a heap."""
        from isthmus.kernels import paths

        n_node, n_arc, m = self.graph.n_node, self.graph.n_arc, len(self.roots)
        dist, via = np.empty((m, n_node)), np.empty((m, n_node), np.int32)
        order, count = np.empty((m, n_node), np.int32), np.empty(m, np.int64)
        adj, roots = np.arange(n_arc, dtype=np.int32), self.roots.astype(np.int32)
        started = time.perf_counter()
        paths.trees(
            self.graph.indptr,
            adj,
            self.graph.head,
            self.sorted_cost,
            roots,
            self.first,
            dist,
            via,
            order,
            count,
        )
        return time.perf_counter() - started, dist[:, self.roots]

    def scipy(self):
        """Grow trees with scipy; zones that may not be passed are split in two beforehand."""
        matrix, start = checker.split_graph(
            self.tail, self.head, self.cost, self.graph.n_node, self.first
        )
        started = time.perf_counter()
        dist, _ = dijkstra(matrix, indices=start[self.roots], return_predecessors=True)
        return time.perf_counter() - started, dist[:, self.roots]

    def save(self, path):
        """Leave the case where AequilibraE's process finds it; it blocks all zones or none."""
        blocked = self.first > 0
        np.savez(
            path,
            tail=self.tail,
            head=self.head,
            cost=self.cost,
            roots=np.arange(self.first) if blocked else self.roots,
            blocked=blocked,
        )


def made(name, m):
    """Return a generated case."""
    n_node, n_link = MADE[name]
    seed = 1 + list(MADE).index(name)
    tail, head, cost = networks.road_like(n_node, n_link, seed)
    roots = np.sort(np.random.default_rng(seed).choice(n_node, m, replace=False))
    return Case(tail, head, cost, n_node, roots, 0)


def read(files):
    """Return the case of a network's free-flow costs, from all its zones that may not be passed."""
    net = checker.read_net(files.net)
    cost, _ = checker.link_costs(net, np.zeros(len(net.link)), files.toll, files.distance)
    tail, head = net.link["tail"].to_numpy() - 1, net.link["head"].to_numpy() - 1
    first = net.first_through - 1
    return Case(tail, head, cost, net.n_node, np.arange(first), first)


def measure(case, aequilibrae, rounds, seconds):
    """Time one case, contestants in turns; also how far their least costs differ."""
    case.grow(), case.paths()  # compiles
    m = len(case.roots)
    found = {"links": len(case.tail), "nodes": case.graph.n_node, "trees": m}
    found |= {"times": {}, "notes": {}}
    dist = {}

    def timed(name, run):
        value, dist[name] = run()
        found["times"].setdefault(name, []).append(value)

    def skim():
        answer, table = aequilibrae.arrays("skim", 300.0)
        if answer["problems"]:
            raise peers.PeerError(f"{answer['problems']} roots have no links")
        return answer["seconds"], table

    contestants = {
        "grow": (lambda: timed("grow", case.grow), seconds),
        "scipy": (lambda: timed("scipy", case.scipy), seconds),
        "paths": (lambda: timed("paths", case.paths), seconds),
    }
    if aequilibrae is not None:
        file = f"{aequilibrae.place.name}/trees.npz"
        case.save(file)
        try:
            aequilibrae.ask("trees", file=file)
            contestants["aequilibrae"] = (lambda: timed("aequilibrae", skim)), seconds
        except peers.PeerError as problem:
            found["notes"]["aequilibrae"] = str(problem)
    take_turns(contestants, rounds, found["notes"])
    other = ~np.eye(m, dtype=bool)
    exact = dist["scipy"][other]
    # a share of the mean: AequilibraE has no links of no cost, and some zones are that near
    scale = np.mean(exact[np.isfinite(exact)])
    found["differ"] = {}
    for name, table in dist.items():
        with np.errstate(invalid="ignore"):
            off = np.abs(np.asarray(table)[other] - exact) / scale
        found["differ"][name] = float(np.nanmax(np.where(np.isinf(exact), 0.0, off)))
    return found


def line(name, found):
    """Return one line about a case, for the screen."""
    grow = found["times"]["grow"]
    parts = [f"{name:14} grow {found['trees'] / np.median(grow):8.0f} trees/s"]
    for other in ("paths", "scipy", "aequilibrae"):
        both = ratio(found["times"].get(other, []), grow)
        parts.append(f"{other} {both[0]:5.2f}x" if both else f"{other} -")
    return " | ".join(parts)


def run(asked):
    """Run the benchmark; returns its results by network."""
    files = networks.find(ROAD, networks.folders(asked.folders))
    aequilibrae = None
    settings = {"rounds": asked.rounds, "trees": asked.trees}
    if asked.aequilibrae:
        try:
            aequilibrae = peers.Aequilibrae(asked.aequilibrae)
            settings["aequilibrae"] = aequilibrae.ask("version")["version"]
        except (OSError, peers.PeerError):
            aequilibrae = None
    record = Record("trees", settings, asked.fresh)
    for name in (ROAD, *MADE):
        if (name == ROAD and files is None) or name in record:
            print(f"{name:14} {'measured before' if name in record else 'no files'}")
            continue
        case = read(files) if name == ROAD else made(name, asked.trees)
        record.save(name, measure(case, aequilibrae, asked.rounds, 20.0))
        print(line(name, record.cases[name]), flush=True)
    if aequilibrae is not None:
        aequilibrae.close()
    return record


def arguments(parser):
    """Add what this benchmark alone can be asked."""
    parser.add_argument("--trees", type=int, default=200, help="roots on the generated networks")


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    shared_arguments(parser)
    arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()

"""
User equilibrium on the shipped corridor network, all commodities: cold, and after one crossing closes.

Run ``python benchmarks/corridor.py``. Also what compiling costs: the first call of a process that
has nothing compiled, and of one that finds the kernels in the cache.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from statistics import median

import numpy as np
from record import Record, shared_arguments, take_turns

GAP = 1e-8
DATE, YEAR = "2025-01-01", 2024


class Corridor:
    """The shipped network as arrays, and its crossings by what they carry."""

    def __init__(self):
        import isthmus as ist
        from isthmus.assign.base import Trips
        from isthmus.assign.congestion import delay_of
        from isthmus.virtual import expand

        facts = ist.read()
        demand = facts.demand(YEAR)
        virtual = expand(facts.network(DATE))
        cost = ist.GeneralizedCost(facts).of(virtual)
        klass = {c: i for i, c in enumerate(cost.commodities["commodity_id"])}
        flows = demand.flows
        self.trips = Trips(
            flows["commodity_id"].map(klass).to_numpy(np.int32),
            flows["origin_zone_id"].map(virtual.source_of_zone).to_numpy(np.int32),
            flows["destination_zone_id"].map(virtual.sink_of_zone).to_numpy(np.int32),
            flows["tonnes_t_yr"].to_numpy(np.float64),
        )
        self.graph, self.cost, self.vot = virtual.graph, cost.usd, cost.vot_usd_t_h
        self.delay = delay_of(virtual, cost)
        self.crossing = virtual.arcs["crossing_id"].to_numpy(str)
        self.node = virtual.arcs["node_id"].to_numpy(str)

    def solve(self, cost=None, start=None, keep_trees=False):
        """Return seconds of the call, and what it found."""
        from isthmus.assign.path_based import path_based

        started = time.perf_counter()
        found = path_based(
            self.graph,
            self.cost if cost is None else cost,
            self.trips,
            delay=self.delay,
            vot=self.vot,
            gap=GAP,
            start=start,
            keep_trees=keep_trees,
        )
        return time.perf_counter() - started, found

    def busiest(self, found, count):
        """Return the land crossings that carry most: of each place and mode the one, both ways."""
        flow = found.arc_flow.sum(axis=0)
        land = [i for i, c in enumerate(self.crossing) if c.startswith(("rail:", "road:"))]
        names = {}
        for i in land:
            place = ":".join(self.crossing[i].split(":")[:2])
            names[place] = names.get(place, 0.0) + float(flow[i])
        return sorted(names, key=lambda name: (-names[name], name))[:count], names

    def without(self, place):
        """Return costs with a crossing closed, both ways."""
        cost = self.cost.copy()
        cost[:, np.char.startswith(self.crossing, place + ":")] = np.inf
        return cost


def first_call():
    """Print the seconds of reading, of the first call and of the second: what `compiling` times."""
    started = time.perf_counter()
    corridor = Corridor()
    ready = time.perf_counter() - started
    # imports of the method and loading or compiling its kernels are in the first
    first, _ = corridor.solve()
    second, _ = corridor.solve()
    print(json.dumps({"read": ready, "first": first, "second": second}))


def compiling(rounds):
    """Return seconds of the first call with an empty cache and with a full one, fresh processes."""
    found = {"empty": [], "full": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
            for name in ("empty", "full", "full", "full"):
                done = subprocess.run(
                    [sys.executable, __file__, "--first-call"],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=True,
                )
                found[name].append(json.loads(done.stdout.splitlines()[-1]))
    return found


def closing(corridor, rounds, count):
    """Time the equilibrium, and with each of some crossings closed: anew, and from the one before."""
    _, base = corridor.solve(keep_trees=True)
    places, carried = corridor.busiest(base, count)
    out = {
        "nodes": corridor.graph.n_node,
        "arcs": corridor.graph.n_arc,
        "classes": len(corridor.cost),
        "trips": len(corridor.trips.flow),
        "gap": base.gap,
        "converged": base.converged,
        "iterations": base.iterations,
        "base": [],
        "closed": {},
    }
    contestants = {"base": (lambda: out["base"].append(corridor.solve()[0]), 30.0)}

    def timed(place, name, cost, start):
        seconds, found = corridor.solve(cost, start)
        here = out["closed"][place]
        here[name].append(seconds)
        here["gap_" + name], here["objective_" + name] = found.gap, found.objective
        here["iterations_" + name] = found.iterations
        here["unserved_t_yr"] = float(found.unserved.sum() - base.unserved.sum())

    for place in places:
        out["closed"][place] = {"cold": [], "again": [], "carried_t_yr": carried[place]}
        cost = corridor.without(place)
        for name, start in (("cold", None), ("again", base)):
            run = lambda p=place, n=name, c=cost, s=start: timed(p, n, c, s)  # noqa: E731
            contestants[f"{place} {name}"] = run, 10.0
    take_turns(contestants, rounds)
    return out


def run(asked):
    """Run the benchmark; returns its results."""
    settings = {"rounds": asked.rounds, "crossings": asked.crossings}
    record = Record("corridor", settings, asked.fresh)
    if "closing" in record:
        print("corridor: measured before")
    else:
        found = closing(Corridor(), asked.rounds, asked.crossings)
        record.save("closing", found)
        print(f"cold {median(found['base']):.3f} s, {found['iterations']} iterations")
        for place, here in found["closed"].items():
            cold, again = median(here["cold"]), median(here["again"])
            print(f"{place[:32]:32} {cold:.3f} s, again {again:.3f} s, {cold / again:.2f}x")
    if "compiling" not in record:
        found = compiling(asked.processes)
        record.save("compiling", found)
        first = {name: min(r["first"] for r in runs) for name, runs in found.items()}
        print(f"first call: {first['empty']:.1f} s with an empty cache, {first['full']:.2f} s full")
    return record


def arguments(parser):
    """Add what this benchmark alone can be asked."""
    parser.add_argument("--crossings", type=int, default=6)
    parser.add_argument("--processes", type=int, default=1, help="times that all is compiled anew")


def main():
    if sys.argv[1:2] == ["--first-call"]:
        first_call()
        return
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    shared_arguments(parser)
    arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()

"""
Games: values from a vector, the nucleolus, and the transit game of the shipped network.

Run ``python benchmarks/power.py [--players N]``; it prints seconds of the wall and of processors.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

import isthmus as ist
from isthmus.analysis.power import power
from isthmus.games import VotingGame, kohlberg


def timed(what, function):
    """Run, print what it took, return the answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = function()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{what:60s} {wall:9.3f} s wall {cpu:9.3f} s of processors", flush=True)
    return found


def main() -> None:
    """Print all timings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, default=16)
    asked = parser.parse_args()
    draw = np.random.default_rng(0)
    for n in (20, 24):
        v = draw.random(1 << n)
        v[0] = 0.0
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        timed(f"Shapley, {n} players", lambda v=v: ist.shapley(v))
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(f"  {v.nbytes / 2**20:.0f} MB of values, {more:.0f} MB more at the peak")
    for n in (12, 16, 20):
        v = draw.random(1 << n) + np.bitwise_count(np.arange(1 << n)) ** 1.5
        v[0] = 0.0
        x = timed(f"nucleolus, {n} players", lambda v=v: ist.nucleolus(v))
        timed("  its certificate", lambda v=v, x=x: kohlberg(v, x))
    weights = [29] * 4 + [27] * 2 + [14, 13] + [12] * 5 + [10] * 3 + [7] * 5 + [4] * 5 + [3]
    timed("Shapley-Shubik, European Union of 27, exact", VotingGame(255, weights).shapley)
    facts = ist.read()
    network, demand = facts.network("2025-01-01"), facts.demand(2024)
    base = ist.assign(network, demand, ist.GeneralizedCost(facts), method="all_or_nothing")
    power(base, ["ARM", "GEO"])  # compiles
    found = timed(f"transit game, {asked.players} players", lambda: power(base, most=asked.players))
    print(
        f"  {found.checked:,} coalitions, path gap {found.path_gap.mean:.1e} on average, {found.path_gap.most:.1e} at most"
    )
    timed("  nucleolus and certificate", lambda: found.certificate)


if __name__ == "__main__":
    main()

"""
All single removals of the shipped network, beside one cold assignment of it in the same process.

Run ``python benchmarks/criticality.py``; it prints seconds and their ratio.
"""

from __future__ import annotations

import time
from statistics import median

import isthmus as ist
from isthmus.analysis.criticality import criticality


def main() -> None:
    """Print all timings."""
    facts = ist.read()
    network, demand = facts.network("2025-01-01"), facts.demand(2024)
    cost = ist.GeneralizedCost(facts)
    base = ist.assign(network, demand, cost)  # compiles
    criticality(base, ["crossing"], ["bosporus-south"])
    cold = []
    for turn in range(2):
        for _ in range(3):
            start = time.perf_counter()
            base = ist.assign(network, demand, cost)
            cold.append(time.perf_counter() - start)
        if turn == 0:
            start = time.perf_counter()
            found = criticality(base)
            all_s = time.perf_counter() - start
    print(f"one cold assignment, median of {len(cold)}: {median(cold):.2f} s")
    print(
        f"{len(found.elements):,} removals, {found.n_cases:,} of which take a route: {all_s:.1f} s, "
        f"{all_s / median(cold):.1f} times as long; gap {found.worst_gap:.0e} or less"
    )


if __name__ == "__main__":
    main()

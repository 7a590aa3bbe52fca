"""
Ten thousand years of closures of the shipped network, beside one cold assignment of it in the same process.

Run ``python benchmarks/reliability.py``; it prints seconds and their ratio, on one thread and on two.
"""

from __future__ import annotations

import time
from statistics import median

import isthmus as ist
from isthmus.analysis.reliability import reliability
from isthmus.analysis.reliability.simulation import risk_of

YEARS = 10_000


def main() -> None:
    """Print all timings."""
    facts = ist.read()
    network, demand = facts.network("2025-01-01"), facts.demand(2024)
    cost = ist.GeneralizedCost(facts)
    base = ist.assign(network, demand, cost)  # compiles
    reliability(base, 10, consignments=2)
    cold = []
    for _ in range(3):
        start = time.perf_counter()
        base = ist.assign(network, demand, cost)
        cold.append(time.perf_counter() - start)
    start = time.perf_counter()
    risk = risk_of(base)
    laid_out = time.perf_counter() - start
    print(f"one cold assignment, median of {len(cold)}: {median(cold):.2f} s")
    print(f"routes with spares, and what shuts them: {laid_out:.1f} s")
    for workers in (1, 2):
        start = time.perf_counter()
        found = reliability(risk, YEARS, workers=workers)
        took = time.perf_counter() - start
        print(
            f"{YEARS:,} years and 400 consignments of each of {len(found.trades):,} trades on {workers} "
            f"thread(s): {took:.1f} s, with the routes {(laid_out + took) / median(cold):.1f} times as long"
        )


if __name__ == "__main__":
    main()

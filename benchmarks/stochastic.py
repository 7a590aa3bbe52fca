"""
The stochastic equilibrium of the shipped network: from nothing, from its base, and one closure.

Run ``python benchmarks/stochastic.py``; ``--orders 8`` takes every eighth order, ``--tntp NET TRIPS`` a network of the
field's benchmark format instead. What matters beside the seconds is what each is of a start from nothing, measured in
the same process.
"""

from __future__ import annotations

import argparse
import resource
import time
from statistics import mean, median

import isthmus as ist
from isthmus.analysis.flows.elements import elements_of
from isthmus.assign.link_removal import LinkRemoval
from isthmus.assign.threads import one_thread
from isthmus.scenario import find_scenario, list_scenarios


def timed(call):
    """Return seconds of a call and what it gave."""
    start = time.perf_counter()
    found = call()
    return time.perf_counter() - start, found


def shipped(every: int) -> None:
    """Print what the shipped network takes."""
    facts = ist.read()
    network, demand = facts.network("2025-01-01"), facts.demand(2024)
    cost = ist.GeneralizedCost(facts)
    ist.assign(network, demand, cost)  # compiles
    for gap in (1e-6, 1e-10):
        both, base = timed(lambda gap=gap: ist.assign(network, demand, cost, gap=gap))
        with one_thread():
            one, _ = timed(lambda gap=gap: ist.assign(network, demand, cost, gap=gap))
        print(
            f"from nothing to {gap:.0e}: {one:.2f} s on one thread, {both:.2f} s on two, gap {base.gap:.0e}"
        )
    base = ist.assign(network, demand, cost)
    cold = both
    seconds = {}
    for name in list(list_scenarios())[::every]:
        order = find_scenario(name, facts)
        if str(order.base) != "2025-01-01":
            continue
        changed = order.apply(base.virtual.source, base.demand)
        seconds[name], _ = timed(lambda changed=changed: ist.assign(*changed, cost, start=base))
    worst = max(seconds, key=seconds.__getitem__)
    print(
        f"{len(seconds)} orders from their base: {mean(seconds.values()):.2f} s in the mean, "
        f"{mean(seconds.values()) / cold:.2f} of a start from nothing; longest {worst}, {seconds[worst]:.1f} s"
    )
    without = LinkRemoval(base)
    elements = elements_of(base, ["crossing", "link"])
    some = [a for a in elements.arcs[::25] if len(without.trips_over(a))]
    held = [timed(lambda a=a: without.at_held_delays(a))[0] for a in some]
    clicks = [timed(lambda a=a: without.remove(a))[0] for a in some]
    print(
        f"{len(some)} closures beside the base: at its delays {1e3 * median(held):.0f} ms in the median, "
        f"with delays that fit {1e3 * median(clicks):.0f} ms, {mean(clicks):.2f} s in the mean"
    )


def main() -> None:
    """Print all timings."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--orders", type=int, default=1, help="take every so manieth order")
    arguments.add_argument("--tntp", nargs=2, metavar=("NET", "TRIPS"))
    asked = arguments.parse_args()
    if asked.tntp:
        from isthmus.formats.tntp import read_tntp_network, read_tntp_trips
        from isthmus.formats.tntp_assign import assign_tntp

        network, trips = read_tntp_network(asked.tntp[0]), read_tntp_trips(asked.tntp[1])
        assign_tntp(network, trips, "stochastic", gap=1e-1)  # compiles
        seconds, found = timed(lambda: assign_tntp(network, trips, "stochastic", gap=1e-6))
        told = found.summary()
        print(f"{asked.tntp[0]}: {seconds:.1f} s to {told['gap']:.0e}, {told['iterations']} steps")
    else:
        shipped(asked.orders)
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()

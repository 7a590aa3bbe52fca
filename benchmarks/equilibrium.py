"""
User equilibrium on road networks: the path-based method, TAP-B and AequilibraE in turns.

Run ``python benchmarks/equilibrium.py FOLDER... [--tapb PROGRAM] [--aequilibrae PYTHON]``. FOLDER
holds ``NAME_net.tntp`` and ``NAME_trips.tntp``; the environment variable ISTHMUS_TNTP may name
more. Ours is the time of the call, from arrays in memory to paths and flows.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import checker
import networks
import numpy as np
import peers
from record import Record, ratio, shared_arguments, take_turns

GAPS = (1e-4, 1e-6, 1e-10)
LEAST_GAP_OF_FRANK_WOLFE = 1e-6
"""AequilibraE is not asked for less: no link-based method gets to 1e-10 in reasonable time."""
LEFT_OUT = {"Barcelona": "in the flows it returns one link has none, so that the check fails"}
"""Networks AequilibraE is not run on, and why."""


class Ours:
    """The path-based method on a network, arrays ready."""

    def __init__(self, files):
        from isthmus.formats.tntp import read_tntp_network, read_tntp_trips

        network, table = read_tntp_network(files.net), read_tntp_trips(files.trips)
        self.graph, self.order = network.graph()
        self.fixed = network.fixed_cost(files.toll, files.distance)[self.order].copy()
        self.delay = network.delay().take(self.order)
        self.first = max(network.first_through_node - 1, 0)
        self.trips = table.trips()
        self.network = network

    def run(self, gap, threads):
        """Return seconds of the call, and what it found."""
        from isthmus.assign.path_based import path_based

        started = time.perf_counter()
        found = path_based(
            self.graph,
            self.fixed,
            self.trips,
            delay=self.delay,
            gap=gap,
            first_through_node=self.first,
            threads=threads,
        )
        return time.perf_counter() - started, found

    def flow(self, found):
        """Return flows in the order of the file."""
        out = np.empty(self.network.n_link)
        out[self.order] = found.arc_flow[0]
        return out


def whole_process(files, gap):
    """Return seconds from files to a file of flows in a new process, or None if it failed."""
    with tempfile.TemporaryDirectory() as place:
        here = [sys.executable, __file__, "--once", files.net, files.trips, files.toll]
        command = [*here, files.distance, gap, Path(place) / "flows.csv"]
        started = time.perf_counter()
        done = subprocess.run([str(part) for part in command], capture_output=True, timeout=300)
        return None if done.returncode else time.perf_counter() - started


def once(net, trips, toll, distance, gap, out):
    """Assign from files to a file: what `whole_process` times."""
    from isthmus.formats.tntp_flow import write_tntp_flow

    files = networks.Files("", Path(net), Path(trips), float(toll), float(distance))
    ours = Ours(files)
    flow = ours.flow(ours.run(float(gap), 1)[1])
    cost = ours.network.fixed_cost(files.toll, files.distance) + ours.network.delay().value(flow)
    write_tntp_flow(out, ours.network, flow, cost)


def reached(history, gap):
    """Return the time at which a history of (time, gap) first is at a gap, None if never."""
    return next((t for t, g in history if g <= gap), None)


def in_order(rows, link):
    """Return flows given as (from, to, flow) in the order of the links; parallel ones as they come."""
    waiting = {}
    for tail, head, flow in rows:
        waiting.setdefault((tail, head), []).append(flow)
    pairs = zip(link["tail"].tolist(), link["head"].tolist(), strict=True)
    return np.array([waiting[pair].pop(0) for pair in pairs])


def judged(files, flows):
    """Return what the independent checker says of flows by contestant."""
    net, trips = checker.read_net(files.net), checker.read_trips(files.trips)
    keep = ("gap", "objective", "lost", "through", "unserved", "feasible")
    out = {}
    for name, flow in flows.items():
        flow = in_order(flow, net.link) if isinstance(flow, list) else flow
        found = checker.check(net, trips, flow, None, files.toll, files.distance)
        out[name] = {k: found[k] for k in keep}
    return out


def measure(files, tapb, aequilibrae, rounds, seconds, limit, tapb_limit):
    """
    Time one network, contestants in turns.

    Parameters
    ----------
    files : networks.Files
    tapb : peers.Tapb or None
    aequilibrae : peers.Aequilibrae or None
    rounds : int
    seconds : float
        Budget of each contestant: it sits out a round that would overspend it.
    limit, tapb_limit : float
        Of one run of AequilibraE, and of TAP-B by its own clock. [s]

    Returns
    -------
    dict
        links, trips; times: list by contestant and gap; over: largest time not enough; checked.
    """
    ours = Ours(files)
    for threads in (1, 2):
        ours.run(1e-2, threads)  # compiles, or loads what is compiled
    found = {
        "links": ours.network.n_link,
        "nodes": ours.network.n_node,
        "zones": ours.network.n_zone,
        "trips": int((ours.trips.origin != ours.trips.destination).sum()),
        "tuned": networks.NETWORKS[files.name].tuned,
        "times": {},
        "over": {},
        "notes": {},
    }
    times, flows, built = found["times"], {}, False
    asked = {"gap": LEAST_GAP_OF_FRANK_WOLFE}
    if aequilibrae is not None and files.name in LEFT_OUT:
        found["notes"]["aequilibrae"] = LEFT_OUT[files.name]
    elif aequilibrae is not None:
        try:
            paths = {"net": str(files.net.resolve()), "trips": str(files.trips.resolve())}
            aequilibrae.ask("road", toll=files.toll, distance=files.distance, **paths)
            built = True
        except peers.PeerError as problem:
            found["notes"]["aequilibrae"] = str(problem)

    def note(name, gap, value):
        times.setdefault(name, {}).setdefault(f"{gap:.0e}", []).append(value)

    def ours_in(threads):
        name = f"ours_{threads}"
        for gap in GAPS:
            value, solution = ours.run(gap, threads)
            note(name, gap, value)
            if not solution.converged:
                found["notes"][name] = f"did not reach {gap:.0e}"
        flows[name] = ours.flow(solution)

    def tapb_in():
        run = tapb.run(files, GAPS[-1], tapb_limit)
        flows["tapb"] = run["flow"]
        times.setdefault("tapb_start", []).append(run["start"])
        if run["gap"] <= GAPS[-1]:
            times.setdefault("tapb_wall", []).append(run["wall"])
        keep_history("tapb", run["history"], GAPS)

    def aequilibrae_in():
        run, flow = aequilibrae.arrays("assign", 2 * limit + 60, gap=asked["gap"], limit=limit)
        if flow is not None:
            flows["aequilibrae"] = flow
            found["aequilibrae_says"] = run["gap"]
        keep_history("aequilibrae", run["history"], GAPS[:2])
        # a gap that took too long once is not asked for again
        asked["gap"] = max([g for g in GAPS[:2] if reached(run["history"], g)][-1:] or [GAPS[0]])
        return reached(run["history"], asked["gap"])

    def keep_history(name, history, gaps):
        for gap in gaps:
            value = reached(history, gap)
            if value is None and f"{gap:.0e}" not in found["over"].get(name, {}):
                key = f"{gap:.0e}"
                found["over"].setdefault(name, {})[key] = history[-1][0] if history else limit
            elif value is not None:
                note(name, gap, value)

    def from_files():
        wall = whole_process(files, GAPS[-1])
        if wall is not None:
            times.setdefault("ours_wall", []).append(wall)

    contestants = {"ours_1": (lambda: ours_in(1), seconds)}
    if tapb is not None:
        contestants["tapb"] = tapb_in, seconds
    contestants["ours_2"] = (lambda: ours_in(2)), seconds
    if built:
        contestants["aequilibrae"] = aequilibrae_in, limit
    if tapb is not None:
        contestants["ours_from_files"] = from_files, seconds / 5
    take_turns(contestants, rounds, found["notes"])
    found["checked"] = judged(files, flows)
    best = found["checked"]["ours_1"]["objective"]
    for one in found["checked"].values():
        one["objective_off"] = one["objective"] / best - 1.0
    return found


def line(name, found):
    """Return one line about a network, for the screen."""
    parts = [f"{networks.SHORT.get(name, name)[:24]:24}"]
    mine = found["times"]["ours_1"]
    for gap, values in mine.items():
        parts.append(f"| {gap} {statistics.median(values) * 1e3:8.1f} ms")
        for peer in ("tapb", "aequilibrae"):
            both = ratio(found["times"].get(peer, {}).get(gap), values)
            parts.append(f"{peer[:4]} {both[0]:6.1f}x" if both else f"{peer[:4]}       -")
    return " ".join(parts)


def arguments(parser):
    """Add what this benchmark alone can be asked."""
    parser.add_argument("--tapb", default=os.environ.get("TAPB"), help="program `tap` of TAP-B")
    parser.add_argument("--networks", help="names, comma between; default all")
    parser.add_argument("--budget", type=float, default=25.0, help="seconds a contestant, network")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds a run of AequilibraE")
    parser.add_argument("--tapb-limit", type=float, default=60.0, help="seconds, its own clock")


def run(asked):
    """Run the benchmark; returns its results by network, None where there are no files."""
    places = networks.folders(asked.folders)
    names = asked.networks.split(",") if asked.networks else list(networks.NETWORKS)
    limits = asked.rounds, asked.budget, asked.limit, asked.tapb_limit
    settings = {"limits": limits}
    tapb = aequilibrae = None
    if asked.tapb:
        with suppress(peers.PeerError):
            tapb = peers.Tapb(asked.tapb)
    if asked.aequilibrae:
        try:
            aequilibrae = peers.Aequilibrae(asked.aequilibrae)
            settings["aequilibrae"] = aequilibrae.ask("version")["version"]
        except (OSError, peers.PeerError):
            aequilibrae = None
    settings["tapb"] = tapb is not None
    record = Record("equilibrium", settings, asked.fresh)
    for name in names:
        files = networks.find(name, places)
        if files is None or name in record:
            print(f"{name[:24]:24} {'no files' if files is None else 'measured before'}")
            continue
        record.save(name, measure(files, tapb, aequilibrae, *limits))
        print(line(name, record.cases[name]), flush=True)
    if aequilibrae is not None:
        aequilibrae.close()
    return record


def main():
    if sys.argv[1:2] == ["--once"]:
        once(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    shared_arguments(parser)
    arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()

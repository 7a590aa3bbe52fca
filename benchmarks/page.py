"""What `performance.py` writes: tables of results, and how they were come by."""

from __future__ import annotations

from statistics import median

import networks
from record import ratio

NONE = "not measured"
GAPS = ("1e-04", "1e-06", "1e-10")

GOALS = {
    "tapb": (2.0, "TAP-B by its own clock, one thread, to 1e-6 and 1e-10"),
    "tapb large": (5.0, "the same, networks over 20,000 links"),
    "aequilibrae 1e-04": (10.0, "AequilibraE to 1e-4"),
    "aequilibrae 1e-06": (50.0, "AequilibraE to 1e-6"),
    "threads": (1.6, "our own one thread, on two, networks over 2,000 links, to 1e-10"),
    "trees scipy": (2.0, "trees: scipy, networks over 10,000 links"),
    "trees aequilibrae": (1.5, "trees: AequilibraE, networks over 10,000 links"),
    "corridor": (1.0, "corridor network to 1e-8: one second"),
    "closing": (5.0, "corridor: solving anew over solving on, one crossing closed"),
    "load": (1.0, "first call, kernels in the cache: one second"),
    "compile": (1.0, "first call, nothing compiled: thirty seconds"),
    "capacitated": (1.0, "capacitated, corridor-sized: two seconds"),
    "capacitated again": (1.0, "capacitated, one capacity changed: fifty milliseconds"),
}
"""Least ratio of medians wanted, theirs or what is allowed over ours, and of what."""


def table(head, rows):
    """Return a Markdown table; the first column is text, the others numbers."""
    rows = list(rows) or [missing("", head)]
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in (head, rule, *rows))


def missing(name, head):
    """Return the row of what was not measured."""
    return (name, NONE, *[""] * (len(head) - 2))


def ms(times):
    """Return a median in milliseconds."""
    if not times:
        return NONE
    value = 1e3 * median(times)
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def times_over(both):
    """Return the ratio of medians, and that of least times in brackets."""
    return NONE if both is None else f"{short(both[0])} ({short(both[1])})"


def short(value):
    """Return a number in two or three figures."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def name_of(network, found):
    """Return the name a table shows; a star where the engine was tuned on the network."""
    return networks.SHORT.get(network, network) + (" *" if found["tuned"] else "")


class Goals:
    """What was wanted, and the least that was measured."""

    def __init__(self):
        self.seen = {key: [] for key in GOALS}

    def note(self, key, where, both):
        """Take a pair of ratios into account."""
        if both is not None:
            self.seen[key].append((both[0], where))

    def rows(self):
        """Return the rows of the table."""
        for key, (least, what) in GOALS.items():
            seen = sorted(self.seen[key])
            if not seen:
                yield what, f"{least:g}", NONE, NONE
                continue
            met = sum(value >= least for value, _ in seen)
            worst = f"{short(seen[0][0])} ({seen[0][1]})"
            yield (
                what,
                f"{least:g}",
                worst,
                "yes" if met == len(seen) else f"{met} of {len(seen)}",
            )


def peer_cells(found, peer, gap, clock):
    """Return a peer's time and its ratio to ours as text, and the ratio, or what it is above."""
    ours = found["times"]["ours_1"][gap]
    theirs = found["times"].get(peer, {}).get(gap, [])
    over = found["over"].get(peer, {}).get(gap)
    if theirs:
        both = ratio(theirs, ours)
        # a clock that says 0 has a ratio below what it can tell
        return clock(theirs), times_over(both) if both else "clock too coarse", both
    if over is not None:
        least = over / median(ours)
        return f"> {clock([over])}", f"> {short(least)}", (least, least)
    return NONE, NONE, None


def seconds(times):
    """Return a median in seconds."""
    return f"{median(times):.2f}"


def equilibrium(cases, goals):
    """Return the table of times to a gap."""
    head = (
        "Network",
        "Links",
        "Trips",
        "Gap",
        "Ours [ms]",
        "2 threads [ms]",
        "TAP-B, own [ms]",
        "Ratio",
        "AequilibraE [s]",
        "Ratio",
        "Runs",
    )
    rows = []
    for network in networks.NETWORKS:
        if network not in cases:
            rows.append(missing(networks.SHORT.get(network, network), head))
            continue
        found = cases[network]
        times = found["times"]
        for gap in GAPS:
            ours = times["ours_1"][gap]
            tapb = peer_cells(found, "tapb", gap, ms)
            slow = peer_cells(found, "aequilibrae", gap, seconds)
            where = f"{networks.SHORT.get(network, network)}, {gap}"
            if gap != "1e-04":
                goals.note("tapb", where, tapb[2])
                if found["links"] > 20_000:
                    goals.note("tapb large", where, tapb[2])
            if gap != "1e-10":
                goals.note(f"aequilibrae {gap}", where, slow[2])
            elif found["links"] > 2_000:
                goals.note("threads", where, ratio(ours, times["ours_2"][gap]))
            runs = [len(ours), len(times["ours_2"][gap])]
            runs += [len(times.get(peer, {}).get(gap, [])) for peer in ("tapb", "aequilibrae")]
            rows.append(
                (
                    name_of(network, found),
                    f"{found['links']:,}",
                    f"{found['trips']:,}",
                    gap,
                    ms(ours),
                    ms(times["ours_2"][gap]),
                    *tapb[:2],
                    *slow[:2],
                    " / ".join(map(str, runs)),
                )
            )
    return table(head, rows)


def from_files(cases):
    """Return the table of whole processes."""
    rows = []
    for network, found in in_order(cases):
        times = found["times"]
        both = ratio(times.get("tapb_wall", []), times.get("ours_wall", []))
        rows.append(
            (
                name_of(network, found),
                ms(times.get("tapb_start", [])),
                seconds(times["tapb_wall"]) if "tapb_wall" in times else NONE,
                seconds(times["ours_wall"]) if times.get("ours_wall") else NONE,
                times_over(both),
            )
        )
    head = ("Network", "TAP-B, start [ms]", "TAP-B, files [s]", "Ours, files [s]", "Ratio")
    return table(head, rows)


def checks(cases):
    """Return the table of what the checker says."""
    names = {"ours_1": "ours", "ours_2": "ours, 2 threads"}
    names |= {"tapb": "TAP-B", "aequilibrae": "AequilibraE"}
    rows = []
    for network, found in in_order(cases):
        for key, label in names.items():
            said = found["checked"].get(key)
            if said is None:
                continue
            own = f"{found['aequilibrae_says']:.1e}" if key == "aequilibrae" else ""
            rows.append(
                (
                    name_of(network, found),
                    label,
                    f"{said['gap']:.1e}",
                    own,
                    f"{said['objective_off']:+.1e}" if key != "ours_1" else "",
                    "yes" if said["feasible"] else "no",
                )
            )
    head = ("Network", "Flows of", "Gap", "It says", "Objective over ours", "Flow conserved")
    return table(head, rows)


def in_order(cases):
    """Yield the networks measured, by size."""
    for network in networks.NETWORKS:
        if network in cases:
            yield network, cases[network]


def notes(cases):
    """Return what kept a contestant out, as a list."""
    lines = []
    for network, found in in_order(cases):
        for peer, why in found["notes"].items():
            lines.append(f"- {networks.SHORT.get(network, network)}, {peer}: {why}.")
    return "\n".join(lines)


def trees(cases, goals):
    """Return the table of trees a second."""
    head = ("Network", "Links", "Trees", "Ours, cold [1/s]", "Ours, heap", "scipy", "AequilibraE")
    rows = []
    for network in ("berlin-center", "made-39k", "made-75k"):
        if network not in cases:
            rows.append(missing(network, head))
            continue
        found = cases[network]
        grow = found["times"]["grow"]
        cells = []
        for other in ("paths", "scipy", "aequilibrae"):
            both = ratio(found["times"].get(other, []), grow)
            cells.append(times_over(both))
            if other != "paths":
                goals.note(f"trees {other}", network, both)
        rate = f"{found['trees'] / median(grow):,.0f}"
        rows.append((network, f"{found['links']:,}", found["trees"], rate, *cells))
    return table(head, rows)


def corridor(cases, goals):
    """Return the section on the shipped network."""
    if "closing" not in cases:
        return f"The shipped network: {NONE}."
    found = cases["closing"]
    text = (
        f"{found['nodes']:,} nodes, {found['arcs']:,} arcs, {found['classes']} commodities, "
        f"{found['trips']:,} flows, to a gap of 1e-8: **{ms(found['base'])} ms**, "
        f"{found['iterations']} iterations. With one crossing closed, both ways:"
    )
    goals.note("corridor", "base", (1.0 / median(found["base"]), 0.0))
    rows = []
    for place, here in found["closed"].items():
        both = ratio(here["cold"], here["again"])
        goals.note("closing", place, both)
        rows.append(
            (
                f"`{place}`",
                f"{here['carried_t_yr'] / 1e6:.1f}",
                ms(here["cold"]),
                ms(here["again"]),
                times_over(both),
                f"{here['objective_again'] / here['objective_cold'] - 1:+.0e}",
            )
        )
    head = ("Crossing", "Carried [Mt/yr]", "Anew [ms]", "From the open one [ms]", "Ratio")
    text += "\n\n" + table((*head, "Total cost, second over first"), rows)
    if "compiling" in cases:
        first = {k: min(r["first"] for r in runs) for k, runs in cases["compiling"].items()}
        goals.note("load", "corridor", (1.0 / first["full"], 0.0))
        goals.note("compile", "corridor", (30.0 / first["empty"], 0.0))
        text += (
            f"\n\nThe first call of a process takes {first['empty']:.1f} s where nothing is compiled "
            f"yet, and {first['full']:.2f} s where the kernels are in Numba's cache (least of the runs)."
        )
    return text


def capacitated(cases, goals):
    """Return the section on the optimum under capacities."""
    if "made" not in cases:
        return f"The optimum under hard capacities: {NONE}."
    found = cases["made"]
    again = median(found["again"])
    goals.note("capacitated", "made", (2.0 / found["cold"], 0.0))
    goals.note("capacitated again", "made", (0.05 / again, 0.0))
    return (
        f"{found['nodes']:,} nodes, {found['arcs']:,} arcs, {found['trips']:,} trips of five classes, "
        f"{found['binding']} arcs full: **{1e3 * found['cold']:,.0f} ms** cold, relative gap "
        f"{found['gap']:.0e}; **{1e3 * again:.1f} ms** after one capacity has changed (median of "
        f"{len(found['again'])}, worst {1e3 * max(found['again']):.0f} ms). HiGHS alone on the flows "
        f"of arcs, {found['rows']:,} rows and {found['columns']:,} columns, takes "
        f"{found['arc_form']:.1f} s and differs by {found['apart']:.0e}."
    )


def web_map(cases):
    """Return the section on the web map."""
    if "page" not in cases:
        return f"The map: {NONE}."
    found = cases["page"]
    made, at_once, undone = (
        [row["total"] for row in found[name]] for name in ("made", "at_once", "undone")
    )
    views, sizes = found["first_view"], found["heap"]
    rows = [
        ("first view, server up", "3 s", f"{median(views['warm']):.2f} s"),
        ("first view, server just started", "3 s", f"{views['cold']:.2f} s"),
        (
            "script, gzipped, without MapLibre's worker",
            "350 kB",
            f"{found['script_gz'] / 1e3:.0f} kB",
        ),
        ("a change redrawn, pressed 1 s after picking", "300 ms", f"{median(made):,.0f} ms"),
        ("a change redrawn, pressed at once", "300 ms", f"{median(at_once):,.0f} ms"),
        ("a change taken back", "300 ms", f"{median(undone):,.0f} ms"),
        ("heap, after one round of every panel", "flat", f"{sizes[0] / 1e6:.1f} MB"),
        ("heap, after 200 interactions more", "flat", f"{sizes[-1] / 1e6:.1f} MB"),
        ("console errors", "0", len(found["errors"])),
        ("requests outside", "0", len(found["outside"])),
    ]
    return "\n\n".join(
        (
            f"`benchmarks/map.py`: Chromium {found['browser']}, headless, software rendering, its "
            "network blocked but for the server on the same two cores. Changes are the closing of "
            "links and of border places that carry tonnes, at even distances from the busiest to the "
            f"least, one at a time ({len(made)}, {len(at_once)} and {len(undone)} of them). What is "
            "picked is solved while it is read.",
            table(("What", "Wanted", "Median"), rows),
        )
    )


def machine_of(records):
    """Return the lines on machine and versions, and one on results of different code."""
    made = next((r.made for r in records.values() if r.made), None)
    if made is None:
        return f"Machine: {NONE}."
    memory = "" if made["memory_gib"] is None else f", {made['memory_gib']:.0f} GiB"
    versions = ", ".join(f"{k} {v}" for k, v in made["versions"].items())
    lines = [
        f"- Machine: {made['processor']}, {made['cores']} cores{memory}, {made['system']}.",
        f"- Python {made['python']}, {versions}.",
    ]
    for name, record in records.items():
        if record.made:
            commit = record.made["commit"] or "not known"
            lines.append(f"- {name}: commit {commit}, {record.made['date']}.")
    return "\n".join(lines)


HOW = """\
## How it is measured

Contestants take turns in one run, round by round, so that a slow minute of the machine meets them
all. Each runs at least once, then until its budget of seconds is spent; the column *Runs* counts
ours on one thread, on two, TAP-B and AequilibraE. A ratio is their median over ours, and in
brackets their least time over ours: above 1 we are faster. The numbers are of one machine on one
day. No test depends on them.

**Ours** is the time of the call to `isthmus.assign.path_based.path_based`, compiled: from arrays in
memory to paths and flows, the first trees and the measuring of the gap included. Small problems
run on one thread however many are allowed.

**TAP-B** prints a clock of its own, to 1 ms. It covers the iterations alone: not reading, not the
bushes and flows it begins with (*start* below), not the measuring of its gap. The comparison by its
clock therefore leaves out work that ours includes. One run to the smallest gap tells when each
larger one was reached, as what it does in an iteration does not depend on the gap asked for.

**AequilibraE** runs bi-conjugate Frank-Wolfe on one core; its time is that of
`TrafficAssignment.execute`, graph and matrix in memory, from the same history of one run. Its gap is
not quite ours: it is over flow times cost, where ours is over least cost, and it sets the flows
after a step against costs and paths before it. The check below shows both. It is not asked for
1e-10. A link of no time gets 1e-9, as it takes none.

**The gap** is flow times what it pays above least cost, over flow times least cost. Flows of all
are checked by `benchmarks/checker.py`, which shares no code with the package: flow conserved at
every node, no path through a zone that may not be passed, objective, and gap from scipy's paths.

**Tuned on.** Choices in the engine were made while looking at the networks with a star. The others
were only reported on.
"""

AGAIN = """\
## Do it again

```sh
python benchmarks/performance.py FOLDER... --tapb PROGRAM --aequilibrae PYTHON
```

FOLDER holds `NAME_net.tntp` and `NAME_trips.tntp` of
[TransportationNetworks](https://github.com/bstabler/TransportationNetworks), which are for academic
use and not kept here; `ISTHMUS_TNTP` may name more folders. PROGRAM is `bin/tap` of
[TAP-B](https://github.com/spartalab/tap-b) after `make serial`. PYTHON is one of an environment
with `pip install aequilibrae`. What is not there is not measured, and the page says so. Raw seconds
stay in `benchmarks/results/`; a second run takes them up unless the code, the peers or the limits
changed. `--only trees` runs one part, `--page` writes the page alone.
"""


def page(records, tapb_version):
    """
    Return the page.

    Parameters
    ----------
    records : dict of str to Record
        equilibrium, trees, corridor.
    tapb_version : str
    """
    goals = Goals()
    roads = records["equilibrium"].cases
    settings = records["equilibrium"].head["settings"]
    _, _, limit, tapb_limit = settings.get("limits", (0, 0, 0, 0))
    parts = [
        "# Performance",
        "Written by `benchmarks/performance.py`; do not edit. Claims of speed are made here only.",
        machine_of(records),
        f"- TAP-B: {tapb_version if settings.get('tapb') else NONE}.\n"
        f"- AequilibraE: {settings.get('aequilibrae', NONE)}.",
        None,
        "## User equilibrium on road networks",
        equilibrium(roads, goals),
        f"\\* tuned on. > : not reached within {limit:g} s (AequilibraE) or {tapb_limit:g} s of its "
        "own clock (TAP-B).",
        notes(roads),
        "From files to a file of flows, a process of each, to 1e-10. Ours begins with starting "
        "Python and loading compiled kernels, which small networks feel most:",
        from_files(roads),
        "What the checker says of the flows each ended with; of AequilibraE stopped at its limit "
        "there are none. *It says* is AequilibraE's own gap:",
        checks(roads),
        "## Least-cost trees",
        "Whole trees with predecessors, one thread. *Cold* is `assign.least_cost.shortest_trees`, *heap* is "
        "`kernels.paths.trees`. Columns after it are ratios of time to cold. AequilibraE skims one "
        "cost besides, on its contracted graph. The made networks are generated "
        "(`benchmarks/networks.py`) and look like road maps.",
        trees(records["trees"].cases, goals),
        "## The corridor network",
        corridor(records["corridor"].cases, goals),
        "## The optimum under hard capacities",
        capacitated(records["capacitated"].cases, goals),
        "## The map",
        web_map(records["map"].cases),
        HOW.strip(),
        AGAIN.strip(),
    ]
    head = ("Ratio to", "Wanted", "Least measured", "Met")
    parts[4] = "## Goals\n\n" + table(head, goals.rows())
    text = "\n\n".join(part for part in parts if part) + "\n"
    # the two lists at the head are one
    return text.replace(".\n\n- TAP-B:", ".\n- TAP-B:", 1)

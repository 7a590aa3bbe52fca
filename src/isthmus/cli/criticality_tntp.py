"""Criticality of a network in the field's benchmark format: print and JSON."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.console import compact, hint, note, out, print_json, print_table, records
from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.analysis.criticality import (
        Bench,
        Interdiction,
        Ranking,
        Removal,
        TntpCriticality,
        Worst,
    )

__all__ = ["answer_tntp"]


def answer_tntp(
    files: tuple[Path, Path],
    k: int,
    remove: str,
    metric: str,
    origin: int | None,
    destination: int | None,
    delay: float,
    weights: tuple[float, float],
    gap: float,
    time_limit: float,
    top: int,
    json: bool,
) -> None:
    """Answer for TNTP files: one pair if named, else all trips."""
    from isthmus.analysis.criticality import METRICS, bench, criticality_tntp, interdiction_tntp
    from isthmus.formats.tntp import read_tntp_network, read_tntp_trips

    faults = []
    if metric not in METRICS:
        faults.append(Fault("--metric", f'"{metric}" is none.', f"One of {', '.join(METRICS)}."))
    if (origin is None) != (destination is None):
        faults.append(Fault("--origin", "one end alone.", "Name --origin and --destination."))
    if origin is None and (metric == "max-flow" or math.isfinite(delay)):
        what = "asks about one pair of nodes."
        name = "--metric" if metric == "max-flow" else "--delay"
        faults.append(Fault(name, what, "Name --origin and --destination."))
    if origin is not None and metric == "equilibrium":
        mend = "free-flow or max-flow."
        faults.append(Fault("--metric", "equilibrium is not asked of one pair.", mend))
    if faults:
        raise InputError(faults)
    network, trips = read_tntp_network(files[0]), read_tntp_trips(files[1])
    toll_weight, distance_weight = weights
    for text in (*network.notes, *trips.notes):
        note.print(text, markup=False)
    with note.status("reading") as status:
        if origin is not None and destination is not None:
            own = bench(
                network, trips, remove=remove, toll_weight=toll_weight,
                distance_weight=distance_weight,
            )  # fmt: skip
            answers = interdiction_tntp(
                own, origin, destination, k, metric=metric, delay=delay, tell=status.update
            )
            found = None
        else:
            found = criticality_tntp(
                network,
                trips,
                k,
                remove=remove,
                metric=metric,
                toll_weight=toll_weight,
                distance_weight=distance_weight,
                top=top,
                gap=gap,
                seconds=time_limit,
                tell=status.update,
            )
    head = {"network": network.path.name, "metric": metric, "remove": remove, "k": k}
    if found is not None:
        if json:
            print_json(head | _document(found))
        else:
            _print(found, top)
            hint(f"isthmus criticality --tntp {files[0]} {files[1]} -k {k + 1}")
        return
    pair = {"origin": origin, "destination": destination}
    pair["delay"] = delay if math.isfinite(delay) else None  # type: ignore[assignment]
    rows = [_answer(own, size, one, other) for size, one, other in answers]
    if json:
        print_json(head | pair | {"base": answers[0][1].base, "interdiction": rows})
        return
    title = f"{origin} to {destination}, {metric}, {compact(answers[0][1].base)} with nothing gone"
    sides = {"k": "right", "value": "right", "proven": "left", "elements": "left"}
    lines = [
        [str(r["k"]), compact(r["value"]), _yes(r["proven"]), ", ".join(r["elements"])]
        for r in rows
    ]
    print_table(title, sides, lines)
    hint(f"isthmus criticality --tntp {files[0]} {files[1]} -k {k} --json")


def _document(found: TntpCriticality) -> dict[str, Any]:
    """Return what was found as JSON; the schema is in docs/commands.md."""
    problem = found.bench.problem
    return {
        "base": {
            "demand": problem.demand,
            "unserved": found.unserved,
            "total_cost": found.total,
        },
        "singles": {name: records(frame) for name, frame in found.singles.items()},
        "worst": [_size(found, w) for w in found.worst],
        "exact": found.exact,
    }


def _size(found: TntpCriticality, worst: Worst) -> dict[str, Any]:
    """Return the worst sets of one size."""
    return {
        "k": worst.k,
        "n_sets": worst.n_sets,
        "n_disconnecting": worst.n_disconnecting,
        "costly": _ranking(found, worst.costly),
        "disconnecting": _ranking(found, worst.disconnecting),
        "minimal_disconnecting": None
        if worst.minimal is None
        else [_set(found, r) for r in worst.minimal],
        "greedy": None if worst.greedy is None else _set(found, worst.greedy),
        "greedy_fails": None
        if worst.greedy is None or not worst.costly.sets
        else worst.greedy.extra < worst.costly.sets[0].extra * (1.0 - 1e-9),
    }


def _ranking(found: TntpCriticality, ranking: Ranking) -> dict[str, Any]:
    bound = ranking.bound if ranking.bound > -math.inf else None
    return {
        "bound": bound,
        "proven": ranking.proven,
        "sets": [_set(found, r) for r in ranking.sets],
    }


def _set(found: TntpCriticality, removal: Removal) -> dict[str, Any]:
    return {
        "elements": [found.bench.names[e] for e in removal.elements],
        "arcs": found.bench.arcs(removal.elements),
        "extra_cost": removal.extra,
        "unserved": removal.unserved,
    }


def _answer(own: Bench, size: int, one: Interdiction, other: Interdiction | None) -> dict[str, Any]:
    """Return the answer of one size for one pair."""
    graph = own.network.graph()[0]
    row: dict[str, Any] = {
        "k": size,
        "value": one.value,
        "bound": one.bound,
        "proven": one.proven,
        "disconnects": math.isinf(one.value),
        "elements": [own.names[e] for e in one.elements],
        "arcs": own.arcs(one.elements),
        "path": [int(graph.tail[a]) + 1 for a in one.path[:1]]
        + [int(graph.head[a]) + 1 for a in one.path],
        "masters": one.masters,
    }
    if other is not None:
        row["joined"] = _answer(own, size, other, None)
    return row


def _print(found: TntpCriticality, top: int) -> None:
    """Print the worst elements, then the worst sets of each size."""
    name = found.bench.remove
    frame = found.singles[name].head(top)
    base = f"total cost {compact(found.total)} with nothing gone"
    rows = [
        [str(r.element), compact(r.extra_cost, sign=True), compact(r.unserved)]
        for r in frame.itertuples()
    ]
    sides = {"element": "left", "added cost": "right", "unserved": "right"}
    print_table(f"One of the {name} gone, {found.metric}; {base}", sides, rows)
    for worst in found.worst[1:]:
        for kind, ranking in (("costly", worst.costly), ("disconnecting", worst.disconnecting)):
            rows = [
                [
                    ", ".join(found.bench.names[e] for e in r.elements),
                    compact(r.extra, sign=True),
                    compact(r.unserved),
                ]
                for r in ranking.sets
            ]
            proof = "proven" if ranking.proven else f"not proven, bound {compact(ranking.bound)}"
            title = f"Worst {worst.k} together that are {kind}, {proof}"
            print_table(title, sides | {"element": "left"}, rows)
        if worst.n_disconnecting is not None:
            out.print(f"  {worst.n_disconnecting:,} of {worst.n_sets:,} sets disconnect")
        if worst.greedy is not None and worst.costly.sets:
            best = worst.costly.sets[0].extra
            said = "fails" if worst.greedy.extra < best * (1.0 - 1e-9) else "finds it"
            out.print(f"  one after the other (greedy): {compact(worst.greedy.extra)}, {said}")


def _yes(value: bool) -> str:
    return "yes" if value else "no"

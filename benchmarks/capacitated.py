"""
System optimum under hard capacities: cold, after one change, and as the plain programme of arc flows.

A random network the size of a corridor model, loaded until some dozens of arcs are full. Run
``python benchmarks/capacitated.py [--seed N]``.
"""

from __future__ import annotations

import argparse
import time

import highspy
import numpy as np
from record import Record, shared_arguments
from scipy.sparse import coo_array

from isthmus.assign.all_or_nothing import all_or_nothing
from isthmus.assign.base import Trips, build_graph
from isthmus.assign.capacitated import capacitated

N_NODE, N_ARC, N_CLASS, N_PAIR, N_ZONE, TIGHT, RE_SOLVES = 400, 1500, 5, 200, 400, 45, 30


def instance(seed, n_zone=N_ZONE):
    """Return graph, cost, trips and capacity: neighbours on a plane, classes that agree roughly."""
    rng = np.random.default_rng(seed)
    place = rng.random((N_NODE, 2))
    apart = np.hypot(*(place[:, None] - place[None]).T)
    ring = rng.permutation(N_NODE)
    pairs = {(min(a, b), max(a, b)) for a, b in zip(ring, np.roll(ring, 1), strict=True)}
    near = np.argsort(apart, axis=1)[:, 1:]
    for rank in range(N_NODE):
        for a in range(N_NODE):
            if len(pairs) < N_ARC // 2:
                pairs.add((min(a, near[a, rank]), max(a, near[a, rank])))
    a, b = np.array(sorted(pairs)).T
    tail, head = np.concatenate([a, b]), np.concatenate([b, a])
    graph, order = build_graph(tail, head, N_NODE)
    length = (1.0 + 100.0 * apart[tail, head])[order]
    cost = length * rng.uniform(0.5, 2.0, (N_CLASS, 1)) * rng.uniform(0.8, 1.25, (N_CLASS, N_ARC))
    m = N_CLASS * N_PAIR
    origin = rng.integers(0, n_zone, m)
    trips = Trips(
        np.repeat(np.arange(N_CLASS), N_PAIR).astype(np.int32),
        origin.astype(np.int32),
        ((origin + rng.integers(1, n_zone, m)) % n_zone).astype(np.int32),
        rng.lognormal(9.0, 1.0, m),
    )
    flow = all_or_nothing(graph, cost, trips).arc_flow.sum(axis=0)
    # capacities that the least-cost flows exceed on the busiest arcs, and that others can take over
    capacity = np.full(N_ARC, np.inf)
    busy = np.argsort(-flow)[: TIGHT * 3]
    capacity[busy] = np.quantile(flow[busy], 0.6) * rng.uniform(0.8, 1.2, len(busy))
    return graph, cost, trips, capacity


def arc_form(graph, cost, trips, capacity, penalty):
    """Solve the plain programme: a flow on each arc for each class and origin; return cost."""
    groups = sorted(set(zip(trips.klass.tolist(), trips.origin.tolist(), strict=True)))
    n, n_arc = graph.n_node, graph.n_arc
    m = len(trips.flow)
    highs = highspy.Highs()
    row, col, val, rhs, price = [], [], [], np.zeros(len(groups) * n), []
    number = {g: i for i, g in enumerate(groups)}
    for i, (k, _) in enumerate(groups):
        each = i * n_arc + np.arange(n_arc)
        row += [i * n + graph.tail, i * n + graph.head]
        col += [each, each]
        val += [np.ones(n_arc), -np.ones(n_arc)]
        price.append(cost[k])
    group = np.array(
        [number[g] for g in zip(trips.klass.tolist(), trips.origin.tolist(), strict=True)]
    )
    left = len(groups) * n_arc + np.arange(m)
    row += [group * n + trips.origin, group * n + trips.destination]
    col += [left, left]
    val += [np.ones(m), -np.ones(m)]
    np.add.at(rhs, group * n + trips.origin, trips.flow)
    np.add.at(rhs, group * n + trips.destination, -trips.flow)
    tight = np.flatnonzero(np.isfinite(capacity))
    for i in range(len(groups)):
        row.append(len(rhs) + np.arange(len(tight)))
        col.append(i * n_arc + tight)
        val.append(np.ones(len(tight)))
    shape = (len(rhs) + len(tight), len(groups) * n_arc + m)
    matrix = coo_array(
        (np.concatenate(val), (np.concatenate(row), np.concatenate(col))), shape
    ).tocsc()
    highs.setOptionValue("output_flag", False)
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = shape
    lp.col_cost_ = np.concatenate([*price, np.full(m, penalty)])
    lp.col_lower_, lp.col_upper_ = np.zeros(shape[1]), np.full(shape[1], np.inf)
    lp.row_lower_ = np.concatenate([rhs, np.full(len(tight), -np.inf)])
    lp.row_upper_ = np.concatenate([rhs, capacity[tight]])
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data
    highs.passModel(lp)
    started = time.perf_counter()
    highs.run()
    return highs.getInfo().objective_function_value, time.perf_counter() - started, shape


def measure(seed):
    """Solve cold, re-solve after changes of one capacity, and solve the form by arcs; returns what came."""
    compile_first = capacitated(*instance(seed + 1), penalty=1e4)
    assert compile_first.converged
    graph, cost, trips, capacity = instance(seed)
    penalty = 1e4
    started = time.perf_counter()
    found = capacitated(graph, cost, trips, capacity, penalty=penalty)
    cold = time.perf_counter() - started
    rng = np.random.default_rng(seed)
    full = np.flatnonzero(found.dual > 0)
    times, steps = [], []
    for arc in rng.choice(full, RE_SOLVES):
        changed = capacity.copy()
        changed[arc] *= rng.uniform(0.5, 1.5)
        started = time.perf_counter()
        again = capacitated(graph, cost, trips, changed, penalty=penalty, start=found)
        times.append(time.perf_counter() - started)
        steps.append(again.iterations)
        assert again.converged
    value, seconds, shape = arc_form(graph, cost, trips, capacity, penalty)
    return {
        "nodes": graph.n_node,
        "arcs": graph.n_arc,
        "trips": len(trips.flow),
        "binding": int((found.dual > 0).sum()),
        "gap": found.gap,
        "cold": cold,
        "again": times,
        "iterations": [found.iterations, float(np.median(steps))],
        "arc_form": seconds,
        "rows": shape[0],
        "columns": shape[1],
        "apart": abs(value - found.objective) / found.objective,
    }


def run(asked):
    """Run the benchmark; returns its results."""
    record = Record("capacitated", {"seed": asked.seed}, asked.fresh)
    if "made" not in record:
        found = measure(asked.seed)
        record.save("made", found)
        print(
            f"cold {found['cold']:.3f} s, again {np.median(found['again']):.4f} s, "
            f"by arcs {found['arc_form']:.1f} s, apart {found['apart']:.1e}"
        )
    return record


def arguments(parser):
    """Add the options of this part."""
    parser.add_argument("--seed", type=int, default=0, help="of the made capacitated network")


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    shared_arguments(parser)
    arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()

"""Delay laws against quadrature, differences and what their authors say of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from isthmus.assign.base import Delay, Trips, build_graph
from isthmus.assign.stochastic import stochastic
from isthmus.errors import CostError
from isthmus.kernels import delay as kernels
from isthmus.kernels.delay import BPR, CONICAL, LAWS, NONE, QUEUE

T0, CAPACITY = 3.0, 40.0
CURVES = [
    (NONE, 1.0, 1.0),
    *((BPR, 0.15, b) for b in (0.0, 0.5, 1.0, 1.5, 4.0)),
    *((QUEUE, 0.7, b) for b in (0.0, 0.5, 0.95)),
    *((CONICAL, 1.0, b) for b in (1.05, 1.5, 4.0, 12.0, 200.0)),
    (CONICAL, 0.15, 4.0),
]
"""Law, a, b."""
RATIOS = [0.003, 0.1, 0.4, 0.7, 0.96, 1.0, 1.03, 1.6, 5.0]
"""Flows over capacity; none is a knee of a queue."""


def spiess(r, alpha):
    """The conical function as printed by Spiess 1990."""
    beta = (2 * alpha - 1) / (2 * alpha - 2)
    return 2 + np.sqrt(alpha**2 * (1 - r) ** 2 + beta**2) - alpha * (1 - r) - beta


def at(function, curve, ratio):
    law, a, b = curve
    return function(law, T0, CAPACITY, a, b, ratio * CAPACITY)


def test_every_law_is_tried():
    assert {law for law, _, _ in CURVES} == set(LAWS.values())


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("curve", CURVES)
def test_slope_is_that_of_the_value(curve, ratio):
    step = 1e-5 * ratio
    wide = at(kernels.value, curve, ratio + step) - at(kernels.value, curve, ratio - step)
    found = at(kernels.derivative, curve, ratio)
    assert found == pytest.approx(wide / (2 * step * CAPACITY), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("curve", CURVES)
def test_integral_is_the_area_under_the_value(curve, ratio):
    knees = [k for k in (curve[2], 1.0) if 0.0 < k < ratio] or None
    area, _ = quad(
        lambda r: at(kernels.value, curve, r), 0.0, ratio, points=knees, epsabs=0.0, epsrel=1e-12
    )
    assert at(kernels.integral, curve, ratio) == pytest.approx(area * CAPACITY, rel=1e-9)


@pytest.mark.parametrize("curve", CURVES)
def test_no_flow(curve):
    law, a, b = curve
    free = T0 * a if law == BPR and b == 0.0 else 0.0
    assert at(kernels.value, curve, 0.0) == free
    assert at(kernels.integral, curve, 0.0) == 0.0
    slope = at(kernels.derivative, curve, 0.0)
    if law == BPR and 0.0 < b < 1.0:
        assert slope == np.inf, "a root stands upright on zero"
    else:
        rise = at(kernels.value, curve, 1e-10) - free
        assert slope == pytest.approx(rise / (1e-10 * CAPACITY), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("curve", CURVES)
def test_delays_never_fall_and_grow_ever_faster(curve):
    law, _, b = curve
    ratios = np.linspace(0.01, 3.0, 400)
    slopes = np.array([at(kernels.derivative, curve, r) for r in ratios])
    assert (slopes >= 0.0).all()
    if law == BPR and 0.0 < b < 1.0:
        assert (np.diff(slopes) < 0.0).all(), (
            "a root grows ever slower: no convex cost, but a convex integral"
        )
    else:
        assert (np.diff(slopes) >= -1e-12 * slopes[1:]).all()


@pytest.mark.parametrize("ratio", [0.0, *RATIOS])
@pytest.mark.parametrize("curve", CURVES)
def test_rise_is_value_and_slope(curve, ratio):
    law, a, b = curve
    delay, slope = kernels.rise(law, T0, CAPACITY, a, b, ratio * CAPACITY, False)
    assert delay == pytest.approx(at(kernels.value, curve, ratio), rel=1e-13)
    if ratio == 0.0 and law == BPR and 0.0 < b < 1.0:
        assert slope == pytest.approx(at(kernels.derivative, curve, 1e-6), rel=1e-12), "finite"
    else:
        assert slope == pytest.approx(at(kernels.derivative, curve, ratio), rel=1e-13)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("curve", CURVES)
def test_marginal_rise_is_the_slope_of_the_total(curve, ratio):
    law, a, b = curve
    flow = ratio * CAPACITY

    def marginal(x):
        return kernels.rise(law, T0, CAPACITY, a, b, x, True)

    def total(x):
        return x * kernels.value(law, T0, CAPACITY, a, b, x)

    step = 1e-5 * flow
    delay, slope = marginal(flow)
    wide = (total(flow + step) - total(flow - step)) / (2 * step)
    assert delay == pytest.approx(wide, rel=1e-6, abs=1e-12)
    wide = (marginal(flow + step)[0] - marginal(flow - step)[0]) / (2 * step)
    assert slope == pytest.approx(wide, rel=1e-5, abs=1e-11)


@pytest.mark.parametrize("alpha", [1.05, 2.0, 4.0, 12.0])
def test_a_conical_law_is_that_of_spiess(alpha):
    assert spiess(0.0, alpha) == pytest.approx(1.0)
    assert spiess(1.0, alpha) == pytest.approx(2.0)
    for ratio in (0.0, *RATIOS):
        curve = (CONICAL, 1.0, alpha)
        assert T0 + at(kernels.value, curve, ratio) == pytest.approx(
            T0 * spiess(ratio, alpha), rel=1e-12
        )
    assert at(kernels.value, (CONICAL, 1.0, alpha), 1.0) == pytest.approx(T0, rel=1e-14)
    steepest = at(kernels.derivative, (CONICAL, 1.0, alpha), 1e4) * CAPACITY
    assert steepest == pytest.approx(2 * alpha * T0, rel=1e-6), "f' < 2 alpha"
    assert steepest <= 2 * alpha * T0


def test_a_conical_law_keeps_its_digits_at_little_flow():
    """The printed form loses all of them: it takes 1 from a number that rounds to 1."""
    curve = (CONICAL, 1.0, 4.0)
    tiny = 1e-18
    slope = at(kernels.derivative, curve, 0.0)
    assert at(kernels.value, curve, tiny) == pytest.approx(slope * tiny * CAPACITY, rel=1e-12)


@pytest.mark.parametrize("law", [BPR, QUEUE, CONICAL])
def test_an_arc_that_takes_nothing(law):
    b = 2.0 if law == CONICAL else 0.5
    assert kernels.value(law, 1.0, 0.0, 1.0, b, 1.0) == np.inf
    assert kernels.value(law, 1.0, 0.0, 1.0, b, 0.0) == 0.0
    assert kernels.integral(law, 1.0, 0.0, 1.0, b, 1.0) == np.inf


@pytest.mark.parametrize("law", [BPR, QUEUE, CONICAL])
def test_an_arc_that_takes_nothing_is_a_wall_for_every_function(law):
    """No flow waits nowhere, any flow for ever: value, slope and area; a step length is no certificate."""
    b = 2.0 if law == CONICAL else 0.5
    assert kernels.derivative(law, 1.0, 0.0, 1.0, b, 0.0) == np.inf
    assert kernels.integral(law, 1.0, 0.0, 1.0, b, 0.0) == 0.0
    assert kernels.rise(law, 1.0, 0.0, 1.0, b, 1.0, False) == (0.0, 0.0)
    for function in (kernels.value, kernels.derivative, kernels.integral):
        assert function(law, 1.0, 0.0, 0.0, b, 1.0) == 0.0, "no delay, no wall"
        assert function(NONE, 1.0, 0.0, 1.0, b, 1.0) == 0.0


@pytest.mark.parametrize("scale", [1e-3, 1e6])
@pytest.mark.parametrize("ratio", [0.0, *RATIOS])
@pytest.mark.parametrize("curve", CURVES)
def test_only_flow_over_capacity_matters(curve, ratio, scale):
    """In other units of flow the hours are the same, the slope is so much less, the area so much more."""
    law, a, b = curve
    one = (law, T0, CAPACITY, a, b, ratio * CAPACITY)
    other = (law, T0, CAPACITY * scale, a, b, ratio * CAPACITY * scale)
    assert kernels.value(*other) == pytest.approx(kernels.value(*one), rel=1e-12)
    assert kernels.derivative(*other) * scale == pytest.approx(kernels.derivative(*one), rel=1e-12)
    assert kernels.integral(*other) == pytest.approx(kernels.integral(*one) * scale, rel=1e-12)
    for marginal in (False, True):
        delay, slope = kernels.rise(*one, marginal)
        scaled = kernels.rise(*other, marginal)
        assert (scaled[0], scaled[1] * scale) == pytest.approx((delay, slope), rel=1e-12)


@pytest.mark.parametrize("curve", CURVES)
def test_a_flow_below_nothing_waits_like_none(curve):
    """Rounding may leave a flow a little under 0: its delay, slope and area are those of no flow."""
    for function in (kernels.value, kernels.derivative, kernels.integral):
        assert at(function, curve, -1e-9) == at(function, curve, 0.0)
    law, a, b = curve
    below, none = (kernels.rise(law, T0, CAPACITY, a, b, x, False) for x in (-1e-9, 0.0))
    assert below == none


def test_many_arcs_at_once_are_each_alone():
    """Value, derivative and integral of every arc, in that order."""
    law, a, b = (np.array(x) for x in zip(*CURVES, strict=True))
    flow = np.linspace(0.0, 2.0, len(law)) * CAPACITY
    full = np.full(len(law), CAPACITY)
    out = np.empty((3, len(law)))
    kernels.evaluate(law.astype(np.int8), np.full(len(law), T0), full, a, b, flow, out)
    for i in range(len(law)):
        for j, function in enumerate((kernels.value, kernels.derivative, kernels.integral)):
            assert out[j, i] == function(law[i], T0, CAPACITY, a[i], b[i], flow[i])


@pytest.mark.parametrize(("law", "b"), [(QUEUE, 1.0), (CONICAL, 1.0), (CONICAL, 0.5), (9, 1.0)])
def test_a_law_of_no_shape_is_refused(law, b):
    graph, _ = build_graph([0], [1], 2)
    one = np.ones(1)
    laws = Delay(np.array([law], np.int8), one, one, one, np.array([b]))
    zero = np.zeros(1, np.int32)
    with pytest.raises(CostError, match="arc 0"):
        stochastic(graph, one, Trips(zero, zero, zero + 1, one), delay=laws, mu=1.0)

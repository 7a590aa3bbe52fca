"""
Delay laws: hours added to the free-flow time of an arc by the flow on it.

Each law is one triple: value, derivative, integral from zero flow (docs/model.md eq. 8 to 11 and 19), and `rise`, value
and derivative at once. A new law is a new branch in each of the four and a new number; the property tests walk over
`LAWS`.

All laws take the same five numbers: free-flow or service time `t0` [h], `capacity` [t/yr], size `a` [-], shape `b` [-]
and flow [t/yr]. `t0` only scales the delay: the free-flow hours themselves are part of the cost without delay. Each law
is `t0 * a` times a curve of v/c that is 0 at no flow (but for BPR with b = 0, a constant). Capacity 0 is an arc that
takes nothing: the delay of any positive flow is infinite.
"""

import numpy as np
from numba import njit

NONE = 0
"""No delay: the arc has no known capacity, and somebody said so."""
BPR = 1
"""t0 * a * (v/c)**b: Bureau of Public Roads, Traffic Assignment Manual, 1964."""
QUEUE = 2
"""t0 * a * r/(1 - r), r = v/c, up to r = b; beyond, its tangent (Davidson 1966; linear part after Tisato 1991)."""
CONICAL = 3
"""t0 * a * (f(v/c) - 1), f(r) = 2 + sqrt(b^2 (1 - r)^2 + e^2) - b (1 - r) - e, e = (2b - 1)/(2b - 2), b > 1: H. Spiess,
"Conical volume-delay functions", Transportation Science 24(2), 1990, where b is called alpha and a is 1. The delay is 0 at
no flow and t0 * a at capacity, as with BPR, but rises no steeper than 2 a b t0/c however far above."""
LAWS = {"none": NONE, "bpr": BPR, "queue": QUEUE, "conical": CONICAL}


@njit(cache=True, nogil=True)
def _cone(r, b):
    """
    Return the two long sides of the cone of (19): the root, and the root less b (1 - r).

    Neither side is the difference of two near numbers: digits are kept at no flow and for steep cones.
    """
    e = 1.0 + 0.5 / (b - 1.0)
    y = b * (1.0 - r)
    root = np.sqrt(y * y + e * e)
    return root, (e * e / (root + y) if y > 0.0 else root - y)


@njit(cache=True, nogil=True)
def value(law, t0, capacity, a, b, flow):
    """
    Delay at a flow.

    Parameters
    ----------
    law : int
        One of `LAWS`.
    t0, capacity, a, b, flow : float
        As in the module's docstring.

    Returns
    -------
    float
        Delay. [h]
    """
    scale = t0 * a
    if law == NONE or scale == 0.0:
        return 0.0
    if capacity <= 0.0:
        return np.inf if flow > 0.0 else 0.0
    r = max(flow, 0.0) / capacity
    if law == BPR:
        return scale * r**b
    if law == CONICAL:
        root, w = _cone(r, b)
        w0 = 0.5 / (b - 1.0)
        return scale * b * r * (w + w0) / (root + b + w0)
    if r <= b:
        return scale * r / (1.0 - r)
    slack = 1.0 - b
    return scale * (b / slack + (r - b) / (slack * slack))


@njit(cache=True, nogil=True)
def derivative(law, t0, capacity, a, b, flow):
    """
    Slope of the delay, from the right at zero flow (0, a number, or inf for 0 < b < 1).

    Parameters
    ----------
    law : int
        One of `LAWS`.
    t0, capacity, a, b, flow : float
        As in the module's docstring.

    Returns
    -------
    float
        Slope. [h per t/yr]
    """
    scale = t0 * a
    if law == NONE or scale == 0.0:
        return 0.0
    if capacity <= 0.0:
        return np.inf
    r = max(flow, 0.0) / capacity
    if law == BPR:
        if b == 0.0:
            return 0.0
        if r == 0.0:
            if b > 1.0:
                return 0.0
            if b < 1.0:
                return np.inf
        return scale * b / capacity * r ** (b - 1.0)
    if law == CONICAL:
        root, w = _cone(r, b)
        return scale * b / capacity * w / root
    slack = 1.0 - min(r, b)
    return scale / (capacity * slack * slack)


@njit(cache=True, nogil=True)
def integral(law, t0, capacity, a, b, flow):
    """
    Integral of the delay from zero to a flow.

    Parameters
    ----------
    law : int
        One of `LAWS`.
    t0, capacity, a, b, flow : float
        As in the module's docstring.

    Returns
    -------
    float
        Integral. [h * t/yr]
    """
    scale = t0 * a
    if law == NONE or scale == 0.0 or flow <= 0.0:
        return 0.0
    if capacity <= 0.0:
        return np.inf
    r = flow / capacity
    if law == BPR:
        return scale * r**b * flow / (b + 1.0)
    if law == CONICAL:
        # with w for the variable, the delay is w - w0 and dr = (1 + (e/w)^2) dw / 2b
        w0 = 0.5 / (b - 1.0)
        e = 1.0 + w0
        gain = value(law, 1.0, 1.0, 1.0, b, r)
        z = gain / w0
        return (
            scale * capacity * (0.5 * gain**2 + e * e * (np.log1p(z) - z / (1.0 + z))) / (2.0 * b)
        )
    k = min(r, b)
    area = -k - np.log1p(-k)
    if r > b:
        over = r - b
        slack = 1.0 - b
        area += over * b / slack + 0.5 * over * over / (slack * slack)
    return scale * capacity * area


@njit(cache=True, nogil=True)
def evaluate(law, t0, capacity, a, b, flow, out):
    """
    Value, derivative and integral of many arcs at once.

    Parameters
    ----------
    law : ndarray of int8, shape (n,)
    t0, capacity, a, b, flow : ndarray of float64, shape (n,)
    out : ndarray of float64, shape (3, n)
        Filled with value [h], derivative [h per t/yr] and integral [h * t/yr].
    """
    for i in range(law.size):
        out[0, i] = value(law[i], t0[i], capacity[i], a[i], b[i], flow[i])
        out[1, i] = derivative(law[i], t0[i], capacity[i], a[i], b[i], flow[i])
        out[2, i] = integral(law[i], t0[i], capacity[i], a[i], b[i], flow[i])


@njit(cache=True, nogil=True)
def rise(law, t0, capacity, a, b, flow, marginal):
    """
    Value and derivative of a delay at once, or of the marginal delay d(flow * delay)/dflow.

    Parameters
    ----------
    law : int
        One of `LAWS`.
    t0, capacity, a, b, flow : float
        As in the module's docstring.
    marginal : bool

    Returns
    -------
    delay : float
        [h]
    slope : float
        For 0 < b < 1 taken no nearer to zero flow than a millionth of capacity, where it is finite: a
        step length, not a certificate. [h per t/yr]
    """
    scale = t0 * a
    if law == NONE or scale == 0.0 or capacity <= 0.0:
        return 0.0, 0.0
    r = max(flow, 0.0) / capacity
    if law == BPR:
        if b == 4.0:
            cube = r * r * r
            if marginal:
                return 5.0 * scale * cube * r, 20.0 * scale * cube / capacity
            return scale * cube * r, 4.0 * scale * cube / capacity
        if b == 0.0:
            return scale, 0.0
        if b < 1.0:
            delay = scale * r**b
            slope = scale * b / capacity * max(r, 1e-6) ** (b - 1.0)
        else:
            lower = 1.0 if b == 1.0 else r ** (b - 1.0)
            delay = scale * lower * r
            slope = scale * b * lower / capacity
        if marginal:
            return (b + 1.0) * delay, (b + 1.0) * slope
        return delay, slope
    if law == QUEUE:
        k = min(r, b)
        slack = 1.0 - k
        steep = 1.0 / (slack * slack)
        delay = scale * (k / slack + (r - k) * steep)
        slope = scale * steep / capacity
        if marginal:
            curve = 2.0 * r * steep / slack if r < b else 0.0
            return delay + scale * r * steep, 2.0 * slope + scale * curve / capacity
        return delay, slope
    if law == CONICAL:
        root, w = _cone(r, b)
        w0 = 0.5 / (b - 1.0)
        delay = scale * b * r * (w + w0) / (root + b + w0)
        slope = scale * b * w / (root * capacity)
        if marginal:
            bend = scale * (b * (1.0 + w0) / root) ** 2 / root
            return delay + slope * flow, 2.0 * slope + bend * r / capacity
        return delay, slope
    return 0.0, 0.0

"""Values, core and nucleolus against published games and against twins that nobody tuned."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import isthmus as ist
from isthmus.errors import InputError
from isthmus.games import (
    VotingGame,
    core_is_empty,
    kohlberg,
    least_core,
    prenucleolus,
    sampled_shapley,
    subset_sums,
)


def members(mask, n):
    return [i for i in range(n) if mask >> i & 1]


def vector(n, worth):
    return np.array([worth(members(s, n)) if s else 0.0 for s in range(1 << n)], dtype=float)


def airport(cost):
    return vector(len(cost), lambda S: max(cost[i] for i in S))


def bankruptcy(estate, claims):
    n = len(claims)
    return vector(n, lambda S: max(0, estate - sum(claims[i] for i in range(n) if i not in S)))


def gloves(left, right):
    n = left + right
    return vector(n, lambda S: min(sum(i < left for i in S), sum(i >= left for i in S)))


# ---- published answers


def test_two_left_gloves_and_a_right_one():
    v = gloves(2, 1)
    assert ist.shapley(v) == pytest.approx([1 / 6, 1 / 6, 2 / 3])
    assert ist.nucleolus(v) == pytest.approx([0, 0, 1], abs=1e-12)
    assert ist.in_core(v, [0, 0, 1])
    assert not ist.in_core(v, ist.shapley(v))


def test_airport_of_four():
    """Littlechild and Owen 1973; the values stand on Wikipedia, "Airport problem"."""
    v = -airport([8, 11, 13, 18])
    assert -ist.shapley(v) == pytest.approx([2, 3, 4, 9])
    assert -ist.nucleolus(v) == pytest.approx([3.25, 3.25, 3.25, 8.25])


@pytest.mark.parametrize(
    ("estate", "nucleolus", "shapley"),
    [
        (100, [100 / 3] * 3, [100 / 3] * 3),
        (200, [50, 75, 75], [100 / 3, 250 / 3, 250 / 3]),
        (300, [50, 100, 150], [50, 100, 150]),
    ],
)
def test_talmud(estate, nucleolus, shapley):
    """Ketubot 93a by Aumann and Maschler, Journal of Economic Theory 36, 1985."""
    v = bankruptcy(estate, [100, 200, 300])
    assert ist.nucleolus(v) == pytest.approx(nucleolus)
    assert ist.shapley(v) == pytest.approx(shapley)
    assert kohlberg(v, nucleolus).holds


def test_security_council():
    council = VotingGame(39, [7] * 5 + [1] * 10)
    index = council.shapley()
    assert index == (Fraction(421, 2145),) * 5 + (Fraction(4, 2145),) * 10
    assert council.swings() == (848,) * 5 + (84,) * 10
    assert council.banzhaf() == (Fraction(106, 635),) * 5 + (Fraction(21, 1270),) * 10
    v = council.values()
    assert ist.shapley(v) == pytest.approx([float(f) for f in index])
    assert ist.nucleolus(v) == pytest.approx([0.2] * 5 + [0.0] * 10, abs=1e-12)


def test_council_of_six():
    council = VotingGame(12, [4, 4, 4, 2, 2, 1])
    v = council.values()
    assert council.shapley() == (Fraction(7, 30),) * 3 + (Fraction(3, 20),) * 2 + (0,)
    assert council.banzhaf() == (Fraction(5, 21),) * 3 + (Fraction(1, 7),) * 2 + (0,)
    assert ist.shapley(v)[5] == 0.0, "Luxembourg is a dummy, not a rounding"
    assert ist.banzhaf(v, normalized=True) == pytest.approx([5 / 21] * 3 + [1 / 7] * 2 + [0])
    assert ist.nucleolus(v) == pytest.approx([0.25] * 3 + [0.125] * 2 + [0], abs=1e-12)


def test_council_of_nine():
    council = VotingGame(41, [10] * 4 + [5] * 2 + [3] * 2 + [2])
    want = [Fraction(5, 28)] * 4 + [Fraction(17, 210)] * 2 + [Fraction(2, 35)] * 2
    assert council.shapley() == (*want, Fraction(1, 105))
    assert council.swings() == (53,) * 4 + (29,) * 2 + (21,) * 2 + (5,)
    assert sum(council.swings()) == 317


def test_council_of_twelve():
    council = VotingGame(54, [10] * 4 + [8] + [5] * 4 + [3] * 2 + [2])
    want = [Fraction(31, 231)] * 4 + [Fraction(257, 2310)] + [Fraction(589, 9240)] * 4
    assert council.shapley() == (*want, *[Fraction(59, 1386)] * 2, Fraction(41, 3465))


def test_union_of_twenty_seven_under_nice():
    weights = [29] * 4 + [27] * 2 + [14, 13] + [12] * 5 + [10] * 3 + [7] * 5 + [4] * 5 + [3]
    union = VotingGame(255, weights)
    index = union.shapley()
    assert sum(index) == 1
    want = {29: 0.0867377, 27: 0.0799746, 14: 0.0399366, 13: 0.0368250, 12: 0.0340683}
    want |= {10: 0.0281931, 7: 0.0196060, 4: 0.0110419, 3: 0.0081777}
    for weight, found in zip(weights, index, strict=True):
        assert float(found) == pytest.approx(want[weight], abs=5.1e-8)
    assert union.swings()[0] == 2193664
    assert union.swings()[-1] == 265568


def test_four_players_of_coopgame():
    """Manual of the R package CoopGame, `nucleolus`; its order is by size, then lexicographic."""
    listed = [0, 0, 0, 0, 5, 5, 8, 9, 10, 8, 13, 15, 16, 17, 21]
    v = np.zeros(16)
    sets = [S for k in range(1, 5) for S in combinations(range(4), k)]
    for S, worth in zip(sets, listed, strict=True):
        v[sum(1 << i for i in S)] = worth
    assert ist.nucleolus(v) == pytest.approx([3.5, 4.5, 5.5, 7.5])
    assert ist.shapley(v) == pytest.approx([47 / 12, 21 / 4, 21 / 4, 79 / 12])


# ---- forms that games take


@pytest.mark.parametrize("value", [5.0, 0.0, -3.0])
def test_one_player_gets_all(value):
    for found in (ist.shapley, ist.banzhaf, ist.nucleolus, prenucleolus):
        assert found([0, value]).tolist() == [value]
    assert ist.in_core([0, value], [value])
    assert not core_is_empty([0, value])
    assert kohlberg([0, value], [value]).holds


def test_games_without_surplus():
    own = np.array([0.1, 0.2, -0.3, 1e9])
    v = subset_sums(own)
    assert ist.nucleolus(v) == pytest.approx(own)
    assert ist.shapley(v) == pytest.approx(own)
    assert ist.in_core(v, own)
    assert ist.nucleolus(np.zeros(8)).tolist() == [0.0, 0.0, 0.0]
    assert not core_is_empty(np.zeros(8))


def test_lists_integers_and_fractions_are_games():
    v = [0, 0, 0, Fraction(1, 2)]
    assert ist.shapley(v).tolist() == [0.25, 0.25]
    assert ist.nucleolus(np.array([0, 0, 0, 1], dtype=np.int8)).tolist() == [0.5, 0.5]
    given = np.array([0.0, 1.0, 2.0, 4.0])
    for function in (ist.shapley, ist.banzhaf, ist.nucleolus):
        function(given)
    assert given.tolist() == [0.0, 1.0, 2.0, 4.0], "the vector belongs to the caller"


def test_costs_have_no_nucleolus_but_their_negatives_do():
    with pytest.raises(InputError, match="pass -c"):
        ist.nucleolus(airport([8, 11, 13, 18]))


@pytest.mark.parametrize(
    ("v", "wanted"),
    [
        ([0, 0, 0, 6, 0, 4, -1e10, 10], [5, 3, 2]),
        ([0, 1, 2, 6, 3, 7, -1e12, 12], [4, 3.5, 4.5]),
        ([0, 0, 0, 1e9, 0, 0, 0, 1], [0.5, 0.5, 0]),
    ],
)
def test_a_penalty_or_a_worth_out_of_reach_spoils_no_scale(v, wanted):
    """Solved by rational arithmetic: a forbidden pair, and one worth more than all."""
    assert ist.nucleolus(v) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("alone", [1e8, 1e9])
def test_what_each_has_alone_hides_no_complaint(alone):
    """Any two of three share 1: the core is empty, whatever each owns besides."""
    v = np.array([0, 0, 0, 1, 0, 1, 1, 1.0]) + subset_sums([alone] * 3)
    x = ist.nucleolus(v)
    assert x - alone == pytest.approx([1 / 3] * 3, abs=1e-6)
    assert core_is_empty(v)
    assert not ist.in_core(v, x)
    assert kohlberg(v, x).holds
    assert not kohlberg(v, x + np.array([0.2, -0.2, 0])).holds
    v[-1] -= 2.0
    with pytest.raises(InputError, match="worth 1 less"):
        ist.nucleolus(v)


@pytest.mark.parametrize("tolerance", [float("nan"), float("inf"), -1, "a", None])
def test_what_is_no_tolerance_is_said(tolerance):
    for ask in (kohlberg, ist.in_core):
        with pytest.raises(InputError, match="tolerance"):
            ask([0, 0, 0, 1], [0.5, 0.5], tolerance=tolerance)
    with pytest.raises(InputError, match="tolerance"):
        core_is_empty([0, 0, 0, 1], tolerance=tolerance)


@pytest.mark.parametrize(
    "v",
    [
        [0, 0, 0, 10**400],
        [0, 0, 0, 1e308],
        ["0", "0", "0", "1"],
        np.array([0, 0, 0, 1j]),
        np.ma.array([0.0, 0, 0, 1], mask=[0, 0, 1, 0]),
        np.zeros(4, "timedelta64[s]"),
    ],
)
def test_what_would_be_misread_is_refused(v):
    for solve in (ist.shapley, ist.banzhaf, ist.nucleolus):
        with pytest.raises(InputError, match=r"v: |v\[3\]"):
            solve(v)


def test_a_sample_leaves_room_for_what_it_never_saw():
    """The Security Council: a hundred pairs of orders rarely show an elected member turn a vote."""
    council = VotingGame(39, [7] * 5 + [1] * 10)
    exact = [float(x) for x in council.shapley()]

    def worth(s):
        return float(sum(([7] * 5 + [1] * 10)[i] for i in range(15) if s >> i & 1) >= 39)

    held = []
    for seed in range(40):
        found = sampled_shapley(worth, 15, pairs=100, seed=seed)
        held.append((found.low <= exact) & (exact <= found.high))
    assert np.mean([h[5:] for h in held]) > 0.9
    assert np.mean([h[:5] for h in held]) > 0.9


def test_prenucleolus_may_give_less_than_alone():
    v = vector(3, lambda S: {1: 0, 2: -5, 3: 1}[len(S)] if S != [0, 1] else 9.0)
    pre, own = prenucleolus(v), ist.nucleolus(v)
    assert pre.min() < 0.0 <= own.min() + 1e-12
    assert kohlberg(v, pre, floor=False).holds
    assert kohlberg(v, own).holds
    assert not kohlberg(v, pre).holds


@pytest.mark.parametrize(
    ("v", "text"),
    [
        ([], "0 values"),
        ([0], "1 values"),
        ([0, 1, 2], "(?s)3 values.*4 for 2 players"),
        ([0, 1, np.nan, 3], r"v\[2\] is nan, coalition \{1\}"),
        ([0, 1, 2, np.inf], r"v\[3\] is inf"),
        ([1, 1], "empty coalition"),
        ([[0, 1], [2, 3]], "no vector"),
        (["a", "b"], "not numbers"),
        (7, "no vector"),
    ],
)
def test_what_is_no_game_is_said(v, text):
    for function in (ist.shapley, ist.banzhaf, ist.nucleolus, core_is_empty):
        with pytest.raises(InputError, match=text):
            function(v)


def test_what_is_no_payoff_is_said():
    for x, text in (([1.0], "does not fit"), ([np.nan, 1], "not finite"), (["a", 1], "numbers")):
        with pytest.raises(InputError, match=text):
            ist.in_core([0, 0, 0, 1], x)


def test_what_is_no_voting_game_is_said():
    for quota, weights, text in (
        (0, [1, 2], "quota"),
        (4, [1, 2], "quota"),
        (1, [], "no weights"),
        (1, [-1, 3], "below 0"),
        (1, ["x"], "not a number"),
        (10**9, [10**9], "too many"),
    ):
        with pytest.raises(InputError, match=text):
            VotingGame(quota, weights)
    with pytest.raises(InputError, match="vector"):
        VotingGame(30, [1] * 30).values()


def test_weights_may_be_decimals():
    assert VotingGame(0.5, [0.1, 0.2, 0.3]).shapley() == VotingGame(5, [1, 2, 3]).shapley()


# ---- twins


def shapley_by_orders(v, n):
    total = np.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        mask = 0
        for i in order:
            total[i] += v[mask | 1 << i] - v[mask]
            mask |= 1 << i
    return total / len(orders)


def nucleolus_in_full(v, n):
    """Every row of every stage; a coalition is settled if no optimum changes its sum."""
    masks = np.arange(1, 2**n - 1)
    rows = (masks[:, None] >> np.arange(n) & 1).astype(float)
    bounds = [(v[1 << i], None) for i in range(n)]
    fixed, right, free = [np.ones(n)], [v[-1]], np.ones(len(masks), bool)
    while free.any():
        below = np.c_[-rows[free], -np.ones(free.sum())]
        equal = np.c_[np.array(fixed), np.zeros(len(fixed))]
        cost = [0.0] * n + [1.0]
        found = linprog(cost, below, -v[masks[free]], equal, right, [*bounds, (None, None)])
        level = found.x[-1]
        for k in np.flatnonzero(free):
            most = linprog(
                -rows[k],
                -rows[free],
                level + 1e-10 - v[masks[free]],
                np.array(fixed),
                right,
                bounds,
            )
            if -most.fun < v[masks[k]] - level + 1e-7:
                fixed.append(rows[k])
                right.append(v[masks[k]] - level)
                break
        rank = np.linalg.matrix_rank(np.array(fixed))
        for k in np.flatnonzero(free):
            free[k] = np.linalg.matrix_rank(np.array([*fixed, rows[k]])) > rank
    return np.linalg.lstsq(np.array(fixed), np.array(right), rcond=None)[0]


@st.composite
def games(draw, most=5):
    n = draw(st.integers(1, most))
    values = draw(st.lists(st.integers(-4, 6), min_size=2**n, max_size=2**n))
    return n, np.array([0, *values[1:]], dtype=float)


@settings(max_examples=60, deadline=None)
@given(games())
def test_shapley_is_the_mean_over_all_orders(game):
    n, v = game
    assert ist.shapley(v) == pytest.approx(shapley_by_orders(v, n), abs=1e-12)
    swings = [sum(v[s | 1 << i] - v[s] for s in range(1 << n) if not s >> i & 1) for i in range(n)]
    assert ist.banzhaf(v) == pytest.approx(np.array(swings) / 2 ** (n - 1), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(games())
def test_nucleolus_is_certified_and_no_payoff_nearby_is(game):
    n, v = game
    v[-1] = max(v[-1], sum(v[1 << i] for i in range(n)))
    x = ist.nucleolus(v)
    assert x.sum() == pytest.approx(v[-1])
    assert kohlberg(v, x).holds
    moved = x + np.array([0.01, *[0.0] * (n - 2), -0.01]) if n > 1 else x
    assert kohlberg(v, moved).holds is (n == 1)
    pre = prenucleolus(v)
    assert kohlberg(v, pre, floor=False).holds


@settings(max_examples=12, deadline=None)
@given(games(most=4))
def test_nucleolus_is_that_of_the_full_programmes(game):
    n, v = game
    v[-1] = max(v[-1], sum(v[1 << i] for i in range(n)))
    assert ist.nucleolus(v) == pytest.approx(nucleolus_in_full(v, n), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(games())
def test_level_of_the_least_core_is_proved(game):
    n, v = game
    found = least_core(v)
    if n == 1:
        return
    excess = v - subset_sums(found.payoff)
    assert excess[1:-1].max() == pytest.approx(found.level, abs=1e-7)
    held = sum(
        w * np.array([s >> i & 1 for i in range(n)])
        for s, w in zip(found.coalitions, found.weights, strict=True)
    )
    assert held == pytest.approx(held[0], abs=1e-7), "balanced: every player as often"
    proof = found.weights @ v[found.coalitions] - held[0] * v[-1]
    assert proof == pytest.approx(found.level, abs=1e-6)
    assert core_is_empty(v) == (found.level > 1e-9 * np.abs(v).max())
    assert ist.in_core(v, found.payoff, tolerance=1e-7) or core_is_empty(v)


@pytest.mark.parametrize("weights", [[3, 2, 2, 1], [5, 1, 1, 1, 1], [0, 1, 1], [9]])
def test_counting_is_listing(weights):
    for quota in range(1, sum(weights) + 1):
        council = VotingGame(quota, weights)
        v = council.values()
        assert [float(f) for f in council.shapley()] == pytest.approx(ist.shapley(v).tolist())
        raw = [float(f) for f in council.banzhaf(normalized=False)]
        assert raw == pytest.approx(ist.banzhaf(v).tolist())


def test_counts_beyond_64_bits_are_exact():
    index = VotingGame(41, [1] * 80).shapley()
    assert index == (Fraction(1, 80),) * 80


def test_large_games_add_up_and_keep_their_dummies():
    n = 16
    draw = np.random.default_rng(5)
    v = draw.random(1 << n)
    v[0] = 0.0
    without = np.arange(1 << n) & ~(1 << 11)
    v = v[without]  # player 11 adds nothing
    found = ist.shapley(v)
    assert found.sum() == pytest.approx(v[-1], abs=1e-12)
    assert found[11] == 0.0
    assert ist.banzhaf(v)[11] == 0.0


def test_a_sample_finds_the_exact_values():
    council = VotingGame(255, [29] * 4 + [27] * 2 + [14, 13] + [12] * 5 + [10] * 3 + [7] * 11)
    exact = np.array([float(f) for f in council.shapley()])
    weights = council.weights

    def passes(mask):
        return float(sum(w for i, w in enumerate(weights) if mask >> i & 1) >= council.quota)

    found = sampled_shapley(passes, len(weights), pairs=600, seed=1)
    assert found.value.sum() == pytest.approx(1.0)
    inside = (found.low <= exact) & (exact <= found.high)
    assert inside.mean() >= 0.85, "95 in 100 on average"
    again = sampled_shapley(passes, len(weights), pairs=600, seed=1)
    assert np.array_equal(found.value, again.value)
    wide = sampled_shapley(passes, len(weights), pairs=100, seed=1)
    assert wide.std_error.mean() > 1.8 * found.std_error.mean(), "falls with the root of the pairs"


def test_a_sample_says_what_is_wrong():
    with pytest.raises(InputError, match="pairs"):
        sampled_shapley(float, 3, pairs=1)
    with pytest.raises(InputError, match="finite"):
        sampled_shapley(lambda s: np.nan, 3)

"""What losses share must give what each would give alone."""

from __future__ import annotations

import numpy as np
import pytest

import isthmus as ist
from isthmus.analysis.criticality import criticality, elements_of
from isthmus.assign.equilibrium import equilibrium
from isthmus.assign.link_removal import LinkRemoval
from isthmus.errors import InputError


@pytest.fixture(scope="module")
def without(central) -> LinkRemoval:
    return LinkRemoval(central)


def test_an_element_nobody_uses_costs_nothing(without):
    """Nothing moves over it, so nobody loses by it: exactly 0."""
    idle = np.flatnonzero(without.base.arc_flow.sum(axis=0) == 0.0)[:5]
    found = without.remove(idle)
    assert not found.usd_t.any()
    assert not found.stopped_t_yr.any()


def test_closing_never_saves_at_the_delays_of_the_base(without):
    """Trip by trip: with fewer arcs no trip bears less, delays held."""
    elements = elements_of(without.base, ["link", "crossing", "passage"])
    draw = np.random.default_rng(5)
    for i in draw.choice(len(elements.arcs), 200, replace=False):
        trips, usd_t = without.at_held_delays(elements.arcs[i])
        assert (usd_t >= without.value[trips] * (1.0 - 1e-11)).all(), elements.table.iloc[i]


def test_what_is_known_of_the_base_changes_no_answer_without_an_arc(without):
    """Trips begun from what they do in the base bear what they bear when solved from nothing."""
    elements = elements_of(without.base, ["link", "crossing"])
    draw = np.random.default_rng(6)
    for i in draw.choice(len(elements.arcs), 40, replace=False):
        trips, usd_t = without.at_held_delays(elements.arcs[i])
        anew = without.problem.with_closed(elements.arcs[i]).solve(without.found.hours, trips)
        assert usd_t == pytest.approx(anew.value, rel=1e-10)


@pytest.mark.parametrize("element", ["road:mersin-iskenderun", "rail:garmsar-mashhad", "hamburg"])
def test_a_case_beside_the_base_is_what_solving_all_trips_gives(without, element):
    """The shortcut is one: all trips solved anew give the same loss."""
    elements = elements_of(without.base, ["link", "crossing"])
    arcs = elements.arcs[list(elements.table["element_id"]).index(element)]
    near = without.remove(arcs)
    shut = without.problem.with_closed(arcs)
    far = equilibrium(
        shut, 1e-9, volume=without.found.volume, known=without.unit.take(without.found.choice.rows)
    )
    loss = float((near.kept_t_yr * near.usd_t).sum())
    rows = far.choice.rows
    flow = without.trips.flow[rows]
    whole = float((flow * (far.choice.value - without.value[rows])).sum())
    assert loss == pytest.approx(whole, rel=2e-3)


def test_closed_to_some_is_closed_to_them_alone(without):
    """Trips that are not refused bear no more than waiting that changes; those that are bear at least as much."""
    elements = elements_of(without.base, ["crossing"])
    arcs = elements.arcs[list(elements.table["element_id"]).index("hamburg")]
    over = without.trips_over(arcs)
    whose = np.zeros(len(without.trips.flow), np.bool_)
    whose[over[::2]] = True
    some, all_ = without.remove(arcs, whose), without.remove(arcs)
    assert (some.network_usd_t[~whose] == 0.0).all()
    np.testing.assert_allclose(some.network_usd_t[whose], all_.network_usd_t[whose], rtol=1e-9)


def test_another_method_is_refused(central):
    """Losses are those of a stochastic equilibrium; others are told how to get one."""
    network = central.virtual.source
    flat = ist.assign(
        network, central.demand, ist.GeneralizedCost(network.facts), method="all_or_nothing"
    )
    with pytest.raises(InputError, match="all_or_nothing"):
        LinkRemoval(flat)


def test_emissions_are_in_tonnes(central):
    """A loss of emissions is the kilograms of the flows that move, in tonnes."""
    name = "road:mersin-iskenderun"
    found = criticality(central, ["link"], [name])
    elements = elements_of(central, ["link"])
    arcs = elements.arcs[list(elements.table["element_id"]).index(name)]
    one = LinkRemoval(central).remove(arcs)
    kg = float((one.kept_t_yr * one.co2_kg_t).sum())
    assert found.elements.loc[0, "added_co2_t_yr"] == pytest.approx(kg / 1000.0, rel=1e-9)
    assert kg != 0.0


def test_two_that_the_same_trips_pass_may_cost_differently(central):
    """Elements are cases of their own: criticality gives each what closing it alone gives."""
    found = criticality(central, ["link"], ["rail:garmsar-mashhad", "road:mersin-iskenderun"])
    without, elements = LinkRemoval(central), elements_of(central, ["link"])
    names = list(elements.table["element_id"])
    for row in found.elements.itertuples(index=False):
        one = without.remove(elements.arcs[names.index(row.element_id)])
        assert row.added_usd_yr == pytest.approx(float((one.kept_t_yr * one.usd_t).sum()), rel=1e-9)

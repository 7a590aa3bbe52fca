"""One welfare: its signs, its parts, and that all who print it print the same."""

from __future__ import annotations

import numpy as np
import pytest

import isthmus as ist
from isthmus.analysis.criticality import criticality
from isthmus.results import manifest_of
from isthmus.run import prepare
from isthmus.scenario import Scenario, find_scenario, list_scenarios
from isthmus.web.answers import answer

CLOSED = (
    ("link", "rail:aghstafa-boyuk-kesik"),
    ("link", "rail:garmsar-mashhad"),
    ("link", "road:mersin-iskenderun"),
    ("link", "rail:duisburg-emmerich"),
    ("link", "sea:dakar-off-cape-west"),
)


def closing(tmp_path, *pairs: tuple[str, str]) -> Scenario:
    """Write and read a scenario that closes elements."""
    text = 'name = "closed"\nbase = 2025-01-01\nsource = "assumed:test"\nstatus = "what-if"\n'
    for noun, name in pairs:
        text += f'\n[[close.{noun}]]\nid = "{name}"\n'
    path = tmp_path / "closed.toml"
    path.write_text(text, encoding="utf-8")
    return Scenario.read(path)


@pytest.fixture(scope="module")
def cost(central) -> ist.GeneralizedCost:
    return ist.GeneralizedCost(central.virtual.source.facts)


def after(central, cost, scenario):
    changed = scenario.apply(central.virtual.source, central.demand)
    return ist.assign(*changed, cost, start=central)


@pytest.mark.parametrize("element", CLOSED)
def test_a_closure_has_one_loss(central, cost, tmp_path, element):
    """`run`, `compare`, `criticality`, the page and what is written give one number for one question."""
    run = prepare(central.virtual.source.facts, closing(tmp_path, element), cost, base=central)
    told = run.comparison.totals()["cost_change_usd_yr"]
    by_compare = ist.compare(central, run.new).totals()["cost_change_usd_yr"]
    loss = criticality(central, [element[0]], [element[1]]).elements.loc[0, "added_usd_yr"]
    assert told == by_compare
    assert manifest_of(run)["totals"]["cost_change_usd_yr"] == told
    assert answer(run)["totals"]["cost_change_usd_yr"] == told
    assert loss == pytest.approx(told, rel=1e-3)
    assert told > 0.0


def test_signs_at_the_delays_of_the_base_can_be_proven(central, cost):
    """Orders that only close never save at given delays, those that only open never cost, trip by trip."""
    tried = {"close": 0, "open": 0}
    before = central.trips["borne_usd_t"].to_numpy()
    for name in list_scenarios():
        scenario = find_scenario(name)
        verbs = {change.verb for change in scenario.changes}
        if str(scenario.base) != "2025-01-01" or len(verbs) != 1 or not verbs <= set(tried):
            continue
        changed = scenario.apply(central.virtual.source, central.demand)
        held = ist.assign(*changed, cost, start=central, max_iterations=0)
        change = held.trips["borne_usd_t"].to_numpy() - before
        both = np.isfinite(change)
        if verbs == {"close"}:
            assert (change[both] >= -1e-9 * before[both]).all(), name
        else:
            assert (change[both] <= 1e-9 * before[both]).all(), name
        tried[verbs.pop()] += 1
    assert min(tried.values()) >= 2


def test_there_and_back_is_nothing(central, cost):
    """A to B is minus B to A, whatever either began from."""
    order = find_scenario("rasht-astara")
    new = after(central, cost, order)
    there = ist.compare(central, new).totals()["cost_change_usd_yr"]
    back = ist.compare(new, central).totals()["cost_change_usd_yr"]
    assert there == -back
    changed = order.apply(central.virtual.source, central.demand)
    cold = ist.assign(*changed, cost, gap=1e-8)
    anew = ist.compare(central, cold).totals()
    assert anew["cost_change_usd_yr"] == pytest.approx(there, abs=5.0 * anew["least_usd_yr"])


def test_parts_and_components_add_up(central, cost):
    """Network, congestion and relief are the change; so are money, time, uncertainty, waiting and choice."""
    new = after(central, cost, find_scenario("azerbaijan-closed"))
    found = ist.compare(central, new)
    total = found.totals()
    # what moves in both is the lesser of the two: trade that stops has no change of cost
    trips = found.trips
    lesser = trips[["served_t_yr_base", "served_t_yr_new"]].min(axis=1)
    assert (trips["common_t_yr"] == lesser).all()
    assert (trips["served_t_yr_base"] > lesser).any()
    assert total["common_t_yr"] == pytest.approx(trips["served_t_yr_new"].sum(), rel=1e-9)
    parts = [total[f"{p}_change_usd_yr"] for p in ("network", "congestion", "relief")]
    assert sum(parts) == pytest.approx(total["cost_change_usd_yr"], abs=3.0 * total["least_usd_yr"])
    assert total["network_change_usd_yr"] > 0.0 > total["relief_change_usd_yr"]
    components = found.by("component")["cost_usd_yr_change"].sum()
    assert components == pytest.approx(total["cost_change_usd_yr"], rel=1e-6)


def test_what_touches_no_freight_changes_nothing(central, cost):
    """An order of gas pipes is 0 in every total: what gaps cannot tell apart is not printed."""
    new = after(central, cost, find_scenario("trans-caspian-gas-10"))
    total = ist.compare(central, new).totals()
    assert {k: v for k, v in total.items() if "change" in k and v != 0.0} == {}


def test_a_fee_obeys_the_rule_of_half(central, cost, tmp_path):
    """What a change of price costs is the mean of the tonnes before and after times it, to second order."""
    arcs, before = central.virtual.arcs, central.arc_flow
    tried = 0
    for name in ("road:sarpi-sarp:GEO-TUR", "rail:yalama:AZE-RUS", "rail:altynkol:CHN-KAZ"):
        here = arcs["crossing_id"].eq(name).to_numpy()
        asked = float(central.cost.components["crossing_fee"][0, here].max())
        for fee in (1.0, 5.0):
            path = tmp_path / "fee.toml"
            path.write_text(
                'name = "fee"\nbase = 2025-01-01\nsource = "assumed:test"\nstatus = "what-if"\n\n'
                f'[[set.crossing]]\nid = "{name}"\nfee_usd_t = {2.0 * asked + fee}\n',
                encoding="utf-8",
            )
            changed = Scenario.read(path).apply(central.virtual.source, central.demand)
            held = ist.assign(*changed, cost, start=central, max_iterations=0)
            new, old = (
                np.where(np.isfinite(a.cost.usd[:, here]), a.cost.usd[:, here], 0.0)
                for a in (held, central)
            )
            paid = new - old
            usd = held.trips["borne_usd_t"] - central.trips["borne_usd_t"]
            change = float((central.trips["served_t_yr"] * usd).sum())
            half = 0.5 * float(((before[:, here] + held.arc_flow[:, here]) * paid).sum())
            whole = float((before[:, here] * paid).sum())
            assert whole != 0.0
            # by convexity the change lies between the tonnes after and before, and half way to second order
            assert change == pytest.approx(half, abs=0.35 * abs(whole - half) + 1e-6 * abs(whole))
            assert change <= whole + 1e-6 * abs(whole)
            tried += 1
    assert tried == 6


def test_a_corridor_is_one_chain_in_both(central, cost):
    """A corridor is measured on the same chain of links in base and order, so that its length has one value."""
    new = after(central, cost, find_scenario("aras"))
    table = ist.compare(central, new).by("corridor").set_index("corridor_id")
    assert not any(c.startswith("length_km_") for c in table)
    same = np.isclose(
        table["moved_tkm_yr_base"], table["mean_t_yr_base"] * table["length_km"], rtol=1e-9
    ) & np.isclose(
        table["moved_tkm_yr_new"], table["mean_t_yr_new"] * table["length_km"], rtol=1e-9
    )
    assert same.all()


@pytest.mark.parametrize(("order", "corridor"), [("aras", "aras"), ("zangezur", "zangezur-tripp")])
def test_an_order_that_opens_a_corridor_fills_it(central, cost, order, corridor):
    """Road and railway of a corridor count, as its proponents define it: what one takes from the other is no loss."""
    new = after(central, cost, find_scenario(order))
    table = ist.compare(central, new).by("corridor").set_index("corridor_id")
    assert table.at[corridor, "mean_t_yr_change"] > 0.1 * table.at[corridor, "mean_t_yr_base"]


def test_other_methods_are_compared_by_what_their_flows_bear(central, cost):
    """After an optimum under capacities the change of cost is money and time of its flows, not 0."""
    base = ist.assign(central.virtual.source, central.demand, cost, method="all_or_nothing")
    changed = find_scenario("azerbaijan-closed").apply(central.virtual.source, central.demand)
    new = ist.assign(*changed, cost, method="all_or_nothing")
    found = ist.compare(base, new)
    total = found.totals()
    trips = found.trips
    paid = trips["usd_t_new"] - trips["usd_t_base"]
    whole = float((trips["common_t_yr"] * paid.fillna(0.0)).sum())
    assert total["cost_change_usd_yr"] == pytest.approx(whole, rel=1e-9)
    assert whole > 0.0

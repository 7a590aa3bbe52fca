"""Orders: read whole, refused whole, applied in one fixed order."""

from __future__ import annotations

from pathlib import Path

import pytest

import isthmus as ist
from isthmus.errors import InputError
from isthmus.scenario import Scenario, find_scenario, list_scenarios

HEAD = 'name = "T"\nbase = 2025-01-01\nstatus = "what-if"\nsource = "assumed:a test of orders"\n'


def read(folder: Path, text: str, name: str = "t", facts=None) -> Scenario:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return Scenario.read(path, facts)


@pytest.mark.parametrize("name", list_scenarios())
def test_a_shipped_order_applies_and_leaves_its_base_alone(name, shipped):
    order = find_scenario(name)
    network, demand = shipped.network(order.base), shipped.demand(2024)
    before = network.links.copy(), network.crossings.copy()
    changed, _ = order.apply(network, demand)
    assert bool(changed.changes) == (name != "baseline")
    assert network.links.equals(before[0])
    assert network.crossings.equals(before[1])


WHAT_ORDERS_DO = {
    # links opened, links shut, crossings whose regime changes, one element as it is afterwards
    "zangezur-closed": (0, 3, 0, ("links", "rail:aghband-meghri", "status", "closed")),
    "zangezur": (8, 0, 10, ("crossings", "rail:aghband:ARM-AZE", "regime", "normal")),
    "zangezur-sealed-transit": (8, 0, 10, ("crossings", "rail:aghband:AZE-ARM", "regime", "sealed_transit")),
    "zangezur-unimpeded": (8, 0, 10, ("crossings", "rail:aghband:AZE-ARM", "regime", "unimpeded")),
    "tripp": (8, 0, 10, ("crossings", "rail:sallammalik-station:ARM-AZE", "regime", "facilitated")),
    "aras-road": (2, 0, 2, ("links", "rail:aghband-ordubad", "status", "planned")),
    "aras": (4, 0, 6, ("links", "rail:aghband-ordubad", "status", "open")),
    "aras-middle-corridor": (6, 0, 8, ("links", "rail:kars-igdir", "status", "open")),
    "crossroads-meghri": (6, 0, 8, ("links", "rail:aghband-meghri", "status", "open")),
    "crossroads-yeraskh": (1, 0, 4, ("crossings", "rail:yeraskh:ARM-AZE", "regime", "normal")),
    "crossroads-ijevan": (2, 0, 4, ("links", "rail:ijevan-gazakh", "status", "open")),
    "crossroads-gyumri": (2, 0, 6, ("crossings", "road:margara-alican:TUR-ARM", "regime", "normal")),
    "crossroads-of-peace": (11, 0, 22, ("links", "rail:hrazdan-ijevan", "status", "open")),
    "armenia-turkiye-open": (2, 0, 6, ("crossings", "rail:akhurik-dogukapi:ARM-TUR", "regime", "normal")),
    "lachin-open": (0, 0, 0, ("links", "road:tegh-kornidzor-lachin", "status", "open")),
    "lachin-closed": (0, 1, 0, ("links", "road:tegh-kornidzor-lachin", "status", "closed")),
    "rasht-astara": (1, 0, 0, ("links", "rail:astara-rail-terminal-rasht", "status", "open")),
    "rasht-caspian-off": (0, 1, 0, ("links", "rail:caspian-port-rasht", "status", "closed")),
    "iran-russia-without-west": (0, 0, 16, ("crossings", "rail:yalama:RUS-AZE", "regime", "closed")),
    "iran-russia-without-armenia": (0, 0, 4, ("crossings", "road:agarak-norduz:IRN-ARM", "regime", "closed")),
    "shalamcheh-basra": (1, 0, 2, ("links", "rail:shalamcheh-basra", "status", "open")),
    "marand-cheshmeh-soraya": (3, 0, 2, ("links", "rail:kars-igdir", "status", "open")),
    "chabahar-zahedan": (2, 0, 0, ("links", "rail:iranshahr-chabahar", "status", "open")),
    "china-kyrgyzstan-uzbekistan": (3, 0, 2, ("crossings", "rail:torugart:CHN-KGZ", "regime", "normal")),
    "rail-to-gulf": (9, 0, 6, ("links", "rail:shalamcheh-basra", "status", "open")),
    "kars-igdir-nakhchivan": (2, 0, 2, ("links", "rail:igdir-sadarak", "status", "open")),
    "abkhazia-railway-open": (1, 0, 0, ("links", "rail:enguri-line-sukhumi-sokhumi", "status", "open")),
    "upper-lars-closed": (0, 0, 2, ("crossings", "road:kazbegi-larsi-verkhny-lars:GEO-RUS", "regime", "closed")),
    "platform-3plus3-without-georgia": (6, 0, 16, ("links", "rail:gyumri-akhurik-dogukapi", "status", "open")),
    "platform-3plus3": (8, 0, 16, ("links", "road:enguri-line-sukhumi-sokhumi", "status", "open")),
    "hormuz-closed": (0, 2, 0, ("links", "sea:hormuz-bend-hormuz-west", "status", "closed")),
    "suez-closed": (0, 1, 0, ("links", "sea:port-said-suez", "status", "closed")),
    "bosporus-closed": (0, 1, 0, ("links", "sea:bosporus-north-bosporus-south", "status", "closed")),
    "kerch-closed": (0, 2, 0, ("links", "sea:kerch-north-kerch-south", "status", "closed")),
}  # fmt: skip
OTHER_ORDERS = {
    # restrictions turned, added; flows and parameters changed; capacities of terminals changed
    "armenia-azerbaijan-transit": (2, 0, 0, 0, 0),
    "iran-russia-without-caspian": (0, 1, 0, 0, 0),
    "iran-russia-without-east": (0, 1, 0, 0, 0),
    "without-azerbaijan": (0, 1, 0, 0, 0),
    "sanctions-2021": (6, 0, 0, 0, 0),
    "sanctions-2022": (2, 0, 0, 0, 0),
    "sanctions-2026": (4, 0, 0, 0, 0),
    "eaeu-iran-free-trade": (0, 0, 376, 0, 0),
    "caspian-minus-1m": (0, 0, 0, 5, 18),
    "caspian-minus-2m": (0, 0, 0, 5, 18),
    "platform-3plus3": (2, 0, 0, 0, 0),
}
CLOSED_LANDS = {"azerbaijan-closed", "iran-closed", "russia-closed"}


def test_every_shipped_order_is_in_the_tables_above():
    named = set(WHAT_ORDERS_DO) | set(OTHER_ORDERS) | CLOSED_LANDS | {"baseline"}
    assert set(list_scenarios()) == named | ENERGY_ORDERS
    assert len(named) >= 24


ENERGY_ORDERS = {
    "trans-caspian-gas-10",
    "trans-caspian-gas-30",
    "iran-gas-swaps",
    "cpc-stopped",
    "druzhba-cut",
    "igdir-nakhchivan",
    "igdir-nakhchivan-off",
    "lines-through-iran-removed",
    "lines-through-russia-removed",
    "lines-through-iran-and-russia-removed",
}
"""Orders of pipelines, tested in tests/analysis/energy/test_energy.py."""


@pytest.mark.parametrize("name", WHAT_ORDERS_DO)
def test_an_order_opens_and_shuts_what_it_says(name, shipped):
    opened, shut, regimes, (table, key, column, value) = WHAT_ORDERS_DO[name]
    order = find_scenario(name)
    network = shipped.network(order.base)
    changed, _ = order.apply(network, shipped.demand(2024))
    was, now = network.links["is_open"], changed.links["is_open"]
    status = network.links["status"] != changed.links["status"]
    assert int((now & ~was).sum()) == opened
    assert int((status & ~now).sum()) == shut
    assert int((network.crossings["regime"] != changed.crossings["regime"]).sum()) == regimes
    frame = getattr(changed, table).set_index(f"{table[:-1]}_id")
    assert frame.loc[key, column] == value


@pytest.mark.parametrize("name", OTHER_ORDERS)
def test_an_order_changes_terms_trade_or_prices_as_it_says(name, shipped):
    order = find_scenario(name)
    network, demand = shipped.network(order.base), shipped.demand(2024)
    changed, moved = order.apply(network, demand)
    n = len(network.restrictions)
    before, after = network.terminals["capacity_t_yr"], changed.terminals["capacity_t_yr"]
    found = (
        int((network.restrictions["in_force"] != changed.restrictions["in_force"].iloc[:n]).sum()),
        len(changed.restrictions) - n,
        int((demand.flows["tonnes_t_yr"] != moved.flows["tonnes_t_yr"]).sum()),
        int((network.parameters["value"] != changed.parameters["value"]).sum()),
        int((before.notna() & (before != after)).sum()),
    )
    assert found == OTHER_ORDERS[name]


def test_the_level_of_the_caspian_follows_its_parameter(shipped):
    rows = shipped["parameters"].set_index("parameter")
    loss = float(rows.loc["load_loss_share_per_m", "value"])
    network, demand = shipped.network("2025-01-01"), shipped.demand(2024)
    for metres in (1, 2):
        changed, _ = find_scenario(f"caspian-minus-{metres}m", shipped).apply(network, demand)
        ratio = (changed.terminals["capacity_t_yr"] / network.terminals["capacity_t_yr"]).dropna()
        assert ratio.min() == pytest.approx(1.0 - metres * loss)
        here = network.parameters["parameter"].eq("rate_usd_tkm")
        rates = (changed.parameters["value"] / network.parameters["value"])[here]
        assert rates.max() == pytest.approx(1.0 / (1.0 - metres * loss), rel=1e-4)


@pytest.mark.parametrize("name", list_scenarios())
def test_an_order_says_who_and_what_in_neutral_words(name, shipped):
    order = find_scenario(name)
    assert order.name
    assert order.source
    assert len(order.description) > 40 or name == "baseline"
    if order.status in ("agreed", "proposed", "claimed"):
        assert order.proponent, "a proposal has somebody who made it"


def test_the_order_of_lines_changes_nothing(tmp_path, rows, facts_of):
    facts = facts_of(rows)
    a = '[[close.link]]\nid = "road:a-b"\n[[set.crossing]]\nat = "b"\nmode = "rail"\nregime = "facilitated"\n'
    b = '[[set.crossing]]\nregime = "facilitated"\nmode = "rail"\nat = "b"\n[[close.link]]\nid = "road:a-b"\n'
    one, two = read(tmp_path, HEAD + a, "one"), read(tmp_path, HEAD + b, "two")
    assert one.digest == two.digest
    network, demand = facts.network("2025-01-01"), facts.demand(2024)
    x, y = one.apply(network, demand)[0], two.apply(network, demand)[0]
    assert x.links.equals(y.links)
    assert x.crossings.equals(y.crossings)
    assert set(x.crossings.loc[x.crossings["mode"].eq("rail"), "regime"]) == {"facilitated"}, (
        "both directions"
    )


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (
            '[[set.crossing]]\nat = "Bb"\nregime = "normal"\n',
            r'set\.crossing 1: "Bb" names no node',
        ),
        (
            '[[set.crossing]]\nat = "b"\nregime = "loose"\n',
            r'set\.crossing 1: "loose" is no regime',
        ),
        ('[[set.link]]\nid = "rail:a-b"\nspeeed = 3\n', r'set\.link 1: "speeed" is no column'),
        (
            '[[close.link]]\nid = "rail:a-x"\n',
            r'close\.link 1: "rail:a-x" names no link(?s:.*)rail:a-b',
        ),
        ('[[open.territory]]\nid = "AAA"\n', r"open\.territory 1: a territory cannot be opened"),
        ('[[scale.demand]]\nfactor = "much"\n', r"scale\.demand 1: factor = 'much' is no factor"),
        ('[[close.bridge]]\nid = "x"\n', r"close\.bridge: is no noun"),
    ],
)
def test_a_wrong_change_is_named_with_its_file_and_number(tmp_path, rows, facts_of, text, match):
    with pytest.raises(InputError, match=match) as raised:
        read(tmp_path, HEAD + text, facts=facts_of(rows))
    assert "t.toml" in str(raised.value)


def test_all_faults_are_told_at_once(tmp_path, rows, facts_of):
    text = '[[close.link]]\nid = "x"\n[[close.link]]\nid = "y"\n[[set.crossing]]\nat = "q"\nregime = "normal"\n'
    with pytest.raises(InputError) as raised:
        read(tmp_path, HEAD + text, facts=facts_of(rows))
    assert len(raised.value.faults) == 3


def test_a_head_without_its_keys_is_refused(tmp_path):
    with pytest.raises(InputError, match="base is missing") as raised:
        read(tmp_path, 'name = "T"\nstatus = "perhaps"\nauthor = "me"\n')
    assert len(raised.value.faults) == 4


def test_two_changes_to_one_cell_are_an_error_that_names_both(tmp_path, rows, facts_of):
    text = '[[set.crossing]]\nat = "b"\nregime = "normal"\n[[set.crossing]]\nat = "b"\nregime = "closed"\n'
    with pytest.raises(InputError, match=r"set\.crossing 2: .* set\.crossing 1 as well"):
        read(tmp_path, HEAD + text, facts=facts_of(rows))


def test_a_child_changes_its_parent_only_by_saying_so(tmp_path, rows, facts_of):
    facts = facts_of(rows)
    read(tmp_path, HEAD + '[[set.crossing]]\nat = "b"\nregime = "facilitated"\n', "parent")
    child = 'name = "C"\nstatus = "what-if"\nextends = "parent"\n[[set.crossing]]\nat = "b"\nregime = "unimpeded"\n'
    with pytest.raises(InputError, match="override = true"):
        read(tmp_path, child, "child", facts)
    order = read(tmp_path, child + "override = true\n", "child", facts)
    network, _ = order.apply(facts.network(order.base), facts.demand(2024))
    assert set(network.crossings["regime"]) == {"unimpeded"}


def test_an_added_link_is_there_and_scaled_demand_is_scaled(tmp_path, rows, facts_of):
    facts = facts_of(rows)
    text = (
        '[[add.link]]\nbetween = ["c", "d"]\nmode = "road"\nlength_km = 500\n'
        '[[scale.demand]]\nfrom = "A"\nfactor = 2\n'
    )
    order = read(tmp_path, HEAD + text, facts=facts)
    network, demand = order.apply(facts.network(order.base), facts.demand(2024))
    added = network.links.set_index("link_id").loc["road:c-d"]
    assert added["is_open"]
    assert added["source_id"] == "assumed:a test of orders"
    assert demand.tonnes == 2 * 1070 + 500


def test_closing_a_land_closes_its_trade(tmp_path, rows, facts_of):
    facts = facts_of(rows)
    order = read(tmp_path, HEAD + '[[close.territory]]\nid = "BBB"\n', facts=facts)
    network, _ = order.apply(facts.network(order.base), facts.demand(2024))
    assert network.closed_territories == {"BBB"}
    assert not network.links.loc[network.links["territory_id"].eq("BBB"), "is_open"].any()
    assert not network.crossings["is_open"].any()


def test_the_table_of_orders_in_the_docs_is_that_of_the_files(shipped):
    page = (Path(__file__).resolve().parents[1] / "docs" / "scenarios.md").read_text("utf-8")
    table = page.split("## Shipped orders")[1]
    for name in list_scenarios():
        order = find_scenario(name)
        row = next(line for line in table.splitlines() if line.startswith(f"| `{name}` |"))
        assert f"| {order.name} |" in row
        assert row.rstrip(" |").endswith(order.status)
    assert table.count("\n| `") == len(list_scenarios())


def test_the_supplies_of_the_lachin_road_stand_unserved_when_it_is_shut(shipped):
    cost = ist.GeneralizedCost(shipped)
    network, demand = shipped.network("2022-06-01"), shipped.demand(2022)
    left = {}
    for name in ("lachin-open", "lachin-closed"):
        changed, trade = find_scenario(name).apply(network, demand)
        assert len(trade.flows) == len(demand.flows) + 1
        found = ist.assign(changed, trade, cost, method="all_or_nothing")
        lost = found.unserved[found.unserved["destination_zone_id"].eq("aze-khankendi")]
        left[name] = lost.loc[lost["origin_zone_id"].eq("arm"), "tonnes_t_yr"].sum()
    assert left == {"lachin-open": 0.0, "lachin-closed": 146_000.0}

"""Orders: read whole, refused whole, applied in one fixed order."""

from __future__ import annotations

from pathlib import Path

import pytest

from isthmus.errors import InputError
from isthmus.run import find_scenario, list_scenarios
from isthmus.scenario import Scenario

HEAD = 'name = "T"\nbase = 2025-01-01\nstatus = "what-if"\nsource = "assumed:a test of orders"\n'


def read(folder: Path, text: str, name: str = "t", facts=None) -> Scenario:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return Scenario.read(path, facts)


@pytest.mark.parametrize("name", list_scenarios())
def test_a_shipped_order_applies_and_leaves_its_base_alone(name, shipped):
    order = find_scenario(name, shipped)
    network, demand = shipped.network(order.base), shipped.demand(2024)
    before = network.links.copy(), network.crossings.copy()
    changed, _ = order.apply(network, demand)
    assert bool(changed.changes) == (name != "baseline")
    assert network.links.equals(before[0])
    assert network.crossings.equals(before[1])


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
        ('[[open.territory]]\nid = "AAA"\n', r"open\.territory 1: a land cannot be opened"),
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

"""Published rows of any kind are read, compared or listed with a reason; never a crash."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import isthmus as ist
from isthmus.analysis.evidence import Validation, validate
from isthmus.analysis.evidence.places import Places, read_row
from isthmus.errors import InputError, UnknownName
from isthmus.facts.observations import read_observations

FACTS = ist.read()
NETWORK = FACTS.network("2025-01-01")
COST = ist.GeneralizedCost(FACTS)
PLACES = Places(FACTS)


def lay(*rows: dict[str, object]) -> pd.DataFrame:
    return validate(NETWORK, COST, pd.DataFrame(rows)).rows


def row(quantity: str, value: object, **more: object) -> dict[str, object]:
    return {"quantity": quantity, "value": value, **more}


@pytest.fixture(scope="module")
def shipped() -> Validation:
    return validate(NETWORK, COST)


def test_every_shipped_row_is_compared_or_has_a_reason(shipped: Validation) -> None:
    rows = shipped.rows
    assert list(rows["id"]) == list(FACTS["observations"]["id"])
    assert set(rows["status"]) == {"compared", "not testable"}
    skipped = rows["status"].eq("not testable")
    assert rows.loc[skipped, "reason"].ne("").all()
    assert (shipped.compared["modelled"] > 0).all()
    assert np.isfinite(shipped.compared["relative_error"]).all()


def test_distances_and_costs_meet_their_goals(shipped: Validation) -> None:
    table = shipped.distribution().set_index("quantity")["median_abs"]
    assert table["distance_km"] <= 0.06
    assert table["cost"] <= 0.25
    assert table["transit_time_days"] <= 0.27


def test_tables_and_json_hold_the_same_rows(shipped: Validation) -> None:
    out = shipped.as_dict()
    assert len(out["rows"]) == len(shipped.rows)
    assert len(shipped.worst()) == 10
    assert shipped.skipped()["n"].sum() == shipped.rows["status"].ne("compared").sum()
    assert len(out["ten_worst"]) == 10


def test_unknown_things_are_listed_and_named() -> None:
    rows = lay(
        row("transit_time_days", 5, origin="Baku", destination="Atlantis-on-Sea"),
        row("transit_time_days", 5, origin="Baku", destination=""),
        row("moon_phase", 5, origin="Baku", destination="Poti"),
        row("transit_time_days", "five", origin="Baku", destination="Poti"),
        row("distance_km", -3, origin="Baku", destination="Poti"),
        row("distance_km", 3, origin="Baku", destination="Baku"),
        row("cost_usd_per_feu", 3, origin="Baku", destination="Poti", unit="XXX/FEU"),
        row("", 3),
        row("volume_mt", 3, origin="Poti"),
        row("border_hours", 3, subject="a gate nobody knows"),
    )
    assert rows["status"].eq("not testable").all()
    reasons = rows["reason"].str.split(":").str[0].tolist()
    assert reasons[:5] == [
        "unknown place",
        "no two places",
        "no such quantity in the model",
        "no number",
        "a difference, not a level",
    ]
    assert "Atlantis" in rows["reason"][0]


def test_a_file_in_other_order_and_with_strange_cells_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "value,Quantity,destination,origin,extra,year\n"
        '"19,631",distance_km,NLRTM,CNSHA,x,2024\n'
        "7,transit_time_days,by-brest,kz-altynkol,,circa 2024\n"
        "short,row\n",
        encoding="utf-8",
    )
    rows = validate(NETWORK, COST, path).rows
    assert rows["status"].tolist() == ["compared", "compared", "not testable"]
    assert rows["id"].tolist() == ["row 2", "row 3", "row 4"]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n"])
def test_a_file_without_the_columns_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_observations(FACTS, path)
    with pytest.raises(InputError):
        read_observations(FACTS, tmp_path / "none.csv")


@pytest.mark.parametrize("text", ["AZBAK", "Baku", "kz-altynkol", "Xi'an"])
def test_places_are_ids_or_names(text: str) -> None:
    assert PLACES.resolve(text) == {FACTS.names.node(text)}


def test_an_unknown_place_names_the_nearest() -> None:
    with pytest.raises(UnknownName) as caught:
        PLACES.resolve("Batumy")
    assert "Batumi" in caught.value.nearest


def test_the_columns_of_a_row_say_its_modes_and_waypoints() -> None:
    cells = {
        "mode": "rail;sea",
        "via": "Baku > Aktau;Kuryk > @SEA-CASPIAN",
        "avoid": "#suez",
        "scope": "under sail",
    }
    read = read_row(PLACES, cells)
    assert read.modes == {"rail", "sea"}
    assert [len(v) for v in read.via] == [1, 2, 1]
    assert read.via[2] == {"@SEA-CASPIAN"}
    assert read.shut == {"#suez"}
    assert read.sailing
    assert not read.door


def test_a_row_that_is_no_test_says_why_and_a_place_it_goes_through_must_exist() -> None:
    ends = {"origin": "Baku", "destination": "Poti"}
    rows = lay(
        row("transit_time_days", 5, not_testable="a bus", **ends),
        row("transit_time_days", 5, via="Nowhere at all", **ends),
        row("transit_time_days", 5, **ends),
    )
    assert rows["reason"].tolist()[0] == "a bus"
    assert "Nowhere at all" in rows["reason"][1]
    assert rows["status"].tolist()[2] == "compared"


def test_the_cape_is_longer_than_suez_and_the_row_decides() -> None:
    ends = {"origin": "CNSHA", "destination": "NLRTM"}
    rows = lay(
        row("distance_km", 19631, mode="sea", via="#suez", avoid="#cape-of-good-hope", **ends),
        row("distance_km", 25000, mode="sea", via="#cape-of-good-hope", avoid="#suez", **ends),
    )
    assert rows["modelled"][1] > 1.2 * rows["modelled"][0]


def test_row_order_does_not_change_the_answer() -> None:
    some = FACTS["observations"].iloc[100:160]
    there = validate(NETWORK, COST, some).rows.set_index("id")["modelled"]
    back = validate(NETWORK, COST, some.iloc[::-1]).rows.set_index("id")["modelled"]
    pd.testing.assert_series_equal(there, back.loc[there.index])

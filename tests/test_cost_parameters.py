"""Laws of parameter lookup: the most particular row holds, nothing is guessed."""

import numpy as np
import pandas as pd
import pytest

from isthmus.cost.parameters import Parameters
from isthmus.errors import InputError, UnknownName

COLUMNS = ["parameter", "mode", "territory_id", "load_type", "commodity_id", "item", "value"]


def parameters(*rows: tuple[object, ...]) -> Parameters:
    return Parameters(pd.DataFrame(rows, columns=COLUMNS))


RATES = parameters(
    ("rate", "", "", "", "", "", 1.0),
    ("rate", "rail", "", "", "", "", 2.0),
    ("rate", "rail", "KAZ", "", "", "", 3.0),
    ("rate", "rail", "KAZ", "dry_bulk", "", "", 4.0),
    ("rate", "rail", "", "", "coal", "", 5.0),
    ("other", "road", "", "", "", "x>y", 9.0),
)
GOODS = pd.DataFrame(
    {
        "commodity_id": ["container", "coal", "grain"],
        "load_type": ["container", "dry_bulk", "dry_bulk"],
    }
)


@pytest.mark.parametrize(
    ("ask", "value"),
    [
        ({}, 1.0),
        ({"mode": "sea"}, 1.0),
        ({"mode": "rail"}, 2.0),
        ({"mode": "rail", "territory_id": "KAZ"}, 3.0),
        ({"mode": "rail", "territory_id": "KAZ", "load_type": "dry_bulk"}, 4.0),
        ({"mode": "rail", "territory_id": "KAZ", "commodity_id": "coal"}, 5.0),
        (
            {
                "mode": "rail",
                "territory_id": "KAZ",
                "load_type": "dry_bulk",
                "commodity_id": "coal",
            },
            4.0,
        ),
    ],
)
def test_the_most_particular_row_holds(ask: dict[str, str], value: float) -> None:
    assert RATES.get("rate", **ask) == value


def test_a_table_gives_what_one_by_one_lookup_gives() -> None:
    mode = np.array(["rail", "road", "rail", "rail"], dtype=object)
    land = np.array(["KAZ", "KAZ", "TUR", "KAZ"], dtype=object)
    table = RATES.table("rate", commodities=GOODS, mode=mode, territory_id=land)
    single = [
        [
            RATES.get("rate", mode=m, territory_id=t, load_type=load, commodity_id=c)
            for m, t in zip(mode, land, strict=True)
        ]
        for c, load in zip(GOODS.commodity_id, GOODS.load_type, strict=True)
    ]
    assert table.tolist() == single


def test_a_missing_row_is_named_and_never_guessed() -> None:
    with pytest.raises(InputError, match=r"no row of other fits mode=rail"):
        RATES.get("other", mode="rail")
    with pytest.raises(InputError) as caught:
        RATES.table("other", mode=np.array(["rail", "sea"], dtype=object))
    assert len(caught.value.faults) == 2


def test_an_unknown_parameter_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match='"rate"'):
        RATES.get("rates")
    with pytest.raises(UnknownName):
        RATES.replace(nonsense=1.0)


def test_the_last_of_two_equal_rows_holds() -> None:
    rows = parameters(("a", "rail", "", "", "", "", 1.0), ("a", "rail", "", "", "", "", 2.0))
    assert rows.get("a", mode="rail") == 2.0


def test_replacing_changes_every_row_of_the_parameter_and_nothing_else() -> None:
    other = RATES.replace(rate=7.0)
    assert other.get("rate", mode="rail", territory_id="KAZ") == other.get("rate") == 7.0
    assert other.get("other", mode="road", item="x>y") == 9.0
    assert RATES.get("rate") == 1.0


def test_rows_that_were_looked_up_are_remembered() -> None:
    fresh = RATES.replace(rate=7.0)
    fresh.get("rate", mode="rail")
    fresh.table("other", mode=np.array(["road"], dtype=object), item="x>y")
    assert list(fresh.used.index) == [1, 5]


def test_row_order_does_not_matter() -> None:
    shuffled = Parameters(RATES.frame.sample(frac=1, random_state=1))
    for land in ("KAZ", "TUR"):
        assert shuffled.get("rate", mode="rail", territory_id=land) == RATES.get(
            "rate", mode="rail", territory_id=land
        )


FIELDS = ("commodity_id", "item", "territory_id", "load_type", "mode")
"""The weightiest first, as docs and module say."""
CELLS = {
    "commodity_id": ["coal", "grain", "box"],
    "item": ["x>y", "haul"],
    "territory_id": ["KAZ", "TUR", "GEO"],
    "load_type": ["dry_bulk", "container"],
    "mode": ["rail", "road", "sea"],
}


def drawn(seed: int, n: int = 40) -> pd.DataFrame:
    """Draw rows of two parameters with cells empty or not; one row of each fits everything."""
    rng = np.random.default_rng(seed)
    rows = [
        {f: rng.choice(CELLS[f]) if rng.random() < 0.45 else "" for f in FIELDS} for _ in range(n)
    ]
    frame = pd.DataFrame(rows).assign(parameter=rng.choice(["rate", "other"], n))
    whole = pd.DataFrame([{"parameter": p, **dict.fromkeys(FIELDS, "")} for p in ("rate", "other")])
    frame = pd.concat([frame, whole], ignore_index=True)
    return frame.assign(value=rng.permutation(len(frame)).astype(float))


def most_particular(frame: pd.DataFrame, parameter: str, key: dict[str, str]) -> int:
    """Find the row by hand: fits, most cells filled, then the weightiest of these, then the last."""
    best, found = None, -1
    for i, row in frame.iterrows():
        if row["parameter"] != parameter or any(row[f] not in ("", key[f]) for f in FIELDS):
            continue
        filled = [row[f] != "" for f in FIELDS]
        rank = (sum(filled), filled)
        if best is None or rank >= best:
            best, found = rank, int(i)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_any_lookup_is_the_most_particular_row_that_fits(seed: int) -> None:
    """Of the rows that fit the most cells filled, then the weightiest field; used rows are remembered."""
    frame = drawn(seed)
    held = Parameters(frame)
    rng, used = np.random.default_rng(100 + seed), set()
    for _ in range(60):
        key = {f: str(rng.choice([*CELLS[f], ""])) for f in FIELDS}
        name = str(rng.choice(["rate", "other"]))
        row = most_particular(frame, name, key)
        used.add(row)
        assert held.get(name, **key) == frame["value"][row]
    assert held.used.index.tolist() == sorted(used)
    assert sorted(held.names) == ["other", "rate"]
    assert "rate" in held
    assert "nothing" not in held


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("goods", [True, False])
def test_a_table_of_many_arcs_and_goods_is_lookup_after_lookup(seed: int, goods: bool) -> None:
    """Arrays of modes, lands and items, singly or together, for every good: each cell by hand."""
    frame = drawn(seed)
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "commodity_id": ["coal", "grain", "box", "coal"],
            "load_type": ["dry_bulk", "dry_bulk", "container", "container"],
        }
    )
    n = 25
    arrays = {
        f: rng.choice([*CELLS[f], ""], n).astype(object) for f in ("mode", "territory_id", "item")
    }
    for alone in ((), ("mode",), ("item",), ("mode", "territory_id"), ("territory_id",)):
        given = {f: "haul" if f == "item" and f in alone else v for f, v in arrays.items()}
        given = {f: "rail" if f == "mode" and f in alone else v for f, v in given.items()}
        given = {f: "KAZ" if f == "territory_id" and f in alone else v for f, v in given.items()}
        held = Parameters(frame)
        found = held.table("rate", commodities=table if goods else None, **given)
        used = set()
        rows = list(table.itertuples()) if goods else [None]
        want = np.empty((len(rows), n))
        for g, good in enumerate(rows):
            for i in range(n):
                key = {f: v if isinstance(v, str) else str(v[i]) for f, v in given.items()}
                key |= {
                    "commodity_id": good.commodity_id if good else "",
                    "load_type": good.load_type if good else "",
                }
                row = most_particular(frame, "rate", key)
                used.add(row)
                want[g, i] = frame["value"][row]
        np.testing.assert_array_equal(found, want if goods else want[0])
        assert held.used.index.tolist() == sorted(used)


def test_who_says_a_value_is_the_row_it_comes_from() -> None:
    """Source and confidence of the row that `get` reads; empty where nobody says."""
    rows = pd.DataFrame(
        {
            "parameter": ["rate", "rate", "rate"],
            "mode": ["", "rail", "sea"],
            "item": ["", "haul", ""],
            "value": [1.0, 2.0, 3.0],
            "source_id": ["one", "two", None],
            "confidence": ["low", "high", "medium"],
        }
    )
    held = Parameters(rows)
    assert held.said("rate") == ("one", "low")
    assert held.said("rate", mode="rail") == ("one", "low"), "the row of an item is not of all"
    assert held.said("rate", mode="rail", item="haul") == ("two", "high")
    assert held.said("rate", mode="sea") == ("", "medium")
    assert held.used.index.tolist() == [0, 1, 2]
    assert Parameters(rows.drop(columns=["source_id", "confidence"])).said("rate") == ("", "")


def test_nothing_replaced_is_the_same_and_every_missing_row_is_named() -> None:
    """No values, no copy; a row that fits nowhere is named with the cells asked for, each once."""
    assert RATES.replace() is RATES
    with pytest.raises(InputError) as caught:
        RATES.table(
            "other",
            commodities=GOODS,
            mode=np.array(["road", "sea"], dtype=object),
            territory_id=np.array(["KAZ", "KAZ"], dtype=object),
            item=np.array(["x>y", "q"], dtype=object),
        )
    assert [f.what for f in caught.value.faults] == ["no row of other fits item=q, mode=sea."]
    bare = parameters(("lone", "rail", "", "", "", "", 1.0))
    with pytest.raises(InputError, match="an arc with nothing known"):
        bare.get("lone")
    with pytest.raises(UnknownName, match="rate"):
        RATES.table("rats", mode=np.array(["rail"], dtype=object))


def test_rows_are_those_of_the_file_numbered_anew() -> None:
    """Whatever index the rows came with, they are numbered from 0 and have no other columns."""
    held = Parameters(RATES.frame.iloc[::-1])
    assert held.get("rate") == 1.0
    assert held.used.columns.tolist() == COLUMNS
    assert held.used.index.tolist() == [5]

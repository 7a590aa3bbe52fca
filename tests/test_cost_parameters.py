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

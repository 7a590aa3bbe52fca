"""Cost terms against numbers worked by hand on a small way from rail over a sea to a lorry."""

import math

import numpy as np
import pandas as pd
import pytest

from isthmus.cost.parameters import Parameters
from isthmus.cost.restrictions import Binding
from isthmus.cost.terms import TERMS, TermContext, mean_lognormal, sd_lognormal

Z90 = 1.2815515655446004

PARAMETERS = {
    "rate_usd_teu_km": 0.5,
    "rate_usd_tkm": 0.02,
    "rate_factor": 1.0,
    "boarding_usd_teu": 300.0,
    "boarding_usd_t": 8.0,
    "speed_km_h": 20.0,
    "speed_share": 0.5,
    "port_call_share": 0.25,
    "wait_h": 48.0,
    "p90_over_p50": 2.0,
    "crossing_h_p50": 5.0,
    "crossing_h_p90": 15.0,
    "crossing_usd_t": 2.0,
    "transfer_h_p50": 36.0,
    "transfer_h_p90": 96.0,
    "transfer_usd_t": 15.0,
    "load_usd_t": 6.0,
    "unload_usd_t": 4.0,
    "load_h": 24.0,
    "unload_h": 12.0,
    "access_usd_tkm": 0.12,
    "access_speed_km_h": 30.0,
    "emission_kg_tkm": 0.03,
    "emission_transfer_kg_t": 1.0,
}
EXTRA = [
    ("speed_km_h", "rail", "", "", 40.0),
    ("wait_h", "sea", "SEA-Y", "", 60.0),
    ("transfer_h_p50", "", "", "rail>sea", 30.0),
]
FIELDS = ["parameter", "mode", "territory_id", "item", "value"]
FRAME = pd.DataFrame([(k, "", "", "", v) for k, v in PARAMETERS.items()] + EXTRA, columns=FIELDS)
GOODS = pd.DataFrame(
    {
        "commodity_id": ["container", "coal"],
        "load_type": ["container", "dry_bulk"],
        "payload_t_teu": [10.0, 24.0],
    }
)


def arc(kind: str, mode: str, land: str, node: str, **more: object) -> dict[str, object]:
    return {"kind": kind, "mode": mode, "territory_id": land, "node_id": node, **more}


ARCS = [
    arc("access", "road", "A", "p", length_km=60.0),
    arc("load", "rail", "A", "p"),
    arc("move", "rail", "A", "p", length_km=400.0, free_speed_km_h=60.0),
    arc("transfer", "sea", "A", "port", from_mode="rail", to_mode="sea", method="transshipment"),
    arc("cross", "sea", "SEA-X", "port", from_territory_id="A", delay_p50_h=0.0, fee_usd_t=0.0),
    arc("move", "sea", "SEA-X", "port", length_km=200.0, wait_h=10.0),
    arc("move", "sea", "SEA-X", "mid", length_km=100.0, wait_h=99.0),
    arc(
        "cross",
        "rail",
        "B",
        "border",
        from_territory_id="A",
        delay_p50_h=10.0,
        delay_p90_h=30.0,
        fee_usd_t=4.0,
        delay_factor=0.5,
        spread_factor=0.2,
        fee_factor=0.25,
    ),
    arc("cross", "rail", "C", "border2", from_territory_id="B"),
    arc("unload", "road", "B", "q"),
    arc("egress", "road", "B", "q", length_km=30.0),
    arc("move", "sea", "SEA-Y", "port", length_km=300.0),
    arc("transfer", "rail", "A", "gauge", from_mode="rail", to_mode="rail", method="wagon_change"),
]


def context(arcs: list[dict[str, object]] | None = None) -> TermContext:
    frame = pd.DataFrame(arcs or ARCS)
    text = ["from_territory_id", "from_mode", "to_mode", "method"]
    frame = frame.assign(**{c: frame[c].fillna("") if c in frame else "" for c in text})
    for factor in ("delay_factor", "spread_factor", "fee_factor"):
        frame[factor] = frame[factor].fillna(1.0)
    money = np.zeros((2, len(frame)))
    money[:, (frame["kind"] == "cross") & (frame["territory_id"] == "SEA-X")] = 8.0
    bound = Binding(np.full(money.shape, -1, np.int16), money, np.zeros(money.shape))
    return TermContext(frame, GOODS, Parameters(FRAME), bound)


VALUES = {t.name: t.f(context()) for t in TERMS}
BOX, COAL = 0, 1


@pytest.mark.parametrize(
    ("term", "good", "position", "value"),
    [
        ("access", BOX, 0, 7.2),  # 60 km at 0.12
        ("access", COAL, 10, 3.6),
        ("access_hours", BOX, 0, 2.0),
        ("load_fee", BOX, 1, 6.0),
        ("load_hours", COAL, 1, 24.0),
        ("unload_fee", BOX, 9, 4.0),
        ("haul", BOX, 2, 20.0),  # 400 km at 0.5 USD/TEU-km and 10 t a TEU
        ("haul", COAL, 2, 8.0),  # 400 km at 0.02
        ("haul_hours", BOX, 2, 400 / 30),  # half of the line's 60 km/h, below 40
        ("haul_hours", BOX, 5, 10.0),  # 200 km at 20
        ("call_hours", BOX, 5, 2.5),  # a quarter of 10 h
        ("boarding", BOX, 3, 30.0),  # 300 USD/TEU at 10 t
        ("boarding", COAL, 3, 8.0),
        ("boarding", BOX, 5, 0.0),
        ("wait_hours", BOX, 3, 10.0),  # the least wait of the port's lanes
        ("wait_hours", BOX, 5, 0.0),
        ("wait_hours", BOX, 6, 0.0),  # under way already: no wait in the middle of a sea
        ("wait_hours", BOX, 11, 50.0),  # this lane waits 60 h, 10 were paid on board
        ("crossing_hours", BOX, 4, 0.0),  # surveyed as nothing, so nothing
        ("crossing_hours", BOX, 7, 7.220168),  # 10 exp(0.857252²/2) = 14.440335 h at factor 0.5
        ("crossing_hours", BOX, 8, 7.220168),  # unknown: p50 5 and p90 15 of parameters
        ("crossing_fee", BOX, 7, 1.0),
        ("crossing_fee", BOX, 8, 2.0),
        ("crossing_fee", BOX, 4, 0.0),
        ("restriction_money", BOX, 4, 8.0),  # as bound, see test_restrictions.py
        ("restriction_money", BOX, 7, 0.0),
        ("transfer_hours", BOX, 3, 45.289563),  # the row of rail>sea
        ("transfer_hours", BOX, 12, 48.249985),
        ("transfer_fee", BOX, 3, 15.0),
        ("haul_co2", COAL, 2, 12.0),  # 400 km at 0.03
        ("haul_co2", COAL, 0, 1.8),
        ("handling_co2", COAL, 3, 1.0),
    ],
)
def test_each_term_against_a_number_worked_by_hand(
    term: str, good: int, position: int, value: float
) -> None:
    assert VALUES[term][good, position] == pytest.approx(value, rel=1e-6)


def test_spread_of_a_lognormal_time() -> None:
    # sigma = ln 3 / 1.2816 = 0.85725; sd = 10 exp(0.36744) sqrt(exp(0.73488) - 1)
    assert sd_lognormal(10.0, 30.0) == pytest.approx(15.04315, rel=1e-5)
    assert VALUES["crossing_spread"][BOX, 7] == pytest.approx(15.04315 * 0.2, rel=1e-5)
    rng = np.random.default_rng(1)
    draws = 10 * np.exp(np.log(3) / 1.2815515655446004 * rng.standard_normal(2_000_000))
    assert np.quantile(draws, 0.9) == pytest.approx(30, rel=0.01)
    assert draws.std() == pytest.approx(15.04315, rel=0.02)


def test_every_term_is_zero_outside_its_arcs_and_never_negative() -> None:
    c = context()
    for term in TERMS:
        values = VALUES[term.name]
        assert values.shape == (2, len(ARCS))
        assert (values >= 0).all(), term.name
        assert not values[:, ~c.of(*term.arcs)].any(), term.name


def test_a_port_without_transfer_is_not_boarded() -> None:
    values = TERMS[[t.name for t in TERMS].index("wait_hours")].f(
        context([a for a in ARCS if a["kind"] != "transfer"])
    )
    assert not values.any()


def test_a_river_sea_ship_is_boarded_once() -> None:
    change = arc(
        "transfer", "sea", "A", "port", from_mode="inland_water", to_mode="sea", method="roll_on"
    )
    arcs = [change if a["kind"] == "transfer" and a["mode"] == "sea" else a for a in ARCS]
    wait = TERMS[[t.name for t in TERMS].index("wait_hours")].f(context(arcs))
    assert not wait.any()


def test_arc_order_does_not_matter() -> None:
    c = context()
    bound = Binding(*(values[:, ::-1] for values in c.bound))
    turned = TermContext(c.arcs.iloc[::-1].reset_index(drop=True), GOODS, c.parameters, bound)
    for term in TERMS:
        np.testing.assert_array_equal(term.f(turned)[:, ::-1], VALUES[term.name])


def lognormal(p50: float, p90: float) -> tuple[float, float]:
    """Mean and standard deviation of a lognormal time with these quantiles (eq. 7)."""
    sigma = math.log(p90 / p50) / Z90
    mean = p50 * math.exp(sigma**2 / 2)
    return mean, mean * math.sqrt(math.exp(sigma**2) - 1.0)


def value_of(term: str, arcs: list[dict[str, object]] | None = None) -> np.ndarray:
    return TERMS[[t.name for t in TERMS].index(term)].f(context(arcs))


@pytest.mark.parametrize(
    ("spread", "position", "p50", "p90", "factor"),
    [
        ("haul_spread", 2, 400 / 30, 800 / 30, 1.0),  # hours under way at the ratio of 2
        ("haul_spread", 6, 5.0, 10.0, 1.0),
        ("wait_spread", 3, 10.0, 20.0, 1.0),
        ("crossing_spread", 7, 10.0, 30.0, 0.2),  # surveyed, under a regime
        ("crossing_spread", 8, 5.0, 15.0, 1.0),  # of parameters
        ("transfer_spread", 3, 30.0, 96.0, 1.0),  # the row of rail>sea
        ("transfer_spread", 12, 36.0, 96.0, 1.0),
    ],
)
def test_spread_is_the_standard_deviation_of_the_hours(
    spread: str, position: int, p50: float, p90: float, factor: float
) -> None:
    """Eq. 7: of every time that is not sure, for every good alike, in the hours of its regime."""
    sd = lognormal(p50, p90)[1]
    assert VALUES[spread][:, position] == pytest.approx([factor * sd] * 2)


def test_a_lane_that_is_less_sure_adds_what_its_port_has_not_paid() -> None:
    """The spread of the wait is shared out like the wait: the surest lane aboard, the rest on the lane."""
    more = lognormal(60.0, 120.0)[1] - lognormal(10.0, 20.0)[1]
    assert VALUES["wait_spread"][:, 11] == pytest.approx([more] * 2)
    assert VALUES["wait_spread"][:, [5, 6]].tolist() == [[0.0, 0.0]] * 2


@pytest.mark.parametrize("kind", ["crossing", "transfer"])
@pytest.mark.parametrize(
    ("known", "p50", "p90"),
    [
        ({"delay_p50_h": 8.0}, 8.0, 16.0),
        ({"delay_p90_h": 8.0}, 4.0, 8.0),
        ({"delay_p50_h": 8.0, "delay_p90_h": 9.0}, 8.0, 9.0),
    ],
)
def test_of_two_quantiles_one_that_is_unknown_follows_from_the_other(
    kind: str, known: dict[str, float], p50: float, p90: float
) -> None:
    """Where a survey gives the median or the 90th percentile alone, their ratio is the parameter's, 2."""
    position = {"crossing": 8, "transfer": 12}[kind]
    arcs = [{**a, **known} if i == position else a for i, a in enumerate(ARCS)]
    mean, sd = lognormal(p50, p90)
    assert value_of(f"{kind}_hours", arcs)[:, position] == pytest.approx([mean] * 2)
    assert value_of(f"{kind}_spread", arcs)[:, position] == pytest.approx([sd] * 2)
    others = [i for i in range(len(ARCS)) if i != position]
    np.testing.assert_array_equal(
        value_of(f"{kind}_hours", arcs)[:, others], VALUES[f"{kind}_hours"][:, others]
    )


@pytest.mark.parametrize(
    ("term", "position", "values"),
    [
        ("load_fee", 1, [6.0, 6.0]),
        ("load_hours", 1, [24.0, 24.0]),
        ("unload_fee", 9, [4.0, 4.0]),
        ("unload_hours", 9, [12.0, 12.0]),
        ("access", 10, [3.6, 3.6]),
        ("access_hours", 10, [1.0, 1.0]),
        ("haul", 5, [10.0, 4.0]),  # 200 km at 0.5 a TEU of 10 t, at 0.02 a tonne
        ("haul_co2", 2, [12.0, 12.0]),
        ("haul_co2", 10, [0.9, 0.9]),
        ("handling_co2", 1, [1.0, 1.0]),
        ("handling_co2", 9, [1.0, 1.0]),
        ("call_hours", 11, [3.75, 3.75]),
        ("crossing_hours", 8, [lognormal(5.0, 15.0)[0]] * 2),
    ],
)
def test_each_term_for_both_goods(term: str, position: int, values: list[float]) -> None:
    """A term is what its row says for every good, unless a row is about one."""
    assert VALUES[term][:, position] == pytest.approx(values)


def test_a_known_price_of_a_terminal_holds_for_all_goods() -> None:
    """A fee in the row of the terminal stands before the usual one."""
    arcs = [{**a, "fee_usd_t": 2.5} if i == 12 else a for i, a in enumerate(ARCS)]
    assert value_of("transfer_fee", arcs)[:, [3, 12]].tolist() == [[15.0, 2.5]] * 2


def test_prices_scale_with_the_factor_of_the_good() -> None:
    """A factor of one good makes its haul and its boarding dearer, and nothing else."""
    factor = pd.DataFrame([("rate_factor", "", "", "", 3.0, "coal")], columns=[*FIELDS, "commodity_id"])  # fmt: skip
    usual = context()
    c = TermContext(
        usual.arcs,
        GOODS,
        Parameters(pd.concat([FRAME.assign(commodity_id=""), factor])),
        usual.bound,
    )
    for term in TERMS:
        times = [1.0, 3.0] if term.name in ("haul", "boarding") else [1.0, 1.0]
        want = VALUES[term.name] * np.array(times)[:, None]
        np.testing.assert_allclose(term.f(c), want, rtol=1e-12, err_msg=term.name)


def test_what_a_network_says_nothing_of_is_at_its_usual_value() -> None:
    """Without columns of regimes the factors are 1, without surveys and fees parameters hold."""
    bare = (
        "delay_factor",
        "spread_factor",
        "fee_factor",
        "delay_p50_h",
        "delay_p90_h",
        "fee_usd_t",
    )
    usual = context()
    c = TermContext(
        usual.arcs.drop(columns=[*bare, "wait_h", "from_mode"]),
        GOODS,
        usual.parameters,
        usual.bound,
    )
    by_name = {t.name: t.f(c) for t in TERMS}
    mean, sd = lognormal(5.0, 15.0)
    for position in (4, 7, 8):
        assert by_name["crossing_hours"][:, position] == pytest.approx([mean] * 2)
        assert by_name["crossing_spread"][:, position] == pytest.approx([sd] * 2)
        assert by_name["crossing_fee"][:, position].tolist() == [2.0, 2.0]
    assert by_name["wait_hours"][:, 3].tolist() == [48.0, 48.0]
    assert by_name["wait_hours"][:, 11].tolist() == [12.0, 12.0], "60 h less the 48 paid aboard"


@pytest.mark.parametrize(("p50", "p90"), [(5.0, 4.0), (5.0, 5.0), (0.0, 3.0), (0.0, 0.0)])
def test_a_time_without_spread_is_its_median(p50: float, p90: float) -> None:
    """Quantiles that do not rise, or a median of nothing, are read as sure."""
    assert sd_lognormal(p50, p90) == 0.0
    assert mean_lognormal(p50, p90) == p50


def test_goods_loaded_at_a_port_board_there() -> None:
    """Loading onto a ship boards it like a transfer does; unloading boards nothing."""
    load, unload = arc("load", "sea", "A", "port"), arc("unload", "sea", "A", "port")
    wait = value_of("wait_hours", [*ARCS, load, unload])
    assert wait[:, len(ARCS) :].tolist() == [[10.0, 0.0]] * 2
    money = value_of("boarding", [*ARCS, load, unload])
    assert money[:, len(ARCS)] == pytest.approx([30.0, 8.0])


def test_a_border_without_a_survey_takes_the_row_of_the_lands_it_joins() -> None:
    """``FROM>TO``: leaving one land for another is not the way back, nor leaving another for it."""
    more = [("crossing_h_p50", "", "", "B>C", 20.0), ("crossing_h_p90", "", "", "B>C", 50.0)]
    odd = [("crossing_h_p50", "", "", pair, 999.0) for pair in ("C>B", "A>C", "B>", ">C", "B>B")]
    back = arc("cross", "rail", "B", "border2", from_territory_id="C")
    usual = context([*ARCS, back])
    table = pd.concat([FRAME, pd.DataFrame([*more, *odd[1:]], columns=FIELDS)])
    c = TermContext(usual.arcs, GOODS, Parameters(table), usual.bound)
    for term, which in (("crossing_hours", 0), ("crossing_spread", 1)):
        values = TERMS[[t.name for t in TERMS].index(term)].f(c)
        assert values[:, 8] == pytest.approx([lognormal(20.0, 50.0)[which]] * 2)
        assert values[:, len(ARCS)] == pytest.approx([lognormal(5.0, 15.0)[which]] * 2)


NO_GOODS = {"speed_share", "wait_h", "p90_over_p50"}
NO_GOODS |= {f"{what}_h_{p}" for what in ("crossing", "transfer") for p in ("p50", "p90")}
SHARED_OUT = {"boarding", "wait_hours", "wait_spread"}
"""Terms that lanes pay at the port they leave from, which is of another land."""


def terms_of(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    usual = context()
    c = TermContext(usual.arcs, GOODS, Parameters(rows), usual.bound)
    return {t.name: t.f(c) for t in TERMS}


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_row_of_a_mode_a_land_or_a_good_holds_there_and_nowhere_else(parameter: str) -> None:
    """Terms look up every parameter by mode and land of the arc, and by the good where goods may differ."""
    whole = FRAME[: len(PARAMETERS)].assign(commodity_id="")
    # a line of a fifth of its speed holds the train back, which one of 0.85 would not
    other = PARAMETERS[parameter] * (0.4 if parameter == "speed_share" else 1.7)
    everywhere = terms_of(
        whole.assign(value=whole["value"].where(whole["parameter"].ne(parameter), other))
    )
    before, arcs = terms_of(whole), context().arcs
    assert any((everywhere[name] != before[name]).any() for name in before)
    for field, column in (("mode", "mode"), ("territory_id", "territory_id"), ("commodity_id", "")):
        for cell in GOODS["commodity_id"] if not column else sorted(set(arcs[column])):
            row = dict.fromkeys(whole.columns, "") | {"parameter": parameter, field: cell}
            more = pd.DataFrame([row]).assign(value=other)
            found = terms_of(pd.concat([whole, more], ignore_index=True))
            if column:
                here = np.broadcast_to(arcs[column].eq(cell).to_numpy(), (len(GOODS), len(arcs)))
            else:
                mine = GOODS["commodity_id"].eq(cell).to_numpy() & (parameter not in NO_GOODS)
                here = np.broadcast_to(mine[:, None], (len(GOODS), len(arcs)))
            for name, values in found.items():
                if column == "territory_id" and name in SHARED_OUT:
                    continue
                want = np.where(here, everywhere[name], before[name])
                np.testing.assert_array_equal(values, want, err_msg=f"{name}, {field} {cell}")


@pytest.mark.parametrize("item", ["haul", "wait", "crossing", "transfer"])
def test_each_kind_of_time_has_a_ratio_of_its_own(item: str) -> None:
    """The ratio of the 90th percentile to the median is asked for by what takes the time."""
    arcs = [
        {**a, "delay_p50_h": 8.0, "delay_p90_h": np.nan}
        if a["kind"] in ("cross", "transfer")
        else a
        for a in ARCS
    ]
    usual = context(arcs)
    more = pd.DataFrame([("p90_over_p50", "", "", item, 5.0)], columns=FIELDS)
    c = TermContext(usual.arcs, GOODS, Parameters(pd.concat([FRAME, more])), usual.bound)
    differ = {t.name for t in TERMS if (t.f(c) != t.f(usual)).any()}
    hours = {f"{item}_hours"} if item in ("crossing", "transfer") else set()
    assert differ == {f"{item}_spread"} | hours

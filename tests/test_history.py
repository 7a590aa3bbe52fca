"""Dated facts, looked up elsewhere, against the network of the day."""

from __future__ import annotations

import datetime as dt
import json

import pytest

import isthmus as ist
from isthmus.cli import app
from isthmus.errors import InputError
from isthmus.facts.chronicle import as_of, changes
from isthmus.facts.history import causes

OPEN, SHUT = True, False
DATED = [
    # what the public record says; element; a day; whether freight passes that day
    ("Türkiye shuts its border with Armenia on 3 April 1993", "rail:akhurik-dogukapi:ARM-TUR", "1993-04-02", OPEN),
    ("", "rail:akhurik-dogukapi:ARM-TUR", "1993-04-03", SHUT),
    ("", "road:margara-alican:TUR-ARM", "1993-04-03", SHUT),
    ("the bridge at Margara opens for aid, 11 to 17 February 2023", "road:margara-alican:ARM-TUR", "2023-02-10", SHUT),
    ("", "road:margara-alican:ARM-TUR", "2023-02-11", OPEN),
    ("", "road:margara-alican:ARM-TUR", "2023-02-17", OPEN),
    ("", "road:margara-alican:ARM-TUR", "2023-02-18", SHUT),
    ("and 21 to 31 March 2025", "road:margara-alican:ARM-TUR", "2025-03-20", SHUT),
    ("", "road:margara-alican:ARM-TUR", "2025-03-31", OPEN),
    ("", "road:margara-alican:ARM-TUR", "2025-04-01", SHUT),
    ("the railway through Abkhazia is cut in August 1992", "rail:enguri-line-sukhumi-sokhumi", "1992-08-01", OPEN),
    ("", "rail:enguri-line-sukhumi-sokhumi", "1992-08-31", SHUT),
    ("", "rail:enguri-line-sukhumi-sokhumi", "2025-01-01", SHUT),
    ("Tejen–Sarakhs–Mashhad opens in May 1996", "rail:serakhs:TKM-IRN", "1996-04-30", SHUT),
    ("", "rail:serakhs:TKM-IRN", "1996-05-31", OPEN),
    ("Upper Lars is shut from July 2006 to 1 March 2010", "road:kazbegi-larsi-verkhny-lars:GEO-RUS", "2006-06-30", OPEN),
    ("", "road:kazbegi-larsi-verkhny-lars:GEO-RUS", "2006-08-01", SHUT),
    ("", "road:kazbegi-larsi-verkhny-lars:GEO-RUS", "2010-02-28", SHUT),
    ("", "road:kazbegi-larsi-verkhny-lars:GEO-RUS", "2010-03-01", OPEN),
    ("Dostlik is shut from April 2010 for 18 months at least", "road:dostlik:KGZ-UZB", "2010-05-01", SHUT),
    ("", "road:dostlik:KGZ-UZB", "2011-06-01", SHUT),
    ("", "road:dostlik:KGZ-UZB", "2017-09-30", OPEN),
    ("Altynkol opens in December 2012", "rail:altynkol:KAZ-CHN", "2012-11-30", SHUT),
    ("", "rail:altynkol:KAZ-CHN", "2012-12-31", OPEN),
    ("Kazakhstan–Turkmenistan–Iran opens on 3 December 2014", "rail:incheh-borun:TKM-IRN", "2014-12-02", SHUT),
    ("", "rail:incheh-borun:TKM-IRN", "2014-12-03", OPEN),
    ("Aqina opens in November 2016", "rail:aqina-ymamnazar:TKM-AFG", "2016-10-31", SHUT),
    ("", "rail:aqina-ymamnazar:TKM-AFG", "2016-11-30", OPEN),
    ("Baku–Tbilisi–Kars opens on 30 October 2017", "rail:kartsakhi-canbaz:GEO-TUR", "2017-10-29", SHUT),
    ("", "rail:kartsakhi-canbaz:GEO-TUR", "2017-10-30", OPEN),
    ("trade between Pakistan and India stops in August 2019", "road:attari:PAK-IND", "2019-07-31", OPEN),
    ("", "road:attari:PAK-IND", "2019-08-31", SHUT),
    ("Khaf–Rozanak opens on 10 December 2020", "rail:rozanak:IRN-AFG", "2020-12-09", SHUT),
    ("", "rail:rozanak:IRN-AFG", "2020-12-10", OPEN),
    ("the Suez Canal is blocked 23 to 29 March 2021", "sea:port-said-suez", "2021-03-22", OPEN),
    ("", "sea:port-said-suez", "2021-03-25", SHUT),
    ("", "sea:port-said-suez", "2021-03-29", OPEN),
    ("the Lachin road passes freight from 10 November 2020", "road:tegh-kornidzor:ARM-AZE", "2020-11-10", OPEN),
    ("and is blocked on 12 December 2022", "road:tegh-kornidzor:ARM-AZE", "2022-12-11", OPEN),
    ("", "road:tegh-kornidzor:ARM-AZE", "2022-12-12", SHUT),
    ("", "road:tegh-kornidzor:ARM-AZE", "2023-10-15", SHUT),
    ("Rasht–Caspian port opens on 20 June 2024", "rail:caspian-port-rasht", "2024-06-19", SHUT),
    ("", "rail:caspian-port-rasht", "2024-06-20", OPEN),
    ("Poland shuts its border with Belarus 12 to 24 September 2025", "rail:brest:POL-BLR", "2025-09-11", OPEN),
    ("", "rail:brest:POL-BLR", "2025-09-12", SHUT),
    ("", "rail:brest:POL-BLR", "2025-09-24", SHUT),
    ("", "rail:brest:POL-BLR", "2025-09-25", OPEN),
    ("Torkham is shut from 12 October 2025", "road:torkham:PAK-AFG", "2025-10-11", OPEN),
    ("", "road:torkham:PAK-AFG", "2025-10-12", SHUT),
    ("lorries between Azerbaijan and Iran stop 5 to 9 March 2026", "road:astara:AZE-IRN", "2026-03-04", OPEN),
    ("", "road:astara:AZE-IRN", "2026-03-05", SHUT),
    ("", "road:bilasuvar:IRN-AZE", "2026-03-08", SHUT),
    ("", "road:astara:AZE-IRN", "2026-03-09", OPEN),
    ("Iranian ports are under blockade from 13 April 2026", "sea:bandar-abbas:IRN-SEA-GULF", "2026-04-12", OPEN),
    ("", "sea:bandar-abbas:IRN-SEA-GULF", "2026-04-13", SHUT),
]  # fmt: skip
REGIMES = [
    ("road:kurmangazy:KAZ-RUS", "2011-06-30", "normal"),
    ("road:kurmangazy:KAZ-RUS", "2011-07-01", "customs_union"),
    ("road:korday:KAZ-KGZ", "2015-08-11", "normal"),
    ("road:korday:KAZ-KGZ", "2015-08-12", "customs_union"),
    ("road:tegh-kornidzor:ARM-AZE", "2021-06-01", "facilitated"),
    ("road:margara-alican:ARM-TUR", "2023-02-11", "aid_only"),
]


@pytest.mark.parametrize(("said", "element", "day", "passes"), DATED)
def test_a_dated_fact(said, element, day, passes, shipped):
    network = shipped.network(day)
    for frame, key in ((network.links, "link_id"), (network.crossings, "crossing_id")):
        row = frame[frame[key].eq(element)]
        if len(row):
            assert bool(row["is_open"].iloc[0]) == passes, said
            return
    raise AssertionError(f"{element} is nowhere")


@pytest.mark.parametrize(("element", "day", "regime"), REGIMES)
def test_a_dated_regime(element, day, regime, shipped):
    crossings = shipped.network(day).crossings.set_index("crossing_id")
    assert crossings.loc[element, "regime"] == regime


def test_baku_tbilisi_kars_is_rebuilt_from_may_2023_to_20_may_2024(shipped):
    def passes(day):
        links = shipped.network(day).links
        here = links["from_node_id"].eq("akhalkalaki") | links["to_node_id"].eq("akhalkalaki")
        here |= links["link_id"].str.contains("kartsakhi")
        return bool(links.loc[here & links["mode"].eq("rail"), "is_open"].all())

    assert passes("2023-04-30")
    assert not passes("2023-06-01")
    assert not passes("2024-05-19")
    assert passes("2024-05-20")


def test_goods_for_armenia_cross_azerbaijan_from_21_october_2025(shipped):
    for day, barred in (("2025-10-20", True), ("2025-10-21", False)):
        rows = shipped.network(day).restrictions.set_index("restriction_id")["in_force"]
        assert bool(rows["azerbaijan-transit-armenia"]) == barred


def test_every_status_and_regime_names_its_cause(shipped):
    known = set(causes(shipped)["cause_id"])
    for table in ("link_status", "crossing_regimes", "restrictions"):
        assert set(shipped[table]["cause_id"]) - {""} <= known
    assert not shipped["link_status"]["cause_id"].eq("").any()
    assert not shipped["crossing_regimes"]["cause_id"].eq("").any()


def test_changes_lead_from_one_day_to_the_other(shipped):
    """Turns between two days, applied to the first, give the second: an independent walk."""
    first, last = "2020-01-01", "2024-12-31"
    after = (dt.date.fromisoformat(first) + dt.timedelta(days=1)).isoformat()
    turns = changes(shipped, after, last)
    for noun, table, key, state in (
        ("link", "links", "link_id", "status"),
        ("crossing", "crossings", "crossing_id", "regime"),
    ):
        old = getattr(shipped.network(first), table).set_index(key)[state].to_dict()
        new = getattr(shipped.network(last), table).set_index(key)[state].to_dict()
        for row in turns[turns["noun"].eq(noun)].to_dict("records"):
            for element in row["elements"].split("; "):
                assert old[element] == row["before"], element
                old[element] = row["after"]
        assert old == new
    assert turns["date"].is_monotonic_increasing
    assert turns["cause"].ne("").all()


def test_a_day_is_told_with_its_causes(shipped):
    found = as_of(shipped, "2022-11-01")
    lachin = found.unusual[found.unusual["element_id"].eq("road:tegh-kornidzor:ARM-AZE")].iloc[0]
    assert lachin["state"] == "facilitated"
    assert "November 2020" in lachin["cause"]
    assert found.counts["number"].sum() > 1000
    assert "Eurasian Economic Union" in set(found.memberships["organisation"])
    members = found.memberships.set_index("organisation")["members"]
    assert {"ARM", "BLR", "KAZ", "KGZ", "RUS"} == set(members["Eurasian Economic Union"].split())
    names = set(found.agreements["name"])
    assert "Trilateral statement of 9/10 November 2020" in names
    assert not any("TRIPP" in n for n in names)
    assert not found.recent["date"].gt("2022-11-01").any()


def test_only_what_is_asked_for(shipped):
    every = changes(shipped, "2022-01-01", "2023-12-31")
    some = changes(shipped, "2022-01-01", "2023-12-31", "Lachin")
    assert 0 < len(some) < len(every)
    assert some["elements"].str.contains("lachin|tegh").all()
    with pytest.raises(InputError, match="Lakhin"):
        changes(shipped, "2022-01-01", "2023-12-31", "Lakhin")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "needs a day"),
        (["--date", "2022-13-01"], "is no date"),
        (["--date", "1980-01-01"], "before the record begins"),
        (["--from", "2024-01-01", "--to", "2020-01-01"], "comes before"),
    ],
)
def test_days_that_cannot_be_are_refused(arguments, said):
    with pytest.raises(InputError, match=said):
        app(["history", *arguments], standalone_mode=False)


def test_the_command_as_json(capsys):
    app(["history", "--date", "2022-11-01", "--json"], standalone_mode=False)
    said = json.loads(capsys.readouterr().out)
    assert set(said) == {"date", "counts", "unusual", "agreements", "memberships", "recent"}
    app(["history", "--from", "2023-05-01", "--to", "2024-06-30", "--json"], standalone_mode=False)
    rows = json.loads(capsys.readouterr().out)
    assert {"date", "noun", "before", "after", "cause", "elements"} <= set(rows[0])
    assert any("rail:caspian-port-rasht" in r["elements"] for r in rows)
    assert ist.__version__

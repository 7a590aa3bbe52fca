"""Dated facts, looked up elsewhere, against the network of the day."""

from __future__ import annotations

import datetime as dt
import json

import pytest

import isthmus as ist
from isthmus.chronicle import as_of, history
from isthmus.cli import app
from isthmus.errors import InputError
from isthmus.facts.history import causes
from isthmus.facts.listing import dossier

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
    ("Pakistan stops trade with India by notifications of 9 August 2019", "road:attari:PAK-IND", "2019-08-08", OPEN),
    ("", "road:attari:PAK-IND", "2019-08-09", SHUT),
    ("the railway Astara-Astara is opened on 29 March 2018", "rail:astara:AZE-IRN", "2018-03-28", SHUT),
    ("", "rail:astara:AZE-IRN", "2018-03-29", OPEN),
    ("and its link", "rail:astara-astara-rail-terminal", "2018-03-28", SHUT),
    ("", "rail:astara-astara-rail-terminal", "2018-03-29", OPEN),
    ("trains Moscow-Sukhumi run again from 10 September 2004", "rail:adler-vesyoloye:RUS-GEO", "2004-09-09", SHUT),
    ("", "rail:adler-vesyoloye:RUS-GEO", "2004-09-10", OPEN),
    ("", "rail:enguri-line-sukhumi-sokhumi", "2004-09-10", SHUT),
    ("Bazargan is shut on 24 February, to 4 June 2020", "road:bazargan-gurbulak:TUR-IRN", "2020-02-23", OPEN),
    ("", "road:bazargan-gurbulak:TUR-IRN", "2020-02-24", SHUT),
    ("", "road:bazargan-gurbulak:IRN-TUR", "2020-06-03", SHUT),
    ("", "road:bazargan-gurbulak:IRN-TUR", "2020-06-04", OPEN),
    ("Sarakhs is shut to lorries from 1 April to 6 September 2020", "road:serakhs:IRN-TKM", "2020-03-31", OPEN),
    ("", "road:serakhs:IRN-TKM", "2020-04-01", SHUT),
    ("", "road:serakhs:IRN-TKM", "2020-09-06", SHUT),
    ("", "road:serakhs:IRN-TKM", "2020-09-07", OPEN),
    ("wagons pass at Incheh Borun again on 23 June 2020", "rail:incheh-borun:IRN-TKM", "2020-06-22", SHUT),
    ("", "rail:incheh-borun:IRN-TKM", "2020-06-23", OPEN),
    ("lorries at Incheh Borun only on 14 October 2021", "road:incheh-borun:IRN-TKM", "2021-10-13", SHUT),
    ("", "road:incheh-borun:IRN-TKM", "2021-10-14", OPEN),
    ("Bekabad is among the posts reopened on 1 March 2018", "road:bekabad:UZB-TJK", "2018-02-28", SHUT),
    ("", "road:bekabad:UZB-TJK", "2018-03-01", OPEN),
    ("Mashhad-Bafq is opened on 3 May 2005", "rail:torbat-e-heydarieh-bafq", "2005-05-02", SHUT),
    ("", "rail:torbat-e-heydarieh-bafq", "2005-05-03", OPEN),
    ("Qazvin-Rasht is opened on 6 March 2019", "rail:rasht-qazvin", "2019-03-05", SHUT),
    ("", "rail:rasht-qazvin", "2019-03-06", OPEN),
    ("the sea at Hormuz is shut in March 2026", "sea:hormuz-bend-hormuz-west", "2026-02-28", OPEN),
    ("", "sea:hormuz-bend-hormuz-west", "2026-03-06", SHUT),
    ("Bolashak-Serhetyaka is opened in May 2013", "rail:serhetyaka:KAZ-TKM", "2013-04-30", SHUT),
    ("", "rail:serhetyaka:KAZ-TKM", "2013-05-31", OPEN),
    ("rails to Afghanistan stop from 1 to 10 February 2023", "rail:termez:UZB-AFG", "2023-01-31", OPEN),
    ("", "rail:termez:UZB-AFG", "2023-02-01", SHUT),
    ("", "rail:termez:UZB-AFG", "2023-02-10", OPEN),
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
    ("road:brest:POL-BLR", "2025-09-24", "closed"),
    ("road:passau:AUT-DEU", "1994-12-31", "normal"),  # Austria enters the Union in 1995
    ("road:passau:AUT-DEU", "1995-01-01", "customs_union"),
    ("rail:frankfurt-oder:DEU-POL", "2004-04-30", "normal"),
    ("rail:frankfurt-oder:DEU-POL", "2004-05-01", "customs_union"),
    ("road:curtici:HUN-ROU", "2006-12-31", "normal"),
    ("road:curtici:HUN-ROU", "2007-01-01", "customs_union"),
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

    assert passes("2023-05-14")
    assert not passes("2023-05-15"), "no trains Marabda-Kartsakhi from 00:00 on 15 May"
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


def test_a_cause_is_of_the_land_of_what_it_caused(shipped):
    """Works in one country are no cause of works in another that happen to begin that year."""
    links = shipped["links"].set_index("link_id")["territory_id"]
    status = shipped["link_status"]
    kinds = causes(shipped).set_index("cause_id")["kind"]
    works = status[status["cause_id"].map(kinds).isin(["works", "project"])]
    lands = works["link_id"].map(links).groupby(works["cause_id"]).agg(set)
    alone = {cause: there for cause, there in lands.items() if len(there) > 1}
    assert set(alone) <= {
        "cku-railway-studied-2000",  # China and Kyrgyzstan
        "development-road-2023",  # Iraq and Türkiye
        "marand-cheshmeh-soraya-planned-2023",  # Iran and Türkiye
        "anaklia-concession-2016",  # the port's sea and its line
        "lined-2014",  # gas line from Turkmenistan to China over three lands
        "tapi-2015",  # gas line from Turkmenistan to India
    }, alone


def test_a_member_is_one_from_its_day_to_its_last(shipped):
    """Dates that anybody can look up: the day before, the first day, the day after the last."""

    def members(name, day):
        frame = as_of(shipped, day).memberships.set_index("organisation")["members"]
        return set(frame.get(name, "").split())

    for name, land, day in (
        ("Shanghai Cooperation Organisation", "IRN", "2023-07-04"),
        ("Shanghai Cooperation Organisation", "BLR", "2024-07-04"),
        ("Eurasian Economic Union", "ARM", "2015-01-02"),
        ("Eurasian Economic Union", "KGZ", "2015-08-12"),
        ("World Trade Organization", "KAZ", "2015-11-30"),
        ("World Trade Organization", "RUS", "2012-08-22"),
        ("European Union", "POL", "2004-05-01"),
        ("International North-South Transport Corridor agreement", "AZE", "2006-01-12"),
        ("Customs Convention on TIR Carnets 1975", "CHN", "2017-01-05"),
    ):
        before = (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()
        assert land not in members(name, before), name
        assert land in members(name, day), name
    assert "GBR" in members("European Union", "2020-01-31")
    assert "GBR" not in members("European Union", "2020-02-01")
    assert "GEO" not in members("Commonwealth of Independent States", "2009-08-18")
    others = as_of(shipped, "2022-11-01").memberships.set_index("organisation")["others"]
    assert "observer: IRN" in others["Shanghai Cooperation Organisation"].replace("AFG ", "")


def test_an_agreement_is_signed_before_it_is_in_force(shipped):
    """The treaty of Iran and the Russian Federation: 17 January and 2 October 2025."""

    def state(agreement, day):
        found = as_of(shipped, day).agreements.set_index("agreement_id")["state"]
        return found.get(agreement, "")

    treaty = "iran-russia-treaty-2025"
    assert [state(treaty, d) for d in ("2025-01-16", "2025-01-17", "2025-10-01", "2025-10-02")] == [
        "", "signed", "signed", "in force",
    ]  # fmt: skip
    assert state("crossroads-of-peace-2023", "2024-01-01") == "proposed"
    assert state("armenia-azerbaijan-peace-text-2025", "2025-09-01") == "initialled"
    assert state("eaeu-iran-interim-2018", "2025-05-15") == "", "replaced that day"


def test_changes_lead_from_one_day_to_the_other(shipped):
    """Turns between two days, applied to the first, give the second: an independent walk."""
    first, last = "2020-01-01", "2024-12-31"
    after = (dt.date.fromisoformat(first) + dt.timedelta(days=1)).isoformat()
    turns = history(shipped, after, last)
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
    every = history(shipped, "2022-01-01", "2023-12-31")
    some = history(shipped, "2022-01-01", "2023-12-31", "Lachin")
    assert 0 < len(some) < len(every)
    told = some["elements"] + some["cause"]
    assert told.str.contains("lachin|tegh", case=False).all()
    assert (
        not history(shipped, "1991-01-01", "2026-12-31", "Oman")["names"]
        .str.contains("Romania")
        .any()
    )
    with pytest.raises(InputError, match="Lakhin"):
        history(shipped, "2022-01-01", "2023-12-31", "Lakhin")


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
    assert {"said_by"} <= set(rows[0])


def test_from_python(shipped):
    assert ist.as_of(shipped, "2022-11-01").date == "2022-11-01"
    assert len(ist.history(shipped, "2022-12-12", "2022-12-12", "Lachin"))


def test_the_command_says_who_and_names_a_crossing_once(capsys):
    dates = ["--from", "2025-09-12", "--to", "2025-09-12"]
    app(["history", *dates, "--of", "Poland"], standalone_mode=False)
    said = capsys.readouterr().out
    assert "trasportoeuropa" in said
    assert "POL to BLR" not in said
    assert "Brest" in said
    app(["history", "--date", "2022-11-01", "--of", "Lachin"], standalone_mode=False)
    assert "Trilateral" in capsys.readouterr().out


def test_a_dossier_tells_members_parties_and_what_an_agreement_caused(shipped):
    tripp = dossier(shipped, "TRIPP")
    assert {p.get("territory_id") for p in tripp["agreement_parties"]} == {"ARM", "AZE", "USA"}
    assert {r["link_id"] for r in tripp["link_status"]} >= {"rail:aghband-meghri"}
    assert "tripp-implementation-2026" in {r["id"] for r in tripp["see_also"]}
    instc = dossier(shipped, "INSTC")
    assert next(iter(instc)) == "organisations"
    assert {"IND", "IRN", "RUS", "ARM"} <= {m["territory_id"] for m in instc["memberships"]}
    peace = dossier(shipped, "Crossroads of Peace")
    assert {"corridors", "agreements", "agreement_parties"} <= set(peace), "the proposal too"
    assert "memberships" not in dossier(shipped, "Tehran"), "the city, not the convention"

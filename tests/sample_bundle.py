"""A report bundle of invented figures on real places, with the shapes `run` hands over."""

from __future__ import annotations

import pandas as pd

from isthmus.output.bundle import FRAMES, ReportBundle, Source

PLACES: dict[str, tuple[float, float, str, str]] = {
    "Khorgos": (80.4, 44.2, "border", "Қорғас · 霍尔果斯"),
    "Almaty": (76.9, 43.3, "city", "Алматы"),
    "Dostyk": (82.5, 45.25, "border", "Достық"),
    "Astana": (71.4, 51.1, "city", ""),
    "Tashkent": (69.2, 41.3, "city", "Toshkent"),
    "Aktau": (51.2, 43.65, "port", "Ақтау"),
    "Turkmenbashi": (53.0, 40.0, "port", "Türkmenbaşy"),
    "Alat": (49.4, 39.95, "port", "Ələt"),
    "Baku": (49.87, 40.4, "city", "Bakı"),
    "Ganja": (46.36, 40.68, "city", "Gəncə"),
    "Tbilisi": (44.8, 41.7, "city", "თბილისი"),
    "Poti": (41.67, 42.15, "port", "ფოთი"),
    "Batumi": (41.63, 41.65, "port", "ბათუმი"),
    "Kars": (43.1, 40.6, "city", ""),
    "Yerevan": (44.5, 40.18, "city", "Երևան"),
    "Gyumri": (43.85, 40.8, "city", "Գյումրի"),
    "Meghri": (46.25, 38.9, "city", "Մեղրի"),
    "Nakhchivan": (45.41, 39.2, "city", "Naxçıvan"),
    "Horadiz": (47.34, 39.45, "terminal", "Horadiz"),
    "Aghband": (46.55, 38.97, "border", "Ağbənd"),
    "Ordubad": (46.02, 38.9, "border", "Ordubad"),
    "Julfa": (45.63, 38.95, "border", "Culfa"),
    "Tabriz": (46.3, 38.07, "city", "تبریز"),
    "Astara": (48.87, 38.44, "border", "Astara · آستارا"),
    "Rasht": (49.6, 37.28, "city", "رشت"),
    "Tehran": (51.4, 35.7, "city", "تهران"),
    "Bandar Abbas": (56.2, 27.15, "port", "بندرعباس"),
    "Chabahar": (60.6, 25.3, "port", "چابهار"),
    "Mashhad": (59.6, 36.3, "city", "مشهد"),
    "Sarakhs": (61.15, 36.55, "border", "سرخس"),
    "Erzurum": (41.27, 39.9, "city", ""),
    "Ankara": (32.85, 39.93, "city", ""),
    "Istanbul": (28.98, 41.02, "port", "İstanbul"),
    "Mersin": (34.6, 36.8, "port", ""),
    "Constanta": (28.65, 44.17, "port", "Constanța"),
    "Novorossiysk": (37.8, 44.7, "port", "Новороссийск"),
    "Astrakhan": (48.05, 46.35, "port", "Астрахань"),
    "Moscow": (37.6, 55.75, "city", "Москва"),
    "Upper Lars": (44.63, 42.75, "border", "ლარსი"),
    "Vladikavkaz": (44.68, 43.02, "city", "Владикавказ"),
    "Samara": (50.15, 53.2, "city", "Самара"),
    "Mumbai": (72.85, 18.95, "port", ""),
    "Suez": (32.55, 29.97, "strait", ""),
    "Cape of Good Hope": (18.5, -34.8, "strait", ""),
    "Rotterdam": (4.1, 51.95, "port", ""),
    "Shanghai": (121.8, 31.2, "port", "上海"),
    "Singapore": (103.8, 1.2, "port", ""),
    "Gibraltar": (-5.4, 35.95, "strait", ""),
    "Bab el-Mandeb": (43.35, 12.6, "strait", ""),
}

_LINKS: list[tuple[str, str, str, str, str, str, float, float]] = [
    ("rail", "Dostyk", "Astana", "Kazakhstan", "open", "open", 24e6, 23.6e6),
    ("rail", "Khorgos", "Almaty", "Kazakhstan", "open", "open", 15e6, 15.3e6),
    ("rail", "Almaty", "Aktau", "Kazakhstan", "open", "open", 5.2e6, 6.1e6),
    ("rail", "Almaty", "Tashkent", "Kazakhstan", "open", "open", 9e6, 9e6),
    ("rail", "Astana", "Samara", "Kazakhstan", "open", "open", 21e6, 20.5e6),
    ("rail", "Samara", "Moscow", "Russian Federation", "open", "open", 26e6, 25.6e6),
    ("road", "Tashkent", "Turkmenbashi", "Turkmenistan", "limited", "limited", 1.1e6, 1.2e6),
    ("rail_ferry", "Aktau", "Alat", "Caspian Sea", "open", "open", 3.1e6, 3.9e6),
    ("ferry", "Turkmenbashi", "Alat", "Caspian Sea", "open", "open", 1.4e6, 1.6e6),
    ("sea", "Astrakhan", "Rasht", "Caspian Sea", "open", "open", 2.7e6, 2.6e6),
    ("rail", "Alat", "Ganja", "Azerbaijan", "open", "open", 7.1e6, 5.9e6),
    ("road", "Alat", "Ganja", "Azerbaijan", "open", "open", 4.1e6, 3.6e6),
    ("road", "Alat", "Baku", "Azerbaijan", "open", "open", 3.0e6, 3.1e6),
    ("rail", "Ganja", "Tbilisi", "Georgia", "open", "open", 7.4e6, 6.0e6),
    ("rail", "Tbilisi", "Poti", "Georgia", "open", "open", 4.6e6, 3.9e6),
    ("rail", "Tbilisi", "Batumi", "Georgia", "open", "open", 2.2e6, 1.9e6),
    ("rail", "Tbilisi", "Kars", "Georgia", "open", "open", 1.1e6, 0.6e6),
    ("road", "Tbilisi", "Upper Lars", "Georgia", "open", "open", 3.2e6, 2.9e6),
    ("road", "Upper Lars", "Vladikavkaz", "Russian Federation", "open", "open", 3.2e6, 2.9e6),
    ("road", "Vladikavkaz", "Moscow", "Russian Federation", "open", "open", 3.3e6, 3.1e6),
    ("road", "Yerevan", "Tbilisi", "Armenia", "open", "open", 3.4e6, 2.8e6),
    ("rail", "Yerevan", "Tbilisi", "Armenia", "open", "open", 1.6e6, 1.3e6),
    ("road", "Yerevan", "Meghri", "Armenia", "open", "open", 1.2e6, 1.4e6),
    ("rail", "Alat", "Horadiz", "Azerbaijan", "open", "open", 0.2e6, 3.1e6),
    ("rail", "Horadiz", "Aghband", "Azerbaijan", "under_construction", "open", 0.0, 2.8e6),
    ("rail", "Aghband", "Ordubad", "Armenia", "planned", "open", 0.0, 2.8e6),
    ("rail", "Ordubad", "Nakhchivan", "Azerbaijan", "limited", "open", 0.05e6, 2.5e6),
    ("rail", "Nakhchivan", "Yerevan", "Armenia", "closed", "open", 0.0, 0.7e6),
    ("rail", "Nakhchivan", "Kars", "Türkiye", "planned", "planned", 0.0, 0.0),
    ("rail", "Gyumri", "Kars", "Türkiye", "closed", "closed", 0.0, 0.0),
    ("rail", "Yerevan", "Gyumri", "Armenia", "open", "open", 0.7e6, 0.6e6),
    ("rail", "Julfa", "Tabriz", "Iran (Islamic Republic of)", "open", "open", 0.6e6, 1.4e6),
    ("rail", "Nakhchivan", "Julfa", "Azerbaijan", "open", "open", 0.1e6, 1.2e6),
    ("road", "Horadiz", "Tabriz", "Iran (Islamic Republic of)", "open", "open", 1.1e6, 0.2e6),
    ("road", "Astara", "Rasht", "Iran (Islamic Republic of)", "open", "open", 2.4e6, 2.2e6),
    ("rail", "Alat", "Astara", "Azerbaijan", "open", "open", 1.4e6, 1.3e6),
    ("rail", "Rasht", "Tehran", "Iran (Islamic Republic of)", "open", "open", 3.1e6, 3e6),
    ("rail", "Tehran", "Bandar Abbas", "Iran (Islamic Republic of)", "open", "open", 12e6, 12e6),
    ("road", "Tehran", "Tabriz", "Iran (Islamic Republic of)", "open", "open", 8.4e6, 8.1e6),
    ("road", "Tabriz", "Erzurum", "Türkiye", "open", "open", 6.1e6, 5.4e6),
    ("rail", "Mashhad", "Sarakhs", "Iran (Islamic Republic of)", "open", "open", 4.2e6, 4.2e6),
    ("rail", "Tehran", "Mashhad", "Iran (Islamic Republic of)", "open", "open", 5.2e6, 5.2e6),
    ("road", "Mashhad", "Chabahar", "Iran (Islamic Republic of)", "open", "open", 1.9e6, 1.9e6),
    ("rail", "Kars", "Erzurum", "Türkiye", "open", "open", 1.2e6, 2.1e6),
    ("rail", "Erzurum", "Ankara", "Türkiye", "open", "open", 4.4e6, 5e6),
    ("rail", "Ankara", "Istanbul", "Türkiye", "open", "open", 9.4e6, 9.9e6),
    ("road", "Ankara", "Mersin", "Türkiye", "open", "open", 12.4e6, 12.6e6),
    ("sea", "Poti", "Constanta", "Black Sea", "open", "open", 5.0e6, 4.2e6),
    ("sea", "Batumi", "Istanbul", "Black Sea", "open", "open", 3.0e6, 2.7e6),
    ("sea", "Novorossiysk", "Istanbul", "Black Sea", "open", "open", 28e6, 28e6),
    ("inland_water", "Astrakhan", "Samara", "Russian Federation", "open", "open", 4e6, 4e6),
    ("sea", "Bandar Abbas", "Mumbai", "Arabian Sea", "open", "open", 14e6, 14e6),
    ("sea", "Mumbai", "Singapore", "Indian Ocean", "open", "open", 41e6, 41e6),
    ("sea", "Singapore", "Shanghai", "South China Sea", "open", "open", 96e6, 95.6e6),
    ("sea", "Mumbai", "Bab el-Mandeb", "Arabian Sea", "open", "open", 38e6, 38e6),
    ("sea", "Bab el-Mandeb", "Suez", "Red Sea", "limited", "limited", 51e6, 50.7e6),
    ("sea", "Suez", "Istanbul", "Mediterranean Sea", "open", "open", 22e6, 22e6),
    ("sea", "Singapore", "Cape of Good Hope", "Indian Ocean", "open", "open", 44e6, 44e6),
    ("sea", "Cape of Good Hope", "Rotterdam", "Atlantic Ocean", "open", "open", 46e6, 46e6),
]

_WAYPOINTS = {
    ("Bab el-Mandeb", "Suez"): [(40.5, 17.0), (37.0, 22.0), (33.6, 28.0)],
    ("Suez", "Istanbul"): [(32.3, 31.4), (28.0, 34.0), (25.8, 38.5), (26.2, 40.0)],
    ("Cape of Good Hope", "Rotterdam"): [(-18.0, 14.0), (-12.0, 44.0), (-2.0, 50.0)],
    ("Mumbai", "Singapore"): [(77.0, 6.5), (95.0, 6.0), (101.0, 3.0)],
    ("Singapore", "Shanghai"): [(110.0, 10.0), (119.0, 22.5), (122.5, 29.0)],
    ("Singapore", "Cape of Good Hope"): [(101.0, 3.0), (95.0, 6.0), (80.0, 0.0), (30.0, -34.0)],
    ("Mumbai", "Bab el-Mandeb"): [(52.0, 13.5), (45.0, 12.0)],
    ("Bandar Abbas", "Mumbai"): [(56.6, 26.4), (59.5, 24.5), (70.0, 20.0)],
}

_LANDS: list[tuple[str, str, float, float, float, float, float, float]] = [
    ("ARM", "Armenia", 9.1e6, 1.12e9, -64e6, 0.2e6, 3.0e6, 0.0),
    ("AZE", "Azerbaijan", 21e6, 2.31e9, -118e6, 11.1e6, 12.6e6, 0.0),
    ("GEO", "Georgia", 16e6, 1.42e9, 9e6, 12.4e6, 9.9e6, 0.0),
    ("TUR", "Türkiye", 88e6, 9.8e9, -141e6, 5.1e6, 6.4e6, 0.0),
    ("IRN", "Iran (Islamic Republic of)", 61e6, 7.3e9, 21e6, 8.2e6, 7.1e6, 0.0),
    ("RUS", "Russian Federation", 132e6, 15.2e9, -12e6, 24e6, 23.6e6, 0.0),
    ("KAZ", "Kazakhstan", 71e6, 9.1e9, -77e6, 29e6, 29.4e6, 0.0),
    ("TKM", "Turkmenistan", 9e6, 1.1e9, -14e6, 6.2e6, 6.3e6, 0.0),
    ("UZB", "Uzbekistan", 31e6, 4.4e9, -22e6, 4.1e6, 4.1e6, -40e3),
    ("CHN", "China", 120e6, 21e9, -31e6, 0.0, 0.0, 0.0),
    ("IRQ", "Iraq", 18e6, 1.9e9, 0.0, 0.1e6, 0.1e6, 0.0),
    ("SEA-CASPIAN", "Caspian Sea", 0.0, 0.0, 0.0, 7.1e6, 8.2e6, 0.0),
]


def sample_bundle(*, compared: bool = True, title: str = "Railway through Syunik") -> ReportBundle:
    """
    Return a bundle that fills every section of a report.

    Parameters
    ----------
    compared : bool
        Whether a base stands beside the result.
    title : str

    Returns
    -------
    ReportBundle
    """
    return ReportBundle(
        title=title,
        description="The line Horadiz–Aghband–Meghri–Ordubad carries freight under the control of "
        "the state whose land it crosses, with single-window control at both borders.",
        status="agreed",
        scenario_id="sample",
        base_name="Network of",
        base_date="2025-01-01",
        proponent="Armenia, Azerbaijan and the United States of America",
        source=Source("Joint declaration, 8 August 2025", "https://example.org/declaration"),
        compared=compared,
        totals={
            "cost_base_usd_yr": 33.2e9,
            "cost_change_usd_yr": -480e6,
            "unserved_base_t_yr": 140e3,
            "unserved_new_t_yr": 120e3,
        },
        manifest={
            "version": "0.1.0",
            "method": "stochastic",
            "gap": "8.1e-07",
            "seed": "none",
            "facts_digest": "9f2c" * 16,
        },
        changes=(
            "open rail:horadiz-aghband",
            "open rail:aghband-ordubad",
            "set regime facilitated at Aghband, both ways",
        ),
        limits=(
            "Trade does not react to cheaper ways: the same tonnes move before and after.",
            "Security and the will of any party are outside the model.",
        ),
        created="2026-11-23",
        by_territory=_territories(),
        corridors=pd.DataFrame(
            [
                ("middle", "Middle Corridor (Trans-Caspian)", 3.4e6, 3.9e6, 1.2e10),
                ("north-south-west", "North–South, western branch", 2.1e6, 2.0e6, 5.1e9),
                ("zangezur", "Zangezur / Syunik route (TRIPP)", 0.0, 2.8e6, 9.4e8),
                ("aras", "Aras corridor", 1.1e6, 0.2e6, 1.1e8),
                ("northern", "Northern route", 21e6, 20.5e6, 8.2e10),
            ],
            columns=["corridor_id", "name", "base_t", "new_t", "tkm"],
        ),
        components=pd.DataFrame(
            [
                ("Haulage", "money", 18.2e9, 18.06e9),
                ("Border fees", "money", 1.1e9, 1.09e9),
                ("Transfer and gauge change", "money", 2.6e9, 2.55e9),
                ("Time under way", "hours", 6.1e9, 5.98e9),
                ("Time at borders", "hours", 2.9e9, 2.79e9),
                ("Unreliability", "spread", 1.4e9, 1.36e9),
                ("Carbon", "co2", 0.9e9, 0.89e9),
            ],
            columns=["component", "attribute", "base", "new"],
        ),
        commodities=pd.DataFrame(
            [
                ("container", "Containers", 44e6, 148.2, 146.1),
                ("grain", "Grain", 31e6, 71.4, 71.2),
                ("oil", "Oil and products", 92e6, 41.9, 41.9),
            ],
            columns=["commodity_id", "name", "tonnes_t_yr", "cost_usd_t_base", "cost_usd_t_new"],
        ),
        links=_links(),
        nodes=pd.DataFrame(
            [(n, *p) for n, p in PLACES.items()],
            columns=["name", "lon", "lat", "node_type", "local_names"],
        ),
        crossings=_crossings(),
        disputed=pd.DataFrame(
            [
                (
                    "abkhazia",
                    "Abkhazia",
                    "Abkhazia, Georgia",
                    "Georgia and most states: part of Georgia. The Russian Federation and four "
                    "other states: an independent state.",
                    41.0,
                    43.0,
                    [(40.0, 43.4), (40.6, 43.55), (42.1, 43.2), (42.0, 42.7), (41.4, 42.4)],
                ),
                (
                    "south-ossetia",
                    "South Ossetia",
                    "Tskhinvali Region",
                    "As above.",
                    44.0,
                    42.3,
                    "",
                ),
            ],
            columns=["area_id", "name", "un_usage", "positions", "lon", "lat", "outline"],
        ),
        bottlenecks=_bottlenecks(),
        runs=pd.DataFrame(
            [
                ("Base", "stochastic", 1.7e-9, 1e-6, True, 21),
                ("Order", "stochastic", 4.1e-7, 1e-6, True, 17),
            ][not compared :],
            columns=["run", "method", "gap", "asked_gap", "converged", "iterations"],
        ),
        sanctions=pd.DataFrame(
            [
                ("Russian Railways", "EU", "2022-03-15", "sectoral", 27e6, 26.5e6, "Reg. 833/2014"),
                ("Russian Railways", "UK", "2022-03-24", "asset freeze", 27e6, 26.5e6, "UK list"),
                ("Port of Chabahar", "USA", "2025-09-29", "waiver ended", 1.9e6, 1.9e6, "State"),
            ],
            columns=["subject", "listed_by", "since", "measure", "t_base", "t_new", "source"],
        ),
        unserved=pd.DataFrame(
            [("Armenia", "Türkiye", "Containers", 120e3, "closed: rail:gyumri-kars")],
            columns=["origin", "destination", "commodity", "tonnes", "reason"],
        ),
        assumptions=pd.DataFrame(
            [("wagon change, hours", 12.0, "h", "mean of four published stations")],
            columns=["assumption", "value", "unit", "reason"],
        ),
        sources=pd.DataFrame(
            [
                ("unece-2024", "Trade and transport survey", "UNECE", "https://example.org/unece"),
                ("book", "A printed book", "A press", ""),
            ],
            columns=["source_id", "title", "publisher", "url"],
        ),
    )


def _territories() -> pd.DataFrame:
    rows = [
        {
            "territory_id": code,
            "name": name,
            "trade_t_yr": trade,
            "cost_usd_base": cost,
            "cost_usd_new": cost + change,
            "change_usd": change,
            "change_pct": 100 * change / cost if cost else float("nan"),
            "change_hours": change / 2.1,
            "change_co2_kg": change / 9.0,
            "transit_t_base": before,
            "transit_t_new": after,
            "unserved_t_change": lost,
        }
        for code, name, trade, cost, change, before, after, lost in _LANDS
    ]
    return pd.DataFrame(rows)


def _links() -> pd.DataFrame:
    rows = [
        {
            "link_id": f"{mode}:{a}-{b}".lower().replace(" ", "-"),
            "name": f"{a} – {b}",
            "mode": mode,
            "from_lon": PLACES[a][0],
            "from_lat": PLACES[a][1],
            "to_lon": PLACES[b][0],
            "to_lat": PLACES[b][1],
            "waypoints": _WAYPOINTS.get((a, b), []),
            "territory": land,
            "status_base": before,
            "status_new": after,
            "flow_base": base,
            "flow_new": new,
            "capacity": 10e6 if mode == "rail" else float("nan"),
            "source": "unece-2024",
        }
        for mode, a, b, land, before, after, base, new in _LINKS
    ]
    return pd.DataFrame(rows)


def _crossings() -> pd.DataFrame:
    rows = [
        ("Aghband", "rail", "closed", "facilitated", 0.0, 2.8e6),
        ("Ordubad", "rail", "closed", "facilitated", 0.0, 2.8e6),
        ("Upper Lars", "road", "normal", "normal", 3.2e6, 2.9e6),
        ("Astara", "rail", "normal", "normal", 1.4e6, 1.3e6),
        ("Astara", "road", "facilitated", "facilitated", 1.1e6, 1.0e6),
        ("Khorgos", "rail", "normal", "normal", 15e6, 15.3e6),
        ("Dostyk", "rail", "normal", "normal", 24e6, 23.6e6),
        ("Sarakhs", "rail", "normal", "normal", 4.2e6, 4.2e6),
        ("Julfa", "rail", "normal", "normal", 0.6e6, 1.4e6),
        ("Gyumri", "rail", "closed", "closed", 0.0, 0.0),
    ]
    frame = pd.DataFrame(
        rows, columns=["name", "mode", "regime_base", "regime_new", "flow_base", "flow_new"]
    )
    return frame.assign(
        lon=[PLACES[n][0] for n in frame["name"]], lat=[PLACES[n][1] for n in frame["name"]]
    )


def _bottlenecks() -> pd.DataFrame:
    """One that the order eases, one that it fills, one it builds, one of unknown capacity."""
    nan = float("nan")
    words = [
        ("rail:a", "Almaty – Aktau", "link", "rail", "Kazakhstan", "Aktau", "assumed", "low"),
        (
            *("road:b", "Upper Lars (road, GEO to RUS)", "crossing", "road"),
            *("Georgia → Russian Federation", "Russian Federation", "published", "low"),
        ),
        ("rail:c", "Aghband – Ordubad", "link", "rail", "Armenia", "Ordubad", "order", "low"),
        ("alat:d", "Alat: rail to sea", "terminal", "sea", "Azerbaijan", "sea", "unknown", ""),
    ]
    figures = [
        (5.2e6, 6.1e6, 15e6, 0.58, 0.68, 3.0, 5.1, 21e6, 42e6, 5.1, 9.4, 8.8, 13.9),
        (3.2e6, 2.9e6, 3.65e6, 0.88, 0.79, 30.0, 18.0, 210e6, 120e6, 160.0, 71.0, 182.0, 90.0),
        (0.0, 2.8e6, 4e6, nan, 0.7, nan, 2.0, 0.0, 7e6, nan, 1.2, nan, 2.4),
        (1.1e6, 1.2e6, *[nan] * 11),
    ]
    names = list(FRAMES["bottlenecks"])
    parts = [pd.DataFrame(words, columns=names[:8]), pd.DataFrame(figures, columns=names[8:])]
    return pd.concat(parts, axis=1)

"""
Derive data/trade_growth.csv: how trade of other years compares with that of the base year.

Reads data/national_totals.csv, data/exchange_rates.csv, data/zones.csv, data/territories.csv and
recipes/demand_pairs.csv. Run ``python recipes/demand_years.py`` to write the table, ``--check`` to
compare with what is committed.

A land's exports and imports in dollars, at prices of 2024, over those of 2024. Pairs whose trade went
its own way (sanctions, new partners) have rows of their own, from cited values. The model takes the
pair's factor if there is one, else the geometric mean of the exporter's and the importer's; a land
without published values keeps 1. Tonnes are taken to follow value at constant prices.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
BASE = 2024
YEARS = (2019, 2020, 2021, 2022, 2023, 2025)
COLUMNS = [
    "origin_territory_id", "destination_territory_id", "year", "factor",
    "source_id", "page", "confidence", "note",
]  # fmt: skip
NAMES = {
    "Russia": "Russian Federation",
    "Iran": "Iran (Islamic Republic of)",
    "Turkiye": "Türkiye",
}
SOURCES = {"exports_usd_bn": "wdi-tx-val-mrch-cd-wt", "imports_usd_bn": "wdi-tm-val-mrch-cd-wt"}


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(ROOT / name, dtype=str, keep_default_na=False)


def deflator() -> dict[int, float]:
    """Price of a dollar of a year in dollars of 2024; the newest known one where none is out."""
    rates = table("data/exchange_rates.csv")
    index = rates[rates["currency"].eq("USD_DEFLATOR")]
    known = {int(y): float(v) for y, v in zip(index["year"], index["value"], strict=True)}
    last = max(known)
    return {y: known.get(y, known[last]) for y in (*YEARS, BASE)}


def lands() -> list[list[object]]:
    """Rows of exporters and importers."""
    totals = table("data/national_totals.csv")
    names = table("data/territories.csv").set_index("name")["territory_id"]
    price = deflator()
    rows: list[list[object]] = []
    for measure, side in (("exports_usd_bn", 0), ("imports_usd_bn", 1)):
        source = SOURCES[measure]
        here = totals[totals["measure"].eq(measure) & totals["source_id"].eq(source)]
        for land, frame in here.groupby("territory"):
            value = {int(y): float(v) for y, v in zip(frame["year"], frame["value"], strict=True)}
            if BASE not in value:
                continue
            land_id = names[NAMES.get(str(land), str(land))]
            for year in (y for y in YEARS if y in value):
                factor = value[year] / price[year] / (value[BASE] / price[BASE])
                ends = ["", ""]
                ends[side] = land_id
                note = f"{measure} of {year} over {BASE}, at prices of {BASE}"
                rows.append([*ends, year, f"{factor:.3f}", source, "", "low", note])
    return rows


def pairs() -> list[list[object]]:
    """Rows of pairs, from values in one currency."""
    price = deflator()
    rows: list[list[object]] = []
    frame = table("recipes/demand_pairs.csv")
    for (origin, destination), part in frame.groupby(["origins", "destinations"], sort=False):
        value = {int(y): float(v) for y, v in zip(part["year"], part["value"], strict=True)}
        for row in part.to_dict("records"):
            year = int(row["year"])
            if year == BASE:
                continue
            factor = value[year] / price[year] / (value[BASE] / price[BASE])
            for o in str(origin).split("; "):
                for d in str(destination).split("; "):
                    rows.append(
                        [o, d, year, f"{factor:.3f}", row["source_id"], "", row["confidence"],
                         row["note"]]
                    )  # fmt: skip
    return rows


def written() -> str:
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow(COLUMNS)
    sheet.writerows(lands() + pairs())
    return out.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--check", action="store_true", help="compare with what is committed")
    target, text = ROOT / "data" / "trade_growth.csv", written()
    if parser.parse_args().check:
        same = target.is_file() and target.read_text(encoding="utf-8") == text
        print(
            "the same" if same else "data/trade_growth.csv differs: python recipes/demand_years.py"
        )
        return 0 if same else 1
    target.write_text(text, encoding="utf-8")
    print(f"{text.count(chr(10)) - 1} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())

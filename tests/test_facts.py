"""Reading, overlaying, naming."""

from __future__ import annotations

import subprocess
import sys

import pytest

from isthmus.errors import InputError, UnknownName
from isthmus.facts.listing import dossier, listing
from isthmus.facts.tables import package_root
from isthmus.facts.units import usd
from isthmus.package import read


def test_an_overlay_row_replaces_its_key_and_others_are_added(tmp_path, shipped):
    demand = shipped.raw["demand"].head(1).copy()
    demand["tonnes_t_yr"] = "123456"
    new = demand.copy()
    new["year"] = "2031"
    both = demand.to_csv(index=False) + new.to_csv(index=False, header=False)
    (tmp_path / "demand.csv").write_text(both, encoding="utf-8")
    facts = read(tmp_path)
    assert len(facts["demand"]) == len(shipped["demand"]) + 1
    assert 123456.0 in set(facts["demand"]["tonnes_t_yr"])
    assert facts.digest != shipped.digest
    assert str(tmp_path / "demand.csv") in facts.origin["demand"]


def test_unknown_tables_and_columns_are_named_with_the_file(tmp_path):
    (tmp_path / "lynks.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"lynks\.csv.*is no table"):
        read(tmp_path)
    (tmp_path / "lynks.csv").unlink()
    (tmp_path / "links.csv").write_text("link_id,lenght_km\nx,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r'"lenght_km" is no column') as raised:
        read(tmp_path)
    assert len(raised.value.faults) > 1, "missing columns are told in the same error"


def test_a_ragged_row_is_named(tmp_path, shipped):
    header = ",".join(shipped.raw["corridors"].columns)
    (tmp_path / "corridors.csv").write_text(f"{header}\nx,y\n", encoding="utf-8")
    with pytest.raises(InputError, match="row 2: has 2 cells"):
        read(tmp_path)


def test_a_name_resolves_by_id_name_alias_and_without_accents(rows, facts_of):
    rows["nodes"][0] |= {"name": "Ağdam", "aliases": "old-a; A (west)", "name_ru": "Агдам"}
    names = facts_of(rows).names
    for text in ("a", "Ağdam", "old-a", "A (west)", "Агдам", "agdam", "AĞDAM"):
        assert names.node(text) == "a", text


def test_a_name_two_places_share_is_no_guess(rows, facts_of):
    rows["nodes"][0]["name"] = rows["nodes"][2]["name"] = "Kars"
    with pytest.raises(UnknownName):
        facts_of(rows).names.node("Kars")


def test_an_unknown_name_comes_with_the_nearest(shipped):
    with pytest.raises(UnknownName, match=r'"Tbilissi" names no node(?s:.*)Nearest: "Tbilisi"'):
        shipped.names.node("Tbilissi")


def test_money_goes_by_rate_then_deflator(facts_of, rows):
    rows["exchange_rates"] = [
        {"currency": "XYZ", "year": 2020, "value": 4, "unit": "XYZ per USD"},
        {"currency": "USD_DEFLATOR", "year": 2020, "value": 80, "unit": "index"},
        {"currency": "USD_DEFLATOR", "year": 2024, "value": 100, "unit": "index"},
    ]
    facts = facts_of(rows)
    assert usd(facts, 8.0, "XYZ", 2020) == pytest.approx(2.5)
    assert usd(facts, 8.0, "USD", 2024) == 8.0
    with pytest.raises(InputError, match="no ABC for 2020"):
        usd(facts, 1.0, "ABC", 2020)


def test_shipped_rates_know_the_price_year(shipped):
    assert 1.0 < usd(shipped, 1.0, "USD", 2018) < 1.6


def test_listing_takes_singular_and_plural(shipped):
    assert listing(shipped, "link").equals(listing(shipped, "links"))
    assert len(listing(shipped, "territory"))
    with pytest.raises(InputError, match="is no table"):
        listing(shipped, "lynks")


def test_a_dossier_starts_with_the_thing_and_ends_with_sources(shipped):
    found = dossier(shipped, "Alat")
    assert next(iter(found)) == "nodes"
    assert list(found)[-1] == "sources"
    assert found["sources"]


def test_import_is_light():
    code = (
        "import sys, isthmus;"
        "heavy = {'pandas','numba','geopandas','h5py','matplotlib','fastapi','typer'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_package_is_found():
    assert (package_root() / "datapackage.json").is_file()
    assert (package_root("scenarios") / "baseline.toml").is_file()


def test_a_public_function_is_not_hidden_by_the_module_of_its_name():
    code = "import isthmus as i; i.compare; i.Comparison; assert callable(i.assign) and callable(i.run) and callable(i.skim)"
    subprocess.run([sys.executable, "-c", code], check=True)

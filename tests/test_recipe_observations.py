"""What published rows say in words is read once, and what was read is what is committed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

import isthmus as ist
from isthmus.errors import UnknownName
from isthmus.facts.observations import READ

ROOT = Path(__file__).resolve().parents[1]


def _recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("observations", ROOT / "recipes/observations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["observations"] = module
    spec.loader.exec_module(module)
    return module


RECIPE = _recipe()
FACTS = ist.read()
PLACES = RECIPE.Places(FACTS)


def test_the_columns_are_what_the_recipe_reads():
    """Nobody edits them by hand: a wrong reading is mended in the recipe or in the words."""
    table = pd.read_csv(ROOT / "data/observations.csv", dtype=str, keep_default_na=False)
    read = pd.DataFrame([RECIPE.columns_of(PLACES, r) for r in table.to_dict("records")])
    pd.testing.assert_frame_equal(table[list(READ)], read[list(READ)])


@pytest.mark.parametrize(
    ("text", "alias"),
    [
        ("Chekhov (Moscow)", "RUMOW"),
        ("CHN", "cn-xian"),
        ("EUR", "de-duisburg"),
        ("India west coast", "INNSA"),
        ("AZBAK", "AZBAK"),
        ("kz-altynkol", "kz-altynkol"),
        ("Sergeli (Tashkent)", "uz-tashkent"),
        ("Xi'an", "cn-xian"),
    ],
)
def test_places_resolve_as_the_evidence_writes_them(text, alias):
    assert FACTS.names.node(alias) in PLACES.resolve(text)


def test_an_unknown_place_names_the_nearest():
    with pytest.raises(UnknownName) as caught:
        PLACES.resolve("Batumy")
    assert "Batumi" in caught.value.nearest


def test_words_of_a_row_say_its_modes_and_waypoints():
    rail = RECIPE.read_row(PLACES, "China-Iran train", "rail via Altynkol-Bolashak-Etrek")
    assert rail.modes == {"rail"}
    assert len(rail.via) == 3
    cape = RECIPE.read_row(PLACES, "Sea via Cape", "13,800 nm at 16 kn")
    assert cape.modes == {"sea", "inland_water"}
    assert cape.shut == {"#suez"}
    assert cape.sailing
    assert RECIPE.read_row(PLACES, "TITR", "").via == (frozenset({"@SEA-CASPIAN"}),)
    btk = RECIPE.read_row(PLACES, "TITR via BTK", "")
    assert FACTS.names.node("ge-akhalkalaki") in btk.via[1]

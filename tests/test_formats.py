"""What is written can be read again, and a failed write leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import geopandas
import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.errors import InputError
from isthmus.formats import write
from isthmus.formats.coordinates import line_points, parse_points, parse_rings
from isthmus.formats.files import replacing
from isthmus.formats.geo import layers_of, write_map
from isthmus.formats.omx import read_omx, write_omx
from isthmus.formats.tables import write_tables
from sample_bundle import sample_bundle

TABLE = pd.DataFrame(
    {"place": ["Poti, ფოთი", '"Astara"'], "tonnes_t_yr": [1.5, np.nan], "rank": [1, 2]}
)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_a_table_comes_back_as_it_was(tmp_path: Path, suffix: str) -> None:
    path = write(TABLE, tmp_path / f"table{suffix}")
    read = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".xlsx": pd.read_excel}[suffix]
    pd.testing.assert_frame_equal(read(path), TABLE, check_dtype=False)


def test_several_tables_fill_sheets_and_archives(tmp_path: Path) -> None:
    both = {"links": TABLE, "nodes": TABLE.head(1)}
    sheets = pd.read_excel(write(both, tmp_path / "all.xlsx"), sheet_name=None)
    assert list(sheets) == ["links", "nodes"]
    with zipfile.ZipFile(write(both, tmp_path / "all.zip")) as archive:
        assert archive.namelist() == ["links.csv", "nodes.csv"]


def test_one_table_formats_refuse_several(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.csv holds one table, and there are 2"):
        write({"a": TABLE, "b": TABLE}, tmp_path / "both.csv")
    assert not list(tmp_path.iterdir())


def test_same_tables_give_the_same_archive(tmp_path: Path) -> None:
    one = write_tables(tmp_path / "a.zip", {"t": TABLE}).read_bytes()
    assert write_tables(tmp_path / "a.zip", {"t": TABLE}).read_bytes() == one


def test_unknown_suffix_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)cannot be written as \.doc.*\.csv"):
        write(TABLE, tmp_path / "table.doc")


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "kept.csv"
    target.write_text("old")

    def fail() -> None:
        with replacing(target) as part:
            part.write_text("half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_missing_folder_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder that does not exist"):
        write(TABLE, tmp_path / "no" / "table.csv")


def test_omx_holds_what_the_specification_asks(tmp_path: Path) -> None:
    matrix = np.array([[0.0, 1.5], [np.nan, 3.0]])
    path = write_omx(tmp_path / "skims.omx", {"usd_t": matrix}, ["ARM-01", "GEO-01"])
    with h5py.File(path) as file:
        assert file.attrs["OMX_VERSION"] == b"0.2"
        assert list(file.attrs["SHAPE"]) == [2, 2]
        assert file["data/usd_t"].shape == (2, 2)
        assert file["data/usd_t"].compression == "gzip"
        assert len(file["lookup/zone_id"]) == 2
    matrices, zones = read_omx(path)
    assert zones == ["ARM-01", "GEO-01"]
    np.testing.assert_array_equal(matrices["usd_t"], matrix)


def test_omx_is_the_same_to_the_byte(tmp_path: Path) -> None:
    for name in ("a.omx", "b.omx"):
        write_omx(tmp_path / name, {"t": np.eye(3)}, ["x", "y", "z"])
    assert (tmp_path / "a.omx").read_bytes() == (tmp_path / "b.omx").read_bytes()


def test_omx_refuses_every_matrix_that_does_not_fit(tmp_path: Path) -> None:
    wrong = {"a": np.zeros((2, 3)), "b/c": np.zeros((2, 2))}
    with pytest.raises(InputError, match=r"(?s)matrix a.*shape.*matrix b/c.*slash"):
        write_omx(tmp_path / "x.omx", wrong, ["p", "q"])


def test_skims_are_written_by_suffix(tmp_path: Path) -> None:
    @dataclass
    class Skims:
        zones: list[str]
        matrices: dict[str, np.ndarray]

    path = write(Skims(["a"], {"t": np.ones((1, 1))}), tmp_path / "s.omx")
    assert read_omx(path)[1] == ["a"]


def test_geopackage_holds_every_layer_in_wgs84(tmp_path: Path) -> None:
    bundle = sample_bundle()
    path = write(bundle, tmp_path / "map.gpkg")
    names = set(geopandas.list_layers(path)["name"])
    assert names == {"links", "nodes", "crossings", "disputed_areas"}
    links = geopandas.read_file(path, layer="links")
    assert links.crs == "EPSG:4326"
    assert list(links["link_id"]) == list(bundle.links["link_id"])
    np.testing.assert_allclose(links["flow_new"], bundle.links["flow_new"])
    first = links.geometry.iloc[0].coords[0]
    assert first == (bundle.links["from_lon"].iloc[0], bundle.links["from_lat"].iloc[0])


def test_geojson_and_geoparquet_hold_the_links(tmp_path: Path) -> None:
    bundle = sample_bundle()
    collection = json.loads(write_map(tmp_path / "map.geojson", bundle).read_text())
    assert len(collection["features"]) == len(bundle.links)
    frame = geopandas.read_parquet(write_map(tmp_path / "map.parquet", bundle))
    assert len(frame) == len(bundle.links)


def test_a_disputed_area_keeps_its_outline_or_is_a_point() -> None:
    layer = layers_of(sample_bundle())["disputed_areas"].set_index("area_id")
    assert layer.geometry["abkhazia"].geom_type == "MultiPolygon"
    assert layer.geometry["south-ossetia"].geom_type == "Point"


@given(
    st.lists(
        st.tuples(
            st.floats(-180, 180).map(lambda v: round(v, 4)),
            st.floats(-90, 90).map(lambda v: round(v, 4)),
        ),
        max_size=6,
    )
)
def test_points_read_the_same_however_they_are_written(points: list[tuple[float, float]]) -> None:
    text = "; ".join(f"{x} {y}" for x, y in points)
    wkt = "LINESTRING(" + ", ".join(f"{x} {y}" for x, y in points) + ")" if points else ""
    assert parse_points(points) == parse_points(text) == parse_points(wkt)


def test_outlines_may_have_parts_and_half_a_point_is_an_error() -> None:
    assert len(parse_rings("POLYGON((0 0, 1 0, 1 1),(0.2 0.2, 0.4 0.2, 0.4 0.4))")) == 2
    assert parse_rings(None) == parse_rings("") == []
    with pytest.raises(ValueError, match="half a point"):
        parse_points("1 2 3")
    assert line_points((0, 0), "0 0; 1 1", (1, 1)) == [(0, 0), (1, 1)]


def test_importing_isthmus_brings_no_gis_plotting_or_template_library() -> None:
    heavy = "geopandas|pyogrio|shapely|pyproj|h5py|jinja2|openpyxl|altair"
    code = f"import isthmus, sys; print([m for m in '{heavy}'.split('|') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"

"""The local server: what it answers, what it refuses, and that its document says so."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

import isthmus as ist
from isthmus.errors import InputError
from isthmus.results import manifest_of
from isthmus.run import prepare
from isthmus.scenario import Scenario
from isthmus.web import schemas
from isthmus.web.app import CSP, create_app
from isthmus.web.edits import Edit, State, edited
from isthmus.web.model import Model

SHUT = {"verb": "close", "noun": "crossing", "id": "rail:astara:AZE-IRN"}


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(ist.read())


@pytest.fixture(scope="module")
def client(model: Model) -> Iterator[TestClient]:
    with TestClient(create_app(model)) as opened:
        yield opened


def test_answers_are_what_the_document_says(client: TestClient) -> None:
    schemas.World.model_validate(client.get("/api/world").json())
    schemas.Ground.model_validate(client.get("/api/ground").json())
    schemas.Day.model_validate(client.get("/api/history/2022-11-01").json())
    asked = {"origin": "Baku", "destination": "Poti", "k": 2}
    schemas.Routes.model_validate(client.post("/api/route", json=asked).json())
    schemas.Answer.model_validate(client.post("/api/solve", json={"edits": [SHUT]}).json())
    schemas.Detail.model_validate(client.post("/api/detail", json={"edits": [SHUT]}).json())
    schemas.Country.model_validate(client.post("/api/country/ARM", json={}).json())


def test_the_matrix_is_made_of_the_pages_of_countries(client: TestClient) -> None:
    grid = schemas.Matrix.model_validate(client.post("/api/matrix", json={}).json())
    for i, row in enumerate(grid.rows[:3]):
        one = client.post(f"/api/country/{row['id']}", json={}).json()
        passed = {r["id"]: r["new"] / one["totals"]["trade_t_yr_new"] for r in one["over"]}
        shares = {c["id"]: grid.now[i][j] for j, c in enumerate(grid.columns)}
        for land, share in passed.items():
            if land in shares:
                assert share == pytest.approx(shares[land], abs=1e-4)


def test_power_adds_up_and_moves_with_the_order(model: Model) -> None:
    game = schemas.Power.model_validate(model.power(State(order="crossroads-of-peace"), players=3))
    assert game.exact
    for side in ("base", "new"):
        assert sum(r[f"share_{side}"] for r in game.rows) == pytest.approx(1.0)
    base = sum(r["shapley_usd_yr_base"] for r in game.rows)
    assert base == pytest.approx(game.total_usd_yr)
    assert any(abs(r["shapley_usd_yr_change"]) > 1e6 for r in game.rows)


def test_the_document_names_every_route(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {
        "/api/world",
        "/api/ground",
        "/api/show/{name}",
        "/api/list/{table}",
        "/api/history/{date}",
        "/api/claims/{claim_id}",
        "/api/solve",
        "/api/detail",
        "/api/route",
        "/api/country/{territory_id}",
        "/api/matrix",
        "/api/power",
        "/api/scenario",
        "/api/export/{kind}",
        "/api/page",
    }
    for methods in paths.values():
        for told in methods.values():
            assert told.get("description"), told


def test_nothing_from_outside_and_nothing_inline(client: TestClient) -> None:
    head = client.get("/").headers
    assert head["content-security-policy"] == CSP
    assert "unsafe" not in CSP
    assert "http" not in CSP
    assert head["x-content-type-options"] == "nosniff"
    other = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/api/solve", json={}, headers=other).status_code == 403
    assert client.get("/", headers={"Host": "example.org"}).status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/api/solve", {"order": "zangezurr"}, "zangezur"),
        ("/api/solve", {"edits": [SHUT | {"id": "rail:astarra:AZE-IRN"}]}, "rail:astara:AZE-IRN"),
        ("/api/solve", {"edits": [SHUT | {"verb": "set", "regime": "odd"}]}, "is no regime"),
        ("/api/solve", {"date": "2025-13-01"}, "is no date"),
        ("/api/route", {"origin": "Bakku", "destination": "Poti"}, "Baku"),
        ("/api/country/XYZ", {}, "XYZ"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(
    client: TestClient, path: str, body: dict[str, Any], said: str
) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    assert said in answer.json()["message"]


def test_a_click_is_assigned_as_the_command_line_does(client: TestClient, model: Model) -> None:
    answer = client.post("/api/solve", json={"order": "aras", "edits": [SHUT]}).json()
    scenario = edited(model.order("aras"), [Edit(**SHUT)], None)
    again = prepare(model.facts, scenario, model.cost)
    assert answer["totals"] == again.comparison.totals()
    assert answer["manifest"]["digest"] == manifest_of(again)["digest"]
    assert answer["crossings"]["rail:astara:AZE-IRN"] == "closed"
    flow = again.comparison.by("link").set_index("link_id")["flow_t_yr_new"]
    sent = {k: sum(v) for k, v in answer["new"]["links"].items()}
    assert np.allclose([sent.get(k, 0.0) for k in flow.index], flow, atol=1.0)


def test_an_edit_wins_over_the_order_whatever_it_says(model: Model) -> None:
    state = State(order="hormuz-closed", edits=[Edit(verb="open", noun="passage", id="hormuz")])
    network, _ = model.scenario(state).apply(
        model.facts.network("2025-01-01"), model.facts.demand()
    )
    strait = network.links[network.links["passage_id"].eq("hormuz")]
    assert strait["is_open"].all()


def test_a_saved_file_is_read_back_as_the_same_scenario(
    client: TestClient, model: Model, tmp_path: Path
) -> None:
    edits = [SHUT, {"verb": "close", "noun": "territory", "id": "GEO"}]
    body = {"order": "aras", "date": "2025-07-01", "edits": edits, "name": "Both shut"}
    text = client.post("/api/scenario", json=body).text
    file = tmp_path / "both-shut.toml"
    file.write_text(text, encoding="utf-8")
    read = Scenario.read(file, model.facts)
    kept = edited(model.order("aras"), [Edit(**e) for e in edits], "2025-07-01", "Both shut")
    assert read.digest == kept.digest
    assert (read.name, read.base) == ("Both shut", "2025-07-01")
    assert tomllib.loads(text)["extends"] == "aras"


@pytest.mark.parametrize("kind", ["csv", "gpkg", "geojson", "xlsx"])
def test_data_leaves_in_formats_that_open(client: TestClient, kind: str, tmp_path: Path) -> None:
    import geopandas
    import pandas as pd

    answer = client.post(f"/api/export/{kind}", json={"edits": [SHUT]})
    assert answer.status_code == 200
    file = tmp_path / f"data.{kind}"
    file.write_bytes(answer.content)
    if kind == "csv":
        assert {"base", "new", "change"} <= set(pd.read_csv(file))
    elif kind == "xlsx":
        assert "territory" in pd.read_excel(file, sheet_name=None)
    else:
        assert len(geopandas.read_file(file, layer=0)) > 800


def test_the_port_that_is_taken_is_told() -> None:
    import socket

    from isthmus.web.serve import serve

    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(InputError, match="cannot be listened on"),
    ):
        serve(ist.read(), port=taken.getsockname()[1], browser=False)

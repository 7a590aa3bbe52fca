"""What the server is asked and what it answers, for its OpenAPI document and its tests."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from isthmus.web.edits import Edit, State

__all__ = [
    "Answer",
    "Claim",
    "Country",
    "Day",
    "Detail",
    "Edit",
    "Ground",
    "Kind",
    "Matrix",
    "Page",
    "Power",
    "RouteAsked",
    "Routes",
    "Saved",
    "State",
    "World",
]

Kind = Literal["csv", "gpkg", "geojson", "xlsx"]
Row = dict[str, Any]


class Meta(BaseModel):
    """What the facts are."""

    version: str
    facts_digest: str
    first_year: int
    last_year: int
    base_date: str
    rows: int
    tables: dict[str, int]


class World(BaseModel):
    """All the map needs before anything is solved; lines in degrees, lengths in km, tonnes a year."""

    meta: Meta
    territories: list[Row]
    seas: list[Row]
    nodes: list[Row]
    links: list[Row]
    crossings: list[Row]
    regimes: list[Row]
    statuses: dict[str, str]
    modes: dict[str, Row]
    corridors: list[Row]
    passages: list[Row]
    commodities: list[Row]
    orders: list[Row]
    causes: list[Row]
    disputed: list[Row]
    claims: list[Row]


class Ground(BaseModel):
    """A GeoJSON collection."""

    type: Literal["FeatureCollection"]
    features: list[Row]


class Flows(BaseModel):
    """Tonnes a year by element: of links along and against, of crossings."""

    links: dict[str, tuple[float, float]]
    crossings: dict[str, float]


class Answer(BaseModel):
    """A state, solved. Money in USD a year, time in tonne-hours, CO2 in t."""

    scenario: Row
    compared: bool
    date: str
    demand_year: int
    changes: list[str]
    totals: dict[str, float | None]
    base: Flows
    new: Flows | None
    links: dict[str, str]
    crossings: dict[str, str]
    closed_territories: list[str]
    added_links: list[Row]
    territories: list[Row]
    limits: list[str]
    manifest: Row


class Detail(BaseModel):
    """The tables behind an answer."""

    corridors: list[Row]
    bottlenecks: list[Row]
    exposure: list[Row]
    unserved: list[Row]


class RouteAsked(State):
    """Two places, what is carried, and in which state of the network."""

    origin: str = Field(min_length=1, max_length=200)
    destination: str = Field(min_length=1, max_length=200)
    commodity: str = Field(default="container", max_length=40)
    k: int = Field(default=5, ge=1, le=12)


class Routes(BaseModel):
    """Alternatives, cheapest in generalised cost first, each leg by leg."""

    origin: dict[str, str]
    destination: dict[str, str]
    commodity: str
    date: str
    facts_digest: str
    routes: list[Row]


class Country(BaseModel):
    """One country before and after."""

    id: str
    name: str
    totals: Row
    over: list[Row]
    through: list[Row]
    crossings: list[Row]
    trades: list[Row]


class Matrix(BaseModel):
    """Whose trade (rows) passes whose territory (columns), share of its tonnes, now and without the order."""

    rows: list[Row]
    columns: list[Row]
    now: list[list[float]]
    base: list[list[float]]


class Power(BaseModel):
    """The transit game before and after: what each controller of transit is worth to all, USD a year."""

    compared: bool
    exact: bool
    total_usd_yr: float
    rows: list[Row]


class Day(BaseModel):
    """The network on a day."""

    date: str
    counts: list[Row]
    unusual: list[Row]
    agreements: list[Row]
    memberships: list[Row]
    recent: list[Row]


class Claim(BaseModel):
    """A claim, attributed, with what the model finds."""

    model_config = {"extra": "allow"}

    claim_id: str
    attributed_to: str
    paraphrase: str
    verdict: str
    tests: list[Row]
    record_sources: list[Row]
    flows: dict[str, dict[str, list[Row]]] = Field(default_factory=dict)


class Saved(State):
    """A state to be saved under a name."""

    name: str = Field(default="", max_length=120)


class Page(BaseModel):
    """A view to be kept as one file: its states, and where the page stands (the part after #)."""

    state: State
    versus: State | None = None
    hash: str = Field(default="", max_length=4000)

"""The routes of the local server: they parse, call one function, answer. No logic lives here."""

from __future__ import annotations

import gzip
import mimetypes
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware

from isthmus.console import numbers_as_json
from isthmus.errors import InputError, IsthmusError, NoPath
from isthmus.output.page.theme import theme_css
from isthmus.version import __version__
from isthmus.web import schemas
from isthmus.web.country import country, matrix
from isthmus.web.edits import as_file, edited
from isthmus.web.export import exported, standalone
from isthmus.web.ground import ground
from isthmus.web.model import Model
from isthmus.web.packed import Packed
from isthmus.web.world import world

__all__ = ["CSP", "STATIC", "create_app"]

STATIC = Path(__file__).parent / "static"
"""What the wheel's build hook puts there."""

CSP = (
    "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing from outside, nothing inline."""

_LOCAL = ["localhost", "127.0.0.1", "[::1]", "testserver"]

mimetypes.add_type("text/javascript", ".mjs")


def create_app(model: Model, hosts: list[str] | None = None) -> FastAPI:
    """
    Return the application.

    Parameters
    ----------
    model : Model
    hosts : list of str, optional
        Names the server answers to, besides those of this machine.

    Returns
    -------
    FastAPI
    """
    app = FastAPI(
        title="Isthmus",
        version=__version__,
        description="Orders, routes, countries and claims of the map; as `isthmus --json`.",
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*_LOCAL, *(hosts or [])])
    app.middleware("http")(_guarded)
    app.add_exception_handler(IsthmusError, _shown)
    _pages(app)
    _facts(app, model)
    _solved(app, model)
    return app


async def _guarded(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Add the headers that keep the page to itself; refuse requests of other sites' pages."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return JSONResponse({"message": "asked from another site."}, 403)
    response = await call_next(request)
    response.headers["Content-Security-Policy"] = CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


async def _shown(request: Request, problem: Exception) -> Response:
    """Tell what is wrong with an asked state in the words of the command line."""
    del request
    faults = []
    if isinstance(problem, InputError):
        faults = [{"where": f.where, "what": f.what, "mend": f.mend} for f in problem.faults]
    status = 422 if isinstance(problem, InputError | NoPath) else 500
    return JSONResponse({"message": str(problem), "faults": faults}, status)


def _pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    def page() -> Response:
        file = STATIC / "index.html"
        if not file.is_file():
            return Response(
                "The map is not built. Install Isthmus with pip, or run "
                "`python -m pip install -e .` in its folder.",
                503,
                media_type="text/plain",
            )
        return FileResponse(file)

    @app.get("/theme.css", include_in_schema=False)
    def theme() -> Response:
        return Response(theme_css(), media_type="text/css")

    @app.get("/static/{name}", include_in_schema=False)
    def static(name: str) -> Response:
        file = STATIC / name
        if file.parent != STATIC or not file.is_file():
            return JSONResponse({"message": f"no file {name}."}, 404)
        return FileResponse(file)


def _facts(app: FastAPI, model: Model) -> None:
    facts = model.facts
    packed = Packed(
        {"world": lambda: world(facts), "ground": lambda: ground(STATIC / "rivers.json")}
    )
    app.state.packed = packed

    @app.get("/api/world", response_model=schemas.World)
    def get_world(request: Request) -> Response:
        """Places, links, histories, orders and claims: all the map needs before anything is solved."""
        return _unpacked(request, packed["world"])

    @app.get("/api/ground", response_model=schemas.Ground)
    def get_ground(request: Request) -> Response:
        """Land, lakes, rivers, settled and unsettled lines as GeoJSON."""
        return _unpacked(request, packed["ground"])

    @app.get("/api/show/{name:path}", response_model=dict[str, list[dict[str, Any]]])
    def show(name: str) -> Response:
        """Every row about one thing, and the sources of its numbers; as `isthmus show`."""
        from isthmus.facts.listing import dossier

        return _json(dossier(facts, name))

    @app.get("/api/list/{table}", response_model=list[dict[str, Any]])
    def rows(table: str) -> Response:
        """Every row of a table with its source, year and confidence; as `isthmus list`."""
        from isthmus.facts.listing import listing

        return _json(listing(facts, table).to_dict("records"))

    @app.get("/api/history/{date}", response_model=schemas.Day)
    def day(date: str) -> Response:
        """The network as it was on a day, and why; as `isthmus history --date`."""
        from isthmus.chronicle import as_of

        return _json(as_of(facts, date).as_dict())

    @app.get("/api/claims/{claim_id}", response_model=schemas.Claim)
    def claim(claim_id: str, ranged: bool = True) -> Response:
        """A claim with its finding, its range where asked for, and the flows behind it."""
        return _json(model.claim(claim_id, ranged=ranged))


def _solved(app: FastAPI, model: Model) -> None:
    @app.post("/api/solve", response_model=schemas.Answer)
    def solve(state: schemas.State) -> Response:
        """Assign a state beside its base; as `isthmus run`."""
        return JSONResponse(model.answer(state))

    @app.post("/api/detail", response_model=schemas.Detail)
    def tables(state: schemas.State) -> Response:
        """Corridors, bottlenecks, exposure and what is without a route, of a state that was solved."""
        return JSONResponse(model.detail(state))

    @app.post("/api/route", response_model=schemas.Routes)
    def route(asked: schemas.RouteAsked) -> Response:
        """Alternatives between two places; as `isthmus route`."""
        return _json(model.route(asked))

    @app.post("/api/country/{territory_id}", response_model=schemas.Country)
    def of_country(territory_id: str, state: schemas.State) -> Response:
        """Trade, dependence and transit of one country before and after."""
        return _json(country(model.run(state), territory_id))

    @app.post("/api/matrix", response_model=schemas.Matrix)
    def of_all(state: schemas.State) -> Response:
        """Whose trade passes whose territory: the dependence of all on all."""
        return _json(matrix(model.run(state)))

    @app.post("/api/power", response_model=schemas.Power)
    def of_power(state: schemas.State) -> Response:
        """Bargaining power before and after; as `isthmus power`."""
        return _json(model.power(state))

    @app.post("/api/scenario", response_class=Response)
    def scenario(asked: schemas.Saved) -> Response:
        """The state as a file for `isthmus run`."""
        order = model.order(asked.order)
        wanted = edited(order, asked.edits, asked.date, asked.name)
        text = as_file(model.facts, order, wanted)
        return Response(text, media_type="application/toml")

    @app.post("/api/export/{kind}", response_class=Response)
    def export(kind: schemas.Kind, state: schemas.State) -> Response:
        """The data of a state as CSV, GeoPackage, GeoJSON or XLSX."""
        body, media = exported(model.run(state), kind)
        return Response(body, media_type=media)

    @app.post("/api/page", response_class=Response)
    def page(asked: schemas.Page) -> Response:
        """The view as one file that opens without a server."""
        return Response(standalone(model, asked, STATIC), media_type="text/html")


def _json(document: Any) -> Response:
    return JSONResponse(numbers_as_json(document))


def _unpacked(request: Request, body: bytes) -> Response:
    """Answer with a packed document, packed if the asker can take it so."""
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(gzip.decompress(body), media_type="application/json")
    return Response(body, media_type="application/json", headers={"Content-Encoding": "gzip"})

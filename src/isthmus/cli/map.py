"""The web map."""

from __future__ import annotations

from typing import Annotated

import typer

from isthmus.cli.app import Data, Gap, Json, Method, app, read_facts
from isthmus.console import hint, note, out, print_json

__all__ = ["map_"]


@app.command(name="map", epilog="Example: `isthmus map --port 8765 --no-browser`")
def map_(
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine's are your choice.")
    ] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    method: Method = "stochastic",
    gap: Gap = 1e-6,
    data: Data = None,
    json: Json = False,
) -> None:
    """Open the web map: orders, routes, countries, claims; on this machine, without a network."""
    from isthmus.web.serve import serve

    with note.status("reading facts"):
        facts = read_facts(data)

    def ready(address: str) -> None:
        if json:
            print_json({"address": address, "openapi": f"{address}openapi.json"})
            return
        out.print(f"Isthmus is at {address}  (Ctrl-C ends it)")
        if host not in ("127.0.0.1", "localhost", "::1"):
            note.print("It answers to other machines too: there is no password.")
        hint("isthmus run FILE.toml, with a scenario saved on the map")

    serve(facts, host=host, port=port, browser=not no_browser, method=method, gap=gap, ready=ready)

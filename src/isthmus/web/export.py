"""What leaves the map: data as tables and layers, the view as one page that needs no server."""

from __future__ import annotations

import base64
import gzip
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import escape

from isthmus.analysis.flows import DIMENSIONS
from isthmus.console import numbers_as_json
from isthmus.errors import InputError
from isthmus.formats.geo import write_map
from isthmus.formats.tables import write_tables
from isthmus.output.page.theme import theme_css
from isthmus.output.report.assemble import assemble
from isthmus.results import comparison_table, manifest_of
from isthmus.web.ground import ground
from isthmus.web.world import world

if TYPE_CHECKING:
    from isthmus.results import Run
    from isthmus.web.model import Model
    from isthmus.web.schemas import Page

__all__ = ["exported", "standalone"]

_MEDIA = {
    "csv": "text/csv",
    "gpkg": "application/geopackage+sqlite3",
    "geojson": "application/geo+json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_STILL_CSP = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; worker-src blob: data:; "
    "style-src 'unsafe-inline'; img-src data: blob:; connect-src blob:; base-uri 'none'"
)
"""A file on disk has no origin, so its script stands inside; nothing outside is asked for."""

_START = """
const unpack = async (id) => {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
};
const script = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
globalThis.isthmus = {
  data: JSON.parse(await unpack("packed-data")),
  worker: script(await unpack("packed-worker")),
};
await import(script(await unpack("packed-app")));
"""


def exported(run: Run, kind: str) -> tuple[bytes, str]:
    """
    Return the data of a run in a format, and its media type.

    Parameters
    ----------
    run : Run
    kind : {'csv', 'xlsx', 'gpkg', 'geojson'}
        One long table; a sheet for each dimension; the layers of the map; its links.
    """
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / f"isthmus.{kind}"
        if kind == "csv":
            write_tables(path, comparison_table(run.comparison))
        elif kind == "xlsx":
            write_tables(path, {d: run.comparison.by(d) for d in DIMENSIONS})
        else:
            manifest = manifest_of(run)
            bundle = assemble(run.scenario, run.comparison, manifest, compared=run.compared)
            write_map(path, bundle)
        return path.read_bytes(), _MEDIA[kind]


def standalone(model: Model, asked: Page, static: Path) -> str:
    """
    Return the view as one HTML file: script, data and answers inside, nothing outside.

    It shows what was solved when it was made; to change it takes the server.

    Parameters
    ----------
    model : Model
    asked : Page
    static : Path
        Folder of the built page.

    Raises
    ------
    InputError
        If the page is not built.
    """
    if not (static / "index.html").is_file():
        raise InputError("the map is not built; install Isthmus with pip.")
    states = [asked.state, *([asked.versus] if asked.versus is not None else [])]
    data = {
        "world": world(model.facts),
        "ground": ground(static / "rivers.json"),
        "answers": [
            {
                "state": {
                    "order": state.order,
                    "date": state.date,
                    "edits": [e.model_dump(exclude_none=True) for e in state.edits],
                },
                "answer": model.answer(state),
                "detail": model.detail(state),
            }
            for state in states
        ],
        "hash": asked.hash,
    }
    body = (static / "index.html").read_text(encoding="utf-8")
    body = body[body.index("<body>") + len("<body>") : body.index("<!-- scripts -->")]
    text = json.dumps(numbers_as_json(data), ensure_ascii=False, separators=(",", ":"))
    title = model.scenario(asked.state).name
    style = theme_css() + (static / "app.css").read_text(encoding="utf-8")
    parts = {
        "data": text.encode(),
        "app": (static / "app.js").read_bytes(),
        "worker": (static / "maplibre-gl-worker.mjs").read_bytes(),
    }
    packed = "".join(
        f'<script type="text/plain" id="packed-{name}">{_pack(part)}</script>\n'
        for name, part in parts.items()
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_STILL_CSP}">\n'
        f"<title>{escape(title)} · Isthmus</title>\n<style>{style}</style>\n</head>\n"
        f'<body>{body}{packed}<script type="module">{_START}</script>\n</body>\n</html>\n'
    )


def _pack(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()

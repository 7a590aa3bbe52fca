"""Pages that stand alone: templates, one style sheet, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from isthmus.output.page.theme import DARK, LIGHT, MODES, variables

__all__ = ["asset", "render_page", "section_page", "style_sheet", "write_page"]


def asset(name: str) -> str:
    """Return the text of a file that ships with the pages."""
    return (files("isthmus.output") / "assets" / name).read_text(encoding="utf-8")


def render_page(template: str, **values: Any) -> str:
    """
    Fill a template; a value it lacks is an error.

    Parameters
    ----------
    template : str
        Name of an asset.
    **values
        What it shows; text is escaped unless it is `Markup`.
    """
    environment = Environment(
        loader=FunctionLoader(asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)


def style_sheet(*names: str) -> str:
    """Return the style sheet: colours of both themes, then the rules of some assets."""
    light, dark = variables(LIGHT), variables(DARK)
    modes = "".join(
        f".m-{name}{{--c:var(--{mode.colour});--d:{_dash(mode.dash)}}}"
        for name, mode in MODES.items()
    )
    return (
        f":root{{color-scheme:light;{light}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light])"
        f"{{color-scheme:dark;{dark}}}}}"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}"
        f"{modes}{''.join(asset(name) for name in names)}"
    )


def section_page(title: str, body: Markup) -> str:
    """Return one self-contained page of one section."""
    style = Markup(style_sheet("report.css"))
    return str(
        Markup('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">')
        + Markup('<meta name="viewport" content="width=device-width, initial-scale=1">')
        + Markup(
            '<title>{0} · Isthmus</title><style>{1}</style></head><body><main class="alone"><section>'
        ).format(title, style)
        + Markup("<h1>{0}</h1>").format(title)
        + body
        + Markup("</section></main></body></html>\n")
    )


def write_page(path: str | Path, text: str) -> Path:
    """
    Write a page, whole or not at all.

    Parameters
    ----------
    path : path
        File to write; its folder must exist.
    text : str

    Returns
    -------
    Path
    """
    target = Path(path)
    handle, part = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(part).chmod(0o644)
        Path(part).replace(target)
    finally:
        Path(part).unlink(missing_ok=True)
    return target


def _dash(dash: tuple[float, ...]) -> str:
    return " ".join(f"calc({d:g}px/var(--k))" for d in dash) or "none"

"""
Colours, dashes and symbols of maps and charts, for light and dark.

Modes use the Okabe–Ito hues: as published on the dark theme, darkened at the same hue on the light one,
where three of them fall below a contrast of 3:1 with the land. A mode is told apart by its dash as
well, a difference by its dash and by its sign in the table, a regime by its shape.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "DARK",
    "LIGHT",
    "MODES",
    "REGIMES",
    "STATUSES",
    "ModeStyle",
    "contrast",
    "theme_css",
    "variables",
]

LIGHT: dict[str, str] = {
    "paper": "#fcfbf8",
    "raised": "#ffffff",
    "ink": "#1b2128",
    "soft": "#57616c",
    "rule": "#dcd8cf",
    "faint": "#efece5",
    "accent": "#1d5c83",
    "land": "#f4f1ea",
    "water": "#d9e5ec",
    "shore": "#71828f",
    "river": "#3f8fb8",
    "border": "#857e71",
    "dispute": "#8a5a83",
    "sea-label": "#4f7389",
    "place": "#2a3036",
    "idle": "#827c72",
    "rail": "#0067a3",
    "road": "#a86400",
    "sea": "#00785a",
    "waterway": "#1f7db0",
    "pipeline": "#ab4f86",
    "less": "#1767a6",
    "more": "#bd4f00",
    "new": "#ffd84d",
    "closed": "#b3261e",
    "bar": "#4d7f9f",
    "bar-base": "#b9c4cb",
    "money": "#4d7f9f",
    "time": "#c78a2c",
    "spread": "#e3c68e",
    "carbon": "#7b8f53",
}

DARK: dict[str, str] = {
    "paper": "#12171c",
    "raised": "#192027",
    "ink": "#e9edf0",
    "soft": "#a1adb8",
    "rule": "#313b45",
    "faint": "#202930",
    "accent": "#86c5ec",
    "land": "#20262b",
    "water": "#0f161d",
    "shore": "#6a7c8a",
    "river": "#4585ab",
    "border": "#737a80",
    "dispute": "#c79ac2",
    "sea-label": "#6f8ea3",
    "place": "#d8dde1",
    "idle": "#737d85",
    "rail": "#3d9bdc",
    "road": "#e69f00",
    "sea": "#1fb588",
    "waterway": "#7cc8f2",
    "pipeline": "#d98db6",
    "less": "#5aa9e6",
    "more": "#f28c38",
    "new": "#9a821f",
    "closed": "#ff7a70",
    "bar": "#5f9cc2",
    "bar-base": "#47545f",
    "money": "#5f9cc2",
    "time": "#d9a24a",
    "spread": "#7d6a42",
    "carbon": "#93a968",
}


@dataclass(frozen=True)
class ModeStyle:
    """
    How a mode is drawn.

    Parameters
    ----------
    label : str
        Words of the legend.
    colour : str
        Name of a colour of the theme.
    dash : tuple of float
        Dash and gap, in units of the map; empty is a solid line.
    """

    label: str
    colour: str
    dash: tuple[float, ...] = ()


MODES: dict[str, ModeStyle] = {
    "rail": ModeStyle("Rail", "rail"),
    "road": ModeStyle("Road", "road", (7.0, 1.6)),
    "sea": ModeStyle("Sea", "sea", (10.0, 4.0)),
    "ferry": ModeStyle("Ferry (lorries aboard)", "road", (2.2, 2.6)),
    "rail_ferry": ModeStyle("Rail ferry (wagons aboard)", "rail", (2.2, 2.6)),
    "inland_water": ModeStyle("River and canal", "waterway", (8.0, 2.4, 1.6, 2.4)),
    "oil_pipeline": ModeStyle("Oil pipeline", "pipeline", (5.0, 2.0)),
    "gas_pipeline": ModeStyle("Gas pipeline", "pipeline", (1.6, 2.0)),
}
"""Colour says what carries the goods; a broken line says over or along water, or mixed traffic."""

REGIMES: dict[str, str] = {
    "closed": "Closed",
    "normal": "Normal control",
    "customs_union": "Customs union",
    "facilitated": "Facilitated",
    "sealed_transit": "Sealed transit",
    "unimpeded": "Unimpeded (disputed idea)",
}

STATUSES: dict[str, str] = {
    "open": "Open",
    "limited": "Open, limited",
    "closed": "Closed",
    "under_construction": "Under construction",
    "planned": "Planned",
    "destroyed": "Destroyed",
}


def variables(colours: dict[str, str]) -> str:
    """Return the colours as CSS custom properties."""
    return "".join(f"--{name}:{value};" for name, value in colours.items())


def theme_css() -> str:
    """Return the colours as custom properties, dark where the page says so."""
    return (
        f":root{{color-scheme:light;{variables(LIGHT)}}}"
        f":root[data-theme=dark]{{color-scheme:dark;{variables(DARK)}}}"
    )


def contrast(one: str, other: str) -> float:
    """
    Return the contrast ratio of two colours, from 1 to 21.

    References
    ----------
    .. [1] W3C, *Web Content Accessibility Guidelines 2.2*, 2023, "contrast ratio".

    Examples
    --------
    >>> round(contrast("#ffffff", "#000000"), 1)
    21.0
    """
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of a ``#rrggbb`` colour."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

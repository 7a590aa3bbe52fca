/** The style of the map, in the colours of the theme: ground, lines, signs, names. */
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import { colour } from "../theme";
import type { Mode } from "../types";

/** Dashes in widths of the line; a mode is told by its dash as well as by its colour. */
const DASHES: Record<string, number[]> = {
  road: [5, 1.1],
  sea: [3.2, 1.6],
  ferry: [1.4, 1.4],
  rail_ferry: [1.4, 1.4],
  inland_water: [4, 1.2, 0.8, 1.2],
  oil_pipeline: [2.5, 1],
  gas_pipeline: [1, 1],
};
/** A link nothing was told of: a way that carries nothing. */
export const UNTOLD_STATE = { w: 0.6 };
const FONT = ["Inter, system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, Arial, sans-serif"];
const state = (name: string, other: number | string): ExpressionSpecification =>
  ["coalesce", ["feature-state", name], other] as ExpressionSpecification;

/** What the page draws on the ground. Few sources: the map's worker is asked for each of them tile by tile. */
export type Source = "links" | "over" | "stress" | "signs" | "known";
export type Drawn = Record<Source, GeoJSON.FeatureCollection>;
type Surface = string | GeoJSON.FeatureCollection;

const kind = (name: string): ExpressionSpecification => ["==", ["get", "kind"], name];
const both = (...tests: ExpressionSpecification[]): ExpressionSpecification => ["all", ...tests] as ExpressionSpecification;
const shape = (name: string): ExpressionSpecification => ["==", ["geometry-type"], name];

/** A dash or a colour by the value of a property. */
const choose = (property: string, by: Record<string, number[] | string>, other: number[] | string): ExpressionSpecification => {
  const plain = (x: number[] | string): unknown => (typeof x === "string" ? x : ["literal", x]);
  return ["match", ["get", property], ...Object.entries(by).flatMap(([key, x]) => [key, plain(x)]), plain(other)] as unknown as ExpressionSpecification;
};

/** Colour of a line: its mode, or in the difference its sign. */
const ink = (modes: Record<string, Mode>): ExpressionSpecification => [
  "case",
  ["==", state("sign", 0), 1], colour("more"),
  ["==", state("sign", 0), -1], colour("less"),
  ["==", state("sign", 0), 9], colour("idle"),
  choose("mode", Object.fromEntries(Object.entries(modes).map(([name, mode]) => [name, colour(mode.colour)])), colour("idle")),
] as ExpressionSpecification;

function lineLayers(modes: Record<string, Mode>): LayerSpecification[] {
  const width = state("w", UNTOLD_STATE.w);
  const aside = ["*", ["get", "aside"], ["+", 2, ["*", 0.75, width]]] as ExpressionSpecification;
  const casing: LayerSpecification = {
    id: "links-casing", type: "line", source: "links",
    layout: { "line-join": "round" },
    paint: {
      "line-color": colour("paper"),
      "line-width": ["case", [">", width, 1], ["+", width, 1.6], 0] as ExpressionSpecification,
      "line-offset": aside,
      "line-opacity": 0.75,
    },
  };
  const names = Object.keys(modes);
  // few layers: each is drawn anew for every tile of every picture
  const layer = (id: string, drawn: string[], more: Record<string, unknown> = {}): LayerSpecification => ({
    id, type: "line", source: "links", ...more,
    filter: ["in", ["get", "mode"], ["literal", drawn]],
    layout: { "line-join": "round", "line-cap": "butt" },
    paint: {
      "line-color": ink(modes),
      "line-width": width,
      "line-offset": aside,
      ...(drawn.some((name) => DASHES[name]) ? { "line-dasharray": choose("mode", DASHES, [1, 0]) } : {}),
    },
  }) as LayerSpecification;
  const pipe = (name: string): boolean => name.endsWith("pipeline");
  return [
    casing,
    layer("links-solid", names.filter((name) => !DASHES[name])),
    layer("links-broken", names.filter((name) => DASHES[name] && !pipe(name))),
    // freight knows no pipes: they are shown for orientation, from near
    layer("links-pipes", names.filter(pipe), { minzoom: 5 }),
  ];
}

/** Links that stand and are shut, or do not stand yet; a state tells which, so that nothing is cut anew. */
function offLayers(): LayerSpecification[] {
  const is = (name: string): ExpressionSpecification => ["==", state("off", ""), name];
  const of = (name: string, ink: string, dash: number[]): LayerSpecification => ({
    id: `off-${name}`, type: "line", source: "links",
    paint: { "line-color": colour(ink), "line-dasharray": dash, "line-width": ["case", is(name), 1.4, 0] as ExpressionSpecification, "line-opacity": 0.95 },
  });
  return [
    of("planned", "soft", [1, 2.4]),
    of("under_construction", "accent", [3, 1.6]),
    of("closed", "closed", [4, 2]),
    {
      id: "off-signs", type: "symbol", source: "links", minzoom: 5.2,
      layout: { "symbol-placement": "line-center", "icon-image": "regime-closed", "icon-size": 0.8, "icon-allow-overlap": true, "icon-ignore-placement": true },
      paint: { "icon-opacity": ["case", is("closed"), 1, 0] as ExpressionSpecification },
    },
  ];
}

/** Signs of crossings; those of ports, which nearly every ship passes, only from near. */
const crossingLayer = (id: string, border: boolean, minzoom: number): LayerSpecification => ({
  id, type: "symbol", source: "signs", minzoom,
  filter: ["==", ["get", "border"], border],
  layout: {
    "icon-image": ["concat", "regime-", ["get", "shape"]],
    "icon-size": ["interpolate", ["linear"], ["zoom"], 3, 0.6, 6, 1],
    // in the order of the data: a sort key would draw them one by one
    "icon-allow-overlap": true, "symbol-z-order": "source",
  },
});

const halo = (): Record<string, unknown> => ({ "text-halo-color": colour("paper"), "text-halo-width": 1.4 });

function nameLayers(): LayerSpecification[] {
  const upTo = (sort: number): ExpressionSpecification => both(kind("place"), ["<=", ["get", "sort"], sort]);
  return [
    {
      id: "names", type: "symbol", source: "known",
      filter: ["step", ["zoom"], upTo(1), 4.2, upTo(2), 5.4, upTo(4), 6.2, upTo(9)] as ExpressionSpecification as never,
      layout: {
        "text-field": [
          "step", ["zoom"], ["get", "name"], 5.5,
          ["case", ["==", ["get", "local"], ""], ["get", "name"],
            ["format", ["get", "name"], {}, "\n", {}, ["get", "local"], { "font-scale": 0.85 }]],
        ] as ExpressionSpecification,
        "text-font": FONT,
        "text-size": ["interpolate", ["linear"], ["zoom"], 3, 11, 7, 13],
        "text-variable-anchor": ["left", "right", "top", "bottom"],
        "text-radial-offset": 0.7, "text-justify": "auto", "text-max-width": 9, "text-padding": 4,
        "symbol-sort-key": ["get", "sort"],
      },
      paint: { "text-color": colour("place"), ...halo() },
    },
    {
      id: "seas", type: "symbol", source: "known", filter: kind("sea"),
      layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 12, "text-letter-spacing": 0.12, "text-max-width": 7 },
      paint: { "text-color": colour("sea-label"), "text-halo-color": colour("water"), "text-halo-width": 1 },
    },
    {
      id: "lands", type: "symbol", source: "known", filter: kind("land"), maxzoom: 7.5,
      layout: {
        "text-field": ["get", "name"], "text-font": FONT, "text-letter-spacing": 0.14, "text-transform": "uppercase",
        "text-size": ["interpolate", ["linear"], ["zoom"], 2, 10, 5, 13],
        "symbol-sort-key": ["get", "rank"], "text-max-width": 8, "text-padding": 6,
      },
      paint: { "text-color": colour("soft"), ...halo() },
    },
  ] as LayerSpecification[];
}

/** The whole style; what is drawn goes in at once, so that the first picture is whole. */
export function styleOf(modes: Record<string, Mode>, ground: Surface, drawn: Drawn): StyleSpecification {
  const dispute = { "line-color": colour("dispute"), "line-width": 1.2, "line-dasharray": [2, 2] };
  const round = { "line-join": "round", "line-cap": "round" };
  const picked = kind("picked");
  return {
    version: 8,
    sources: {
      ground: { type: "geojson", data: ground, tolerance: 0.5, buffer: 8 },
      ...Object.fromEntries(Object.entries(drawn).map(([name, data]) => [name, { type: "geojson" as const, data, tolerance: 0.3 }])),
    },
    layers: [
      { id: "water", type: "background", paint: { "background-color": colour("water") } },
      { id: "land", type: "fill", source: "ground", filter: kind("land"), paint: { "fill-color": colour("land"), "fill-antialias": false } },
      { id: "lake", type: "fill", source: "ground", filter: kind("lake"), paint: { "fill-color": colour("water"), "fill-antialias": false } },
      { id: "shore", type: "line", source: "ground", filter: ["in", ["get", "kind"], ["literal", ["land", "lake"]]], paint: { "line-color": colour("shore"), "line-width": 0.6 } },
      { id: "river", type: "line", source: "ground", filter: kind("river"), minzoom: 3.4, paint: { "line-color": colour("river"), "line-width": ["interpolate", ["linear"], ["zoom"], 3, 0.4, 8, 1.4] } },
      { id: "border", type: "line", source: "ground", filter: kind("border"), paint: { "line-color": colour("border"), "line-width": 0.8 } },
      { id: "dispute", type: "line", source: "ground", filter: kind("dispute"), paint: dispute },
      { id: "disputed-areas", type: "line", source: "known", filter: both(kind("disputed"), shape("LineString")), paint: { ...dispute, "line-width": 1 } },
      ...offLayers(),
      ...lineLayers(modes),
      { id: "route-casing", type: "line", source: "over", filter: kind("route"), layout: round, paint: { "line-color": colour("ink"), "line-width": 8, "line-opacity": 0.9 } },
      { id: "route", type: "line", source: "over", filter: kind("route"), layout: round, paint: { "line-color": "#ffd84d", "line-width": 4.5 } },
      { id: "picked", type: "line", source: "over", filter: both(picked, shape("LineString")), layout: round, paint: { "line-color": colour("accent"), "line-width": 2, "line-gap-width": 6 } },
      { id: "stress", type: "circle", source: "stress", paint: { "circle-radius": state("r", 0), "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": colour("closed"), "circle-stroke-width": ["case", [">", state("r", 0), 0], 1.8, 0], "circle-stroke-opacity": 0.9 } },
      crossingLayer("ports", false, 6),
      crossingLayer("crossings", true, 0),
      { id: "picked-point", type: "circle", source: "over", filter: both(picked, shape("Point")), paint: { "circle-radius": 11, "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": colour("accent"), "circle-stroke-width": 3 } },
      { id: "disputed-signs", type: "symbol", source: "known", minzoom: 4.5, filter: both(kind("disputed"), shape("Point")), layout: { "text-field": "⁂", "text-font": FONT, "text-size": 15 }, paint: { "text-color": colour("dispute"), ...halo() } },
      ...nameLayers(),
    ],
  } as StyleSpecification;
}

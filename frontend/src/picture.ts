/** The view as SVG: the lines the map shows, its title and legend; or the title and legend alone. */
import type { Context } from "./context";
import { compact } from "./format";
import { linkStates, offsets, passable, widthOf } from "./map/lines";
import { colour } from "./theme";
import type { Flows, Point } from "./types";

const escape = (text: string): string => text.replace(/[&<>"]/g, (x) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[x] ?? x);
const FONT = 'font-family="system-ui,Arial,sans-serif"';

/** What the map is about, in one line. */
export function titleOf(c: Context): string {
  const { now } = c.store;
  const name = c.index.orders.get(now.order)?.name ?? now.order;
  const edited = now.edits.length ? `, ${now.edits.length} changed by hand` : "";
  const other = now.versus ? ` against ${c.index.orders.get(now.versus)?.name ?? now.versus}` : "";
  return `${name}${edited}${other}`;
}

/** Shift a line aside by some pixels, to its right. */
function shifted(c: Context, line: readonly Point[], aside: number): string {
  const at = line.map((p) => c.view.map.project(p));
  return at.map((p, i) => {
    const a = at[Math.max(0, i - 1)] ?? p;
    const b = at[Math.min(at.length - 1, i + 1)] ?? p;
    const long = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    return `${i ? "L" : "M"}${(p.x - ((b.y - a.y) / long) * aside).toFixed(1)} ${(p.y + ((b.x - a.x) / long) * aside).toFixed(1)}`;
  }).join("");
}

const DASH: Record<string, string> = { road: "7 1.6", sea: "8 4", ferry: "3 3", rail_ferry: "3 3", inland_water: "8 2.4 1.6 2.4", oil_pipeline: "5 2", gas_pipeline: "2 2" };

/** The view as SVG. Without the ground only what stands about the map is drawn; not `titled` leaves out the title. */
export function pictureSvg(c: Context, surface: GeoJSON.FeatureCollection | null, titled = true): string {
  const box = c.view.map.getContainer();
  const [width, height] = [box.clientWidth, box.clientHeight];
  const inside = surface ? ground(c, surface, width, height) + lines(c) + names(c, width, height) : "";
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" preserveAspectRatio="xMidYMid slice">` +
    `${inside}${furniture(c, width, height, titled)}</svg>`
  );
}

const project = (c: Context, line: readonly GeoJSON.Position[]): string =>
  line.map((p, i) => {
    const { x, y } = c.view.map.project([p[0] ?? 0, p[1] ?? 0]);
    return `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
  }).join("");

function ground(c: Context, surface: GeoJSON.FeatureCollection, width: number, height: number): string {
  const fills: Record<string, string> = { land: colour("land"), lake: colour("water") };
  const bounds = c.view.map.getBounds();
  const near = (ring: GeoJSON.Position[]): boolean => {
    let [w, s, e, n] = [180, 90, -180, -90];
    for (const [x = 0, y = 0] of ring) [w, s, e, n] = [Math.min(w, x), Math.min(s, y), Math.max(e, x), Math.max(n, y)];
    return w < bounds.getEast() && e > bounds.getWest() && s < bounds.getNorth() && n > bounds.getSouth();
  };
  const parts = surface.features.map((f) => {
    const kind = String(f.properties?.["kind"]);
    const ink = kind === "river" ? "river" : kind === "border" ? "border" : "dispute";
    const g = f.geometry;
    const rings = g.type === "Polygon" ? g.coordinates : g.type === "MultiPolygon" ? g.coordinates.flat() : g.type === "LineString" ? [g.coordinates] : g.type === "MultiLineString" ? g.coordinates : [];
    const d = rings.filter(near).map((r) => project(c, r) + (fills[kind] ? "Z" : "")).join("");
    if (!d) return "";
    return fills[kind]
      ? `<path d="${d}" fill="${fills[kind]}" fill-rule="evenodd" stroke="${colour("shore")}" stroke-width="0.6"/>`
      : `<path d="${d}" fill="none" stroke="${colour(ink)}" stroke-width="${kind === "river" ? 0.6 : 0.8}"${ink === "dispute" ? ' stroke-dasharray="3 3"' : ""}/>`;
  });
  return `<rect width="${width}" height="${height}" fill="${colour("water")}"/>${parts.join("")}`;
}

function lines(c: Context): string {
  const shown = c.view.current();
  if (!shown) return "";
  const t = (flows: Flows | null, id: string): number => (flows?.links[id] ? flows.links[id][0] + flows.links[id][1] : 0);
  const links = c.view.all();
  const value = (id: string): number => (shown.diff ? t(shown.flows, id) - t(shown.before, id) : t(shown.flows, id));
  const top = Math.max(1, ...links.filter((l) => shown.diff || l.mode !== "sea").map((l) => Math.abs(value(l.id))));
  const states = linkStates(c.world, shown.day, shown.answer);
  const aside = offsets(links);
  return links.map((link) => {
    const v = value(link.id);
    const status = states.get(link.id) ?? "";
    if (!status) return "";
    const w = Math.abs(v) > 0.002 * top || !shown.diff ? widthOf(Math.abs(v), top) : 0;
    const mode = c.world.modes[link.mode];
    const ink = !passable(status) ? colour("closed") : shown.diff ? colour(w ? (v > 0 ? "more" : "less") : "idle") : colour(mode?.colour ?? "idle");
    const dash = passable(status) ? DASH[link.mode] : "4 3";
    const line = shifted(c, link.line, (aside.get(link.id) ?? 0) * (2 + 0.75 * w));
    return `<path d="${line}" fill="none" stroke="${ink}" stroke-width="${(w || 0.6).toFixed(2)}"${dash ? ` stroke-dasharray="${dash}"` : ""}><title>${escape(link.name)}: ${escape(compact(v, shown.diff))} t/yr</title></path>`;
  }).join("");
}

function names(c: Context, width: number, height: number): string {
  const drawn = c.view.map.queryRenderedFeatures({ layers: ["names", "lands", "seas"].filter((l) => c.view.map.getLayer(l)) });
  const seen = new Set<string>();
  return drawn.map((f) => {
    const name = String(f.properties["name"]);
    if (f.geometry.type !== "Point" || seen.has(name)) return "";
    seen.add(name);
    const [lon = 0, lat = 0] = f.geometry.coordinates;
    const { x, y } = c.view.map.project([lon, lat]);
    if (x < 0 || y < 0 || x > width || y > height) return "";
    const land = f.layer.id === "lands";
    const sea = f.layer.id === "seas";
    return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${FONT} font-size="${land ? 12 : 11}" fill="${colour(sea ? "sea-label" : land ? "soft" : "place")}" paint-order="stroke" stroke="${colour("paper")}" stroke-width="2.5"${land || sea ? ' text-anchor="middle" letter-spacing="1.2"' : ' dx="5" dy="4"'}>${escape(land ? name.toUpperCase() : name)}</text>`;
  }).join("");
}

function furniture(c: Context, width: number, height: number, titled: boolean): string {
  const shown = c.view.current();
  const entries = shown?.diff ? [["more", "more tonnes"], ["less", "fewer tonnes"]] : Object.values(c.world.modes).filter((m, i, all) => all.findIndex((x) => x.colour === m.colour) === i && m.colour !== "pipeline").map((m) => [m.colour, m.label]);
  const top = titled ? 58 : 22;
  const keys = entries.map(([ink, label], i) => `<g transform="translate(14 ${top + 18 * i})"><path d="M0 -4h22" stroke="${colour(ink ?? "ink")}" stroke-width="4"/><text x="30" ${FONT} font-size="11" fill="${colour("ink")}">${escape(label ?? "")}</text></g>`).join("");
  const title = titleOf(c);
  const wide = titled ? Math.min(width - 12, Math.max(240, 18 + title.length * 8.2)) : 130;
  const head = titled
    ? `<text x="14" y="26" ${FONT} font-size="14" font-weight="600" fill="${colour("ink")}">${escape(title)}</text>` +
      `<text x="14" y="43" ${FONT} font-size="11" fill="${colour("soft")}">network of ${escape(c.day())}${shown?.answer ? `, trade of ${shown.answer.demand_year}` : ""}; width: tonnes a year</text>`
    : "";
  return (
    `<g><rect x="6" y="6" width="${wide}" height="${top + 18 * entries.length - 10}" rx="6" fill="${colour("raised")}" fill-opacity="0.92"/>${head}${keys}</g>` +
    (titled ? `<text x="${width - 8}" y="${height - 8}" text-anchor="end" ${FONT} font-size="10" fill="${colour("soft")}">Isthmus ${escape(c.world.meta.version)}, facts ${escape(c.world.meta.facts_digest.slice(0, 12))}. Ground: Natural Earth.</text>` : "")
  );
}

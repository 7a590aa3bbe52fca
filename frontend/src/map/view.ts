/** The map itself: made once, then told what to show. */
import { AttributionControl, Map as GlMap, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import type { GeoJSONSource, MapMouseEvent } from "maplibre-gl";
import { backend } from "../backend";
import { num, text } from "../format";
import type { Answer, Flows, Link, Point, World } from "../types";
import { lineFeatures, linkStates, middle, offsets, passable, stateOn, widthOf } from "./lines";
import { Pulses } from "./pulse";
import { styleOf } from "./style";
import { addSymbols, shapeOf } from "./symbols";

export interface Shown {
  day: string;
  answer: Answer | null;
  /** Flows drawn, or the two whose difference is drawn. */
  flows: Flows | null;
  before: Flows | null;
  diff: boolean;
}

type Pick = (what: string) => void;
const points = (features: GeoJSON.Feature[]): GeoJSON.FeatureCollection => ({ type: "FeatureCollection", features });
const point = (lon: number, lat: number, properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature => ({
  type: "Feature", properties, geometry: { type: "Point", coordinates: [lon, lat] },
});

/** A change smaller than this share of the greatest is not drawn. */
const FELT = 0.002;

export class MapView {
  readonly map: GlMap;
  /** Resolves when the first picture stands. */
  readonly ready: Promise<void>;
  private links: Link[];
  private added = "";
  private readonly pulses: Pulses;
  private shown: Shown | null = null;
  private readonly place: Map<string, { lon: number; lat: number }>;
  private routeLine: Point[][] = [];
  private picked = "";
  private furnished = false;

  constructor(
    private readonly world: World,
    private readonly ground: GeoJSON.FeatureCollection,
    private readonly rivers: GeoJSON.FeatureCollection,
    camera: [number, number, number],
    pick: Pick,
    hover: (what: string, x: number, y: number) => void,
  ) {
    setWorkerUrl(backend.worker);
    this.links = world.links;
    this.place = new Map(world.nodes.map((n) => [n.id, n]));
    this.map = new GlMap({
      container: "map",
      style: this.style(),
      center: [camera[0], camera[1]],
      zoom: camera[2],
      minZoom: 2,
      maxZoom: 11,
      maxBounds: [[-30, -25], [160, 76]],
      renderWorldCopies: false,
      dragRotate: false,
      pitchWithRotate: false,
      fadeDuration: 0,
      attributionControl: false,
      canvasContextAttributes: { preserveDrawingBuffer: true },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new AttributionControl({ compact: true, customAttribution: "Ground: Natural Earth. Borders as Natural Earth's many points of view agree; others broken." }), "bottom-left");
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new ScaleControl({ maxWidth: 90 }), "bottom-left");
    this.pulses = new Pulses(this.map, document.getElementById("pulses") as HTMLCanvasElement);
    this.ready = new Promise((done) => {
      this.map.once("load", () => {
        this.furnish();
        // the words on the ground stay one click away, so that they cover nothing
        document.querySelector(".maplibregl-ctrl-attrib")?.classList.remove("maplibregl-compact-show");
        document.querySelector(".maplibregl-ctrl-attrib")?.removeAttribute("open");
        done();
      });
    });
    this.map.on("click", (event) => pick(this.at(event)));
    this.map.on("mousemove", (event) => hover(this.at(event), event.point.x, event.point.y));
    this.map.on("mouseout", () => hover("", 0, 0));
  }

  /** Take the colours of another theme. */
  redress(): void {
    this.furnished = false;
    this.map.setStyle(this.style(), { diff: false });
    this.map.once("style.load", () => {
      this.furnish();
      if (this.shown) this.show(this.shown);
      this.route(this.routeLine);
      this.pick(this.picked);
    });
  }

  /** Draw flows and states. */
  show(shown: Shown): void {
    this.shown = shown;
    if (!this.furnished) return;
    this.take(shown.answer?.added_links ?? []);
    const states = linkStates(this.world, shown.day, shown.answer);
    const off: GeoJSON.Feature[] = [];
    const change = this.links.map((l) => this.tonnes(shown.flows, l.id) - this.tonnes(shown.before, l.id));
    const top = shown.diff
      ? Math.max(1, ...change.map(Math.abs))
      : Math.max(1, ...this.links.filter((l) => l.mode !== "sea").map((l) => this.tonnes(shown.flows, l.id)));
    this.links.forEach((link, id) => {
      const status = states.get(link.id) ?? "";
      const open = passable(status);
      const t = this.tonnes(shown.flows, link.id);
      const delta = change[id] ?? 0;
      const felt = Math.abs(delta) > FELT * top;
      const w = shown.diff
        ? felt ? widthOf(Math.abs(delta), top) : t > 0 || open ? 0.6 : 0
        : t > 0 ? widthOf(t, top) : open ? 0.6 : 0;
      const o = t > 0 || (shown.diff && felt) ? 1 : 0.75;
      this.map.setFeatureState({ source: "links", id }, { w, o, sign: shown.diff ? (felt ? Math.sign(delta) : 9) : 0 });
      if (status && !open) {
        off.push({ type: "Feature", properties: { id: link.id, state: status }, geometry: { type: "LineString", coordinates: link.line } });
      }
    });
    this.set("off", points(off));
    this.set("crossings", points(this.crossings(shown)));
    this.set("stress", points(this.stress(shown.answer)));
    this.pulses.show(this.links, shown.diff ? null : shown.flows);
  }

  /** The ground, for a picture. */
  surface(): GeoJSON.FeatureCollection {
    return this.ground;
  }

  /** What is drawn now. */
  current(): Shown | null {
    return this.shown;
  }

  /** Every link drawn, those an order adds among them. */
  all(): readonly Link[] {
    return this.links;
  }

  /** Draw a route over the rest; none if there are no lines. */
  route(lines: Point[][]): void {
    this.routeLine = lines;
    this.set("route", points(lines.map((coordinates) => ({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } }))));
  }

  /** Mark what is picked. */
  pick(what: string): void {
    this.picked = what;
    const [kind, ...rest] = what.split(":");
    const id = rest.join(":");
    const lines = this.linesOf(kind ?? "", id);
    const node = kind === "node" ? this.place.get(id) : undefined;
    this.set("picked", points([
      ...lines.map((coordinates): GeoJSON.Feature => ({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } })),
      ...(node ? [point(node.lon, node.lat, {})] : []),
    ]));
  }

  /** Bring what is picked into sight. */
  fly(what: string): void {
    const [kind, ...rest] = what.split(":");
    const id = rest.join(":");
    const node = kind === "node" ? this.place.get(id) : undefined;
    const land = kind === "territory" ? this.world.territories.find((t) => t.id === id) : undefined;
    const target = node ?? land;
    const near = node ? 6.5 : 4.6;
    if (target) this.map.easeTo({ center: [target.lon, target.lat], zoom: Math.max(this.map.getZoom(), near), duration: 400 });
    const line = this.linesOf(kind ?? "", id).flat();
    if (line.length) this.fit(line);
  }

  fit(line: readonly Point[]): void {
    const lons = line.map((p) => p[0]);
    const lats = line.map((p) => p[1]);
    this.map.fitBounds([[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]], { padding: 70, maxZoom: 7.5, duration: 400 });
  }

  private style() {
    return styleOf(this.world.modes, this.ground, this.rivers, lineFeatures(this.links, offsets(this.links)));
  }

  private set(source: string, data: GeoJSON.FeatureCollection): void {
    (this.map.getSource(source) as GeoJSONSource | undefined)?.setData(data);
  }

  /** What never changes while a theme lasts. */
  private furnish(): void {
    addSymbols(this.map);
    this.furnished = true;
    const { world } = this;
    this.set("lands", points(world.territories.filter((t) => t.kind === "state").map((t) => point(t.lon, t.lat, { id: t.id, name: t.name, rank: t.rank }))));
    this.set("seas", points(world.seas.map((x) => point(x.lon, x.lat, { name: x.name }))));
    const rank: Record<string, number> = { city: 0, port: 1, terminal: 2, border: 3, gauge_change: 4, strait: 5 };
    this.set("names", points(world.nodes.filter((n) => n.type in rank).map((n) => point(n.lon, n.lat, { id: n.id, name: n.name, local: n.local, sort: rank[n.type] ?? 9 }))));
    this.set("disputed", points(world.disputed.flatMap((d) => [
      point(d.lon, d.lat, { id: d.id }),
      ...(d.outline.length > 1 ? [{ type: "Feature" as const, properties: { id: d.id }, geometry: { type: "LineString" as const, coordinates: d.outline } }] : []),
    ])));
  }

  /** Links that an order adds join the others, once. */
  private take(added: Link[]): void {
    const key = added.map((l) => l.id).join(" ");
    if (key === this.added) return;
    this.added = key;
    this.links = [...this.world.links, ...added];
    this.set("links", lineFeatures(this.links, offsets(this.links)));
  }

  private tonnes(flows: Flows | null, id: string): number {
    const pair = flows?.links[id];
    return pair ? pair[0] + pair[1] : 0;
  }

  private crossings(shown: Shown): GeoJSON.Feature[] {
    const kinds = new Map(this.world.territories.map((t) => [t.id, t.kind]));
    const at = new Map<string, { regimes: Set<string>; border: boolean; t: number }>();
    for (const c of this.world.crossings) {
      const regime = shown.answer?.crossings[c.id] ?? stateOn(c.history, shown.day);
      if (!regime || c.mode.endsWith("pipeline")) continue;
      const border = kinds.get(c.from) === "state" && kinds.get(c.to) === "state";
      const here = at.get(c.node) ?? { regimes: new Set<string>(), border: false, t: 0 };
      here.regimes.add(regime);
      here.border ||= border;
      here.t += shown.flows?.crossings[c.id] ?? 0;
      at.set(c.node, here);
    }
    return [...at].flatMap(([node, { regimes, border, t }]) => {
      const place = this.place.get(node);
      if (!place) return [];
      const [first] = regimes;
      const shape = regimes.size === 1 ? shapeOf(first ?? "normal") : "mixed";
      return [point(place.lon, place.lat, { id: node, shape, border, sort: -t })];
    });
  }

  /** Rings about what is loaded to its capacity or above. */
  private stress(answer: Answer | null): GeoJSON.Feature[] {
    if (!answer) return [];
    const links = new Map(this.links.map((l) => [l.id, l]));
    const nodes = new Map(this.world.crossings.map((c) => [c.id, c.node]));
    return answer.bottlenecks.flatMap((row) => {
      const share = num(row["load_share_new"]);
      if (share < 0.9) return [];
      const id = text(row["element_id"]);
      const link = links.get(id);
      const place = this.place.get(nodes.get(id) ?? id.split(":")[0] ?? "");
      const where = link ? middle(link.line) : place ? ([place.lon, place.lat] as Point) : null;
      return where ? [point(where[0], where[1], { id, r: 7 + 3 * Math.min(1.5, share - 0.9) })] : [];
    });
  }

  private linesOf(kind: string, id: string): Point[][] {
    const of = (wanted: (l: Link) => boolean): Point[][] => this.links.filter(wanted).map((l) => l.line);
    if (kind === "link") return of((l) => l.id === id);
    if (kind === "passage") return of((l) => l.passage === id);
    if (kind === "corridor") {
      const chain = new Set(this.world.corridors.find((c) => c.id === id)?.links);
      return of((l) => chain.has(l.id));
    }
    return [];
  }

  /** What is under the pointer, nearest kind first. */
  private at(event: MapMouseEvent): string {
    const { x, y } = event.point;
    const box = (r: number): [[number, number], [number, number]] => [[x - r, y - r], [x + r, y + r]];
    const layers = (wanted: string[]): string[] => wanted.filter((l) => this.map.getLayer(l));
    const find = (names: string[], r: number) => this.map.queryRenderedFeatures(box(r), { layers: layers(names) })[0];
    const crossing = find(["crossings", "ports"], 5);
    if (crossing) return `node:${text(crossing.properties["id"])}`;
    const dispute = find(["disputed-signs", "disputed-areas", "dispute"], 5);
    if (dispute?.layer.id !== "dispute" && dispute) return `disputed:${text(dispute.properties["id"])}`;
    const name = find(["names"], 2);
    if (name) return `node:${text(name.properties["id"])}`;
    const lines = [...Object.keys(this.world.modes).map((m) => `links-${m}`), "off-planned", "off-under_construction", "off-closed"];
    const line = this.map
      .queryRenderedFeatures(box(4), { layers: layers(lines) })
      .find((f) => f.source === "off" || num(f.state["w"]) > 0);
    if (line) return `link:${text(line.properties["id"])}`;
    const land = find(["lands"], 2);
    if (land) return `territory:${text(land.properties["id"])}`;
    return dispute ? "disputed:" : "";
  }
}

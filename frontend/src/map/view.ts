/** The map itself: made once, then told what to show. */
import { AttributionControl, Map as GlMap, NavigationControl, prewarm, ScaleControl, setWorkerUrl } from "maplibre-gl";
import type { GeoJSONSource, MapMouseEvent } from "maplibre-gl";
import { backend } from "../backend";
import { num, text } from "../format";
import type { Answer, Flows, Link, Point, Row, World } from "../types";
import { lineFeatures, linkStates, middle, offsets, passable, stateOn, widthOf } from "./lines";
import { Pulses } from "./pulse";
import { styleOf, UNTOLD_STATE, type Drawn, type Source } from "./style";
import { addSymbols, shapeOf } from "./symbols";

/** Start the map's worker, while the page still waits for what it will draw. */
export function prepare(): void {
  setWorkerUrl(backend.worker);
  prewarm();
}

export interface Shown {
  day: string;
  answer: Answer | null;
  /** Flows drawn, or the two whose difference is drawn. */
  flows: Flows | null;
  before: Flows | null;
  diff: boolean;
  /** Bottlenecks to ring. */
  stress: readonly Row[];
}

type Pick = (what: string) => void;
const points = (features: GeoJSON.Feature[]): GeoJSON.FeatureCollection => ({ type: "FeatureCollection", features });
const point = (lon: number, lat: number, properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature => ({
  type: "Feature", properties, geometry: { type: "Point", coordinates: [lon, lat] },
});
const line = (coordinates: Point[], properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature => ({
  type: "Feature", properties, geometry: { type: "LineString", coordinates },
});

/** A change smaller than this share of the greatest is not drawn. */
const FELT = 0.002;
const UNTOLD = `${UNTOLD_STATE.w} 0 `;
/** What the names of places give way to, most wanted first. */
const RANK: Record<string, number> = { city: 0, port: 1, terminal: 2, border: 3, gauge_change: 4, strait: 5 };

export class MapView {
  readonly map: GlMap;
  /** Resolves when the first picture stands. */
  readonly ready: Promise<void>;
  private links: Link[];
  private added = "";
  private readonly pulses: Pulses | undefined;
  private states = new Map<string, string>();
  /** What was last told of each link, so that only changes are told. */
  private told: string[] = [];
  private paint: { w: number; sign: number; off: string }[] = [];
  /** Where a ring can be, by the element it is about; and how wide each is now. */
  private readonly spot = new Map<string, number>();
  private rings = new Map<number, number>();
  private ringed = new Map<number, number>();
  private readonly place: Map<string, { lon: number; lat: number }>;
  private readonly drawn: Drawn;
  private lines: Point[][] = [];
  private picked: GeoJSON.Feature[] = [];
  private readonly keys = new Map<Source, string>();
  private standing = false;

  constructor(
    private readonly world: World,
    camera: [number, number, number],
    private shown: Shown,
    pick: Pick,
    hover: (what: string, x: number, y: number) => void,
  ) {
    this.links = world.links;
    this.place = new Map(world.nodes.map((n) => [n.id, n]));
    this.drawn = { links: lineFeatures(this.links, offsets(this.links)), over: points([]), stress: points(this.spots()), signs: points([]), known: this.known() };
    this.show(shown);
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
      validateStyle: false,
      // until all is there, what comes tile by tile is drawn on a stamp: a whole picture each time costs more than all the rest
      pixelRatio: 0.02,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new AttributionControl({ compact: true, customAttribution: "Ground: Natural Earth. Borders as Natural Earth's many points of view agree; others broken." }), "bottom-left");
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new ScaleControl({ maxWidth: 90 }), "bottom-left");
    this.pulses = new Pulses(this.map, document.getElementById("pulses") as HTMLCanvasElement);
    this.map.once("style.load", () => {
      addSymbols(this.map);
      this.standing = true;
      this.tell();
    });
    this.ready = new Promise((done) => {
      this.map.once("load", () => {
        // the words on the ground stay one click away, so that they cover nothing
        document.querySelector(".maplibregl-ctrl-attrib")?.classList.remove("maplibregl-compact-show");
        document.querySelector(".maplibregl-ctrl-attrib")?.removeAttribute("open");
        this.map.setPixelRatio(window.devicePixelRatio);
        this.map.once("render", () => done());
        this.map.triggerRepaint();
      });
    });
    this.map.on("click", (event) => pick(this.at(event)));
    let under: MapMouseEvent | null = null;
    this.map.on("mousemove", (event) => {
      // one look a frame, however often the pointer is told of
      if (!under) requestAnimationFrame(() => {
        if (under) hover(this.at(under), under.point.x, under.point.y);
        under = null;
      });
      under = event;
    });
    this.map.on("mouseout", () => {
      under = null;
      hover("", 0, 0);
    });
  }

  /** Take the colours of another theme: the picture stays, its paint changes. */
  redress(): void {
    if (!this.standing) {
      this.map.once("style.load", () => this.redress());
      return;
    }
    addSymbols(this.map);
    for (const layer of this.style().layers) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        this.map.setPaintProperty(layer.id, name as never, value as never, { validate: false });
      }
    }
  }

  /** Stop or resume what moves on the map. */
  hold(held: boolean): void {
    this.pulses?.hold(held);
  }

  /** Resolves when what was told last is on the screen. */
  painted(): Promise<void> {
    return new Promise((done) => {
      this.map.once("idle", () => done());
      this.map.triggerRepaint();
    });
  }

  /** Draw flows and states. */
  show(shown: Shown): void {
    this.shown = shown;
    this.take(shown.answer?.added_links ?? []);
    this.states = linkStates(this.world, shown.day, shown.answer);
    const change = this.links.map((l) => this.tonnes(shown.flows, l.id) - this.tonnes(shown.before, l.id));
    const top = shown.diff
      ? Math.max(1, ...change.map(Math.abs))
      : Math.max(1, ...this.links.filter((l) => l.mode !== "sea").map((l) => this.tonnes(shown.flows, l.id)));
    this.paint = this.links.map((link, id) => {
      const status = this.states.get(link.id) ?? "";
      const open = passable(status);
      const t = this.tonnes(shown.flows, link.id);
      const delta = change[id] ?? 0;
      const felt = Math.abs(delta) > FELT * top;
      const w = shown.diff
        ? felt ? widthOf(Math.abs(delta), top) : t > 0 || open ? UNTOLD_STATE.w : 0
        : t > 0 ? widthOf(t, top) : open ? UNTOLD_STATE.w : 0;
      const off = !status || open ? "" : status === "destroyed" ? "closed" : status;
      return { w, sign: shown.diff ? (felt ? Math.sign(delta) : 9) : 0, off };
    });
    this.rings = this.stress(shown.stress);
    this.tell();
    this.set("signs", this.crossings(shown));
    this.pulses?.show(this.links, shown.diff ? null : shown.flows);
  }

  /** State of a link on the day shown. */
  stateOf(id: string): string {
    return this.states.get(id) ?? "";
  }

  /** What is drawn now. */
  current(): Shown {
    return this.shown;
  }

  /** Every link drawn, those an order adds among them. */
  all(): readonly Link[] {
    return this.links;
  }

  /** Draw a route over the rest; none if there are no lines. */
  route(lines: Point[][]): void {
    this.lines = lines;
    this.over();
  }

  /** Mark what is picked. */
  pick(what: string): void {
    const [kind, ...rest] = what.split(":");
    const id = rest.join(":");
    const node = kind === "node" ? this.place.get(id) : undefined;
    this.picked = [
      ...this.linesOf(kind ?? "", id).map((coordinates) => line(coordinates, { kind: "picked" })),
      ...(node ? [point(node.lon, node.lat, { kind: "picked" })] : []),
    ];
    this.over();
  }

  private over(): void {
    this.set("over", [...this.lines.map((coordinates) => line(coordinates, { kind: "route" })), ...this.picked]);
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
    return styleOf(this.world.modes, backend.surface, this.drawn);
  }

  /** Give a source what it draws, unless it draws that already: links and places do not move. */
  private set(source: Source, features: GeoJSON.Feature[]): void {
    const key = JSON.stringify(features.map((f) => f.properties));
    if (source !== "over" && this.keys.get(source) === key) return;
    if (!features.length && !this.drawn[source].features.length) return;
    this.keys.set(source, key);
    this.drawn[source] = points(features);
    if (this.standing) void (this.map.getSource(source) as GeoJSONSource | undefined)?.setData(this.drawn[source]);
  }

  /** Points a ring may be drawn about: links at their middle, places of crossings and terminals. */
  private spots(): GeoJSON.Feature[] {
    this.spot.clear();
    const at = (name: string, [lon, lat]: Point): GeoJSON.Feature => {
      this.spot.set(name, this.spot.size);
      return { ...point(lon, lat, { id: name }), id: this.spot.size - 1 };
    };
    return [
      ...this.world.nodes.map((n) => at(n.id, [n.lon, n.lat])),
      ...this.links.map((l) => at(l.id, middle(l.line))),
    ];
  }

  /** Tell the map of the links whose width or colour changed. */
  private tell(): void {
    if (!this.standing) return;
    this.paint.forEach((state, id) => {
      const key = `${state.w} ${state.sign} ${state.off}`;
      if ((this.told[id] ?? UNTOLD) === key) return;
      this.told[id] = key;
      this.map.setFeatureState({ source: "links", id }, state);
    });
    for (const id of new Set([...this.rings.keys(), ...this.ringed.keys()])) {
      const r = this.rings.get(id) ?? 0;
      if (r !== (this.ringed.get(id) ?? 0)) this.map.setFeatureState({ source: "stress", id }, { r });
    }
    this.ringed = this.rings;
  }

  /** What never changes: names of lands, seas and places, and what is disputed. */
  private known(): GeoJSON.FeatureCollection {
    const { world } = this;
    return points([
      ...world.territories.filter((t) => t.kind === "state").map((t) => point(t.lon, t.lat, { kind: "land", id: t.id, name: t.name, rank: t.rank })),
      ...world.seas.map((x) => point(x.lon, x.lat, { kind: "sea", name: x.name })),
      ...world.nodes.filter((n) => n.type in RANK).map((n) => point(n.lon, n.lat, { kind: "place", id: n.id, name: n.name, local: n.local, sort: RANK[n.type] ?? 9 })),
      ...world.disputed.flatMap((d) => [
        point(d.lon, d.lat, { kind: "disputed", id: d.id }),
        ...(d.outline.length > 1 ? [line(d.outline, { kind: "disputed", id: d.id })] : []),
      ]),
    ]);
  }

  /** Links that an order adds join the others, once. */
  private take(added: Link[]): void {
    const key = added.map((l) => l.id).join(" ");
    if (key === this.added) return;
    this.added = key;
    this.links = [...this.world.links, ...added];
    this.set("links", lineFeatures(this.links, offsets(this.links)).features);
    this.set("stress", this.spots());
  }

  private tonnes(flows: Flows | null, id: string): number {
    const pair = flows?.links[id];
    return pair ? pair[0] + pair[1] : 0;
  }

  /** Signs of crossings, those of least ado first: what lies over another is the rarer. */
  private crossings(shown: Shown): GeoJSON.Feature[] {
    const kinds = new Map(this.world.territories.map((t) => [t.id, t.kind]));
    const at = new Map<string, { regimes: Set<string>; border: boolean }>();
    for (const c of this.world.crossings) {
      const regime = shown.answer?.crossings[c.id] ?? stateOn(c.history, shown.day);
      if (!regime || c.mode.endsWith("pipeline")) continue;
      const border = kinds.get(c.from) === "state" && kinds.get(c.to) === "state";
      const here = at.get(c.node) ?? { regimes: new Set<string>(), border: false };
      here.regimes.add(regime);
      here.border ||= border;
      at.set(c.node, here);
    }
    const found = [...at].flatMap(([node, { regimes, border }]) => {
      const place = this.place.get(node);
      const [first] = regimes;
      const shape = regimes.size === 1 ? shapeOf(first ?? "normal") : "mixed";
      return place ? [point(place.lon, place.lat, { id: node, shape, border })] : [];
    });
    const rank = (f: GeoJSON.Feature): number => ["normal", "customs_union", "other", "facilitated", "sealed_transit", "unimpeded", "mixed", "closed"].indexOf(text(f.properties?.["shape"]));
    return found.sort((a, b) => rank(a) - rank(b));
  }

  /** Rings about what is loaded to its capacity or above: their radius by the spot. [px] */
  private stress(rows: readonly Row[]): Map<number, number> {
    const nodes = new Map(this.world.crossings.map((c) => [c.id, c.node]));
    const found = new Map<number, number>();
    for (const row of rows) {
      const share = num(row["load_share_new"]);
      const id = text(row["element_id"]);
      const spot = this.spot.get(id) ?? this.spot.get(nodes.get(id) ?? id.split(":")[0] ?? "");
      if (share >= 0.9 && spot !== undefined) found.set(spot, Math.round(7 + 3 * Math.min(1.5, share - 0.9)));
    }
    return found;
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
    const sign = find(["disputed-signs"], 5);
    if (sign) return `disputed:${text(sign.properties["id"])}`;
    const name = find(["names"], 2);
    if (name) return `node:${text(name.properties["id"])}`;
    const link = this.map
      .queryRenderedFeatures(box(4), { layers: layers(["links-solid", "links-broken", "links-pipes"]) })
      .find((f) => num(f.state["w"] ?? UNTOLD_STATE.w) > 0 || f.state["off"]);
    if (link) return `link:${text(link.properties["id"])}`;
    const land = find(["lands"], 2);
    if (land) return `territory:${text(land.properties["id"])}`;
    const area = find(["disputed-areas", "dispute"], 5);
    return area ? `disputed:${text(area.properties["id"])}` : "";
  }
}

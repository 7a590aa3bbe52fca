/** The whole state of the page: one value, kept in the URL, with undo and redo. */
import type { Asked, Edit } from "./types";

export type Tab = "order" | "route" | "country" | "claims" | "data";
export type View = "new" | "base" | "diff";
export type Theme = "auto" | "light" | "dark";
export interface RouteAsked { from: string; to: string; goods: string }
export interface State {
  order: string;
  /** A second order to set beside the first. */
  versus: string;
  /** Day of the network; empty is the order's own. */
  date: string;
  edits: Edit[];
  view: View;
  tab: Tab;
  /** What was clicked: `link:<id>`, `node:<id>`, `corridor:<id>`, `territory:<id>`, `passage:<id>`. */
  pick: string;
  route: RouteAsked | null;
  country: string;
  claim: string;
  /** What the data page shows. */
  row: string;
  /** lon, lat, zoom. */
  camera: [number, number, number];
  theme: Theme;
}

export const START: State = {
  order: "baseline", versus: "", date: "", edits: [], view: "new", tab: "order", pick: "", route: null,
  country: "", claim: "", row: "", camera: [46.5, 40, 4.2], theme: "auto",
};

const TABS: readonly Tab[] = ["order", "route", "country", "claims", "data"];
const VIEWS: readonly View[] = ["new", "base", "diff"];
const THEMES: readonly Theme[] = ["auto", "light", "dark"];
const VERBS: readonly Edit["verb"][] = ["open", "close", "set"];
const NOUNS: readonly Edit["noun"][] = ["link", "crossing", "terminal", "passage", "corridor", "territory"];

const one = <T extends string>(known: readonly T[], text: string | null, other: T): T =>
  known.find((k) => k === text) ?? other;

/** Marks that part the pieces of a list are written as numbers inside a piece. */
const safe = (text: string): string =>
  encodeURIComponent(text).replace(/[.~]/g, (mark) => (mark === "." ? "%2E" : "%7E"));

const writeEdit = (e: Edit): string =>
  [e.verb, e.noun, safe(e.id), ...(e.regime ? [e.regime] : [])].join(".");

function readEdit(text: string): Edit | null {
  const [verb, noun, id, regime] = text.split(".");
  const v = VERBS.find((k) => k === verb);
  const n = NOUNS.find((k) => k === noun);
  if (!v || !n || !id) return null;
  return { verb: v, noun: n, id: decodeURIComponent(id), ...(regime ? { regime } : {}) };
}

/** Write what differs from the start; the result is the part of a URL after `#`. */
export function toHash(s: State): string {
  const p = new URLSearchParams();
  const put = (key: string, value: string, usual: string): void => {
    if (value !== usual) p.set(key, value);
  };
  put("o", s.order, START.order);
  put("v", s.versus, "");
  put("d", s.date, "");
  put("e", s.edits.map(writeEdit).join("~"), "");
  put("m", s.view, START.view);
  put("t", s.tab, START.tab);
  put("s", s.pick, "");
  put("r", s.route ? [s.route.from, s.route.to, s.route.goods].map(safe).join("~") : "", "");
  put("c", s.country, "");
  put("k", s.claim, "");
  put("i", s.row, "");
  put("z", s.camera.map((x, i) => x.toFixed(i < 2 ? 3 : 2)).join(","), START.camera.map((x, i) => x.toFixed(i < 2 ? 3 : 2)).join(","));
  put("th", s.theme, START.theme);
  return p.toString();
}

/** Read a hash; what makes no sense is left at its start value. */
export function fromHash(hash: string): State {
  const p = new URLSearchParams(hash.replace(/^#/, ""));
  const edits = (p.get("e") ?? "").split("~").map(readEdit).filter((e): e is Edit => e !== null);
  const [from, to, goods] = (p.get("r") ?? "").split("~").map(decodeURIComponent);
  const camera = (p.get("z") ?? "").split(",").map(Number);
  const [lon, lat, zoom] = camera;
  const placed = lon !== undefined && lat !== undefined && zoom !== undefined && camera.every(Number.isFinite);
  const date = p.get("d") ?? "";
  return {
    order: p.get("o") ?? START.order,
    versus: p.get("v") ?? "",
    date: /^\d{4}-\d{2}-\d{2}$/.test(date) ? date : "",
    edits,
    view: one(VIEWS, p.get("m"), START.view),
    tab: one(TABS, p.get("t"), START.tab),
    pick: p.get("s") ?? "",
    route: from && to ? { from, to, goods: goods || "container" } : null,
    country: p.get("c") ?? "",
    claim: p.get("k") ?? "",
    row: p.get("i") ?? "",
    camera: placed ? [lon, lat, zoom] : [...START.camera],
    theme: one(THEMES, p.get("th"), START.theme),
  };
}

/** What the server is asked to solve for the first order. */
export const asked = (s: State): Asked => ({ order: s.order, date: s.date || null, edits: s.edits });
/** And for the second; changes by hand belong to the first alone. */
export const askedVersus = (s: State): Asked => ({ order: s.versus, date: s.date || null, edits: [] });
export const keyOf = (a: Asked): string => JSON.stringify([a.order, a.date, a.edits]);

/** Add an edit; a later one of the same element replaces the earlier. */
export function withEdit(edits: readonly Edit[], edit: Edit): Edit[] {
  return [...edits.filter((e) => e.noun !== edit.noun || e.id !== edit.id), edit];
}

type Listener = (now: State, before: State) => void;

/** Holds the state and its past; camera and theme are no steps of it. */
export class Store {
  private past: State[] = [];
  private future: State[] = [];
  private listeners: Listener[] = [];
  constructor(public now: State) {}

  on(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** Change the state; a step can be undone. */
  set(change: Partial<State>): void {
    const next = { ...this.now, ...change };
    if (toHash(next) === toHash(this.now)) return;
    if (Object.keys(change).some((k) => k !== "camera" && k !== "theme")) {
      this.past.push(this.now);
      if (this.past.length > 200) this.past.shift();
      this.future = [];
    }
    this.go(next);
  }

  undo(): boolean {
    return this.step(this.past, this.future);
  }

  redo(): boolean {
    return this.step(this.future, this.past);
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** Take a state from outside, as when the URL was edited. */
  replace(next: State): void {
    this.go(next);
  }

  private step(from: State[], to: State[]): boolean {
    const next = from.pop();
    if (!next) return false;
    to.push(this.now);
    this.go({ ...next, camera: this.now.camera, theme: this.now.theme });
    return true;
  }

  private go(next: State): void {
    const before = this.now;
    this.now = next;
    for (const listener of this.listeners) listener(next, before);
  }
}

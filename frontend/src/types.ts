/** What the server says; the same names as in `isthmus.web.schemas`. */

/** [state, from, to, cause]; dates are ISO text, empty is without bound. */
export type Spell = [string, string, string, string];
export type Point = [number, number];
export type Row = Record<string, string | number | boolean | null>;

export interface Territory { id: string; name: string; kind: string; lon: number; lat: number; rank: number }
export interface Node {
  id: string; name: string; local: string; names: Record<string, string>; aliases: string;
  type: string; territory: string; lon: number; lat: number;
}
export interface Link {
  id: string; name: string; mode: string; from: string; to: string; territory: string; control: string;
  passage: string; km: number | null; capacity: number | null; source: string; confidence: string;
  line: Point[]; history: Spell[];
}
export interface Crossing {
  id: string; name: string; node: string; mode: string; from: string; to: string; history: Spell[];
}
export interface Regime { id: string; name: string; definition: string; open: boolean }
export interface Mode { label: string; colour: string; dash: number[] }
export interface Corridor { id: string; name: string; proponent: string; links: string[] }
export interface Order {
  id: string; name: string; status: string; proponent: string; base: string; description: string;
  source: string; elements: string[];
}
export interface Cause { id: string; date: string; name: string; kind: string; effect: string }
export interface Disputed {
  id: string; name: string; un_usage: string; positions: string; lon: number; lat: number;
  outline: Point[]; source: string;
}
export interface ClaimRow {
  id: string; by: string; place: string; said: string; kind: string; record: string;
  cannot_say: string; source: string; record_source: string; tested: boolean;
}
export interface World {
  meta: {
    version: string; facts_digest: string; first_year: number; last_year: number; base_date: string;
    rows: number; tables: Record<string, number>;
  };
  territories: Territory[];
  seas: { name: string; lon: number; lat: number }[];
  nodes: Node[];
  links: Link[];
  crossings: Crossing[];
  regimes: Regime[];
  statuses: Record<string, string>;
  modes: Record<string, Mode>;
  corridors: Corridor[];
  passages: { id: string; name: string; note: string }[];
  commodities: { id: string; name: string }[];
  orders: Order[];
  causes: Cause[];
  disputed: Disputed[];
  claims: ClaimRow[];
}

export interface Flows { links: Record<string, [number, number]>; crossings: Record<string, number> }
export interface Answer {
  scenario: { id: string; name: string; status: string; proponent: string; base: string; description: string };
  compared: boolean;
  date: string;
  demand_year: number;
  changes: string[];
  totals: Record<string, number>;
  base: Flows;
  new: Flows | null;
  links: Record<string, string>;
  crossings: Record<string, string>;
  closed_territories: string[];
  added_links: Link[];
  territories: Row[];
  corridors: Row[];
  bottlenecks: Row[];
  exposure: Row[];
  unserved: Row[];
  limits: string[];
  manifest: Record<string, unknown>;
}

export interface Edit {
  verb: "open" | "close" | "set";
  noun: "link" | "crossing" | "terminal" | "passage" | "corridor" | "territory";
  id: string;
  regime?: string;
}
/** What is solved. */
export interface Asked { order: string; date: string | null; edits: Edit[] }

export interface Leg {
  leg: number; what: string; kind: string; mode: string; from: string; to: string; territories: string;
  length_km: number; hours: number; money_usd_t: number; co2_kg_t: number; element_id: string;
}
export interface RouteFound {
  route: number; usd_t: number; money_usd_t: number; money_usd_feu: number | null; hours_p50: number;
  hours_p90: number; co2_kg_t: number; length_km: number; modes: string; territories: string; seas: string;
  crossings: string; exposure: string; legs: Leg[]; exposures: Row[];
}
export interface Routes {
  origin: { id: string; name: string };
  destination: { id: string; name: string };
  commodity: string;
  date: string;
  routes: RouteFound[];
}
export interface Country {
  id: string; name: string; totals: Row;
  over: { id: string; name: string; base: number; new: number; change: number }[];
  through: { id: string; name: string; base: number; new: number; change: number }[];
  crossings: Row[];
  trades: Row[];
}
export interface Matrix {
  rows: { id: string; name: string }[]; columns: { id: string; name: string }[]; now: number[][]; base: number[][];
}
export interface Power { compared: boolean; exact: boolean; total_usd_yr: number; rows: Row[] }
export interface Claim {
  claim_id: string; attributed_to: string; paraphrase: string; place: string; record: string;
  cannot_say: string; verdict: string;
  record_sources: { title: string; url: string }[];
  tests: Row[];
  flows?: Record<string, Record<string, Row[]>>;
}
export interface Day {
  date: string; counts: Row[]; unusual: Row[]; agreements: Row[]; memberships: Row[]; recent: Row[];
}

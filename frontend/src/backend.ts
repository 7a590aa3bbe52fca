/** Where answers come from: the local server, or, in a page kept as a file, what was put inside. */
import { keyOf } from "./state";
import type { Answer, Asked, Claim, Country, Day, Detail, Matrix, Power, Row, Routes, World } from "./types";

export type GeoJson = GeoJSON.FeatureCollection;
export interface RouteQuery extends Asked { origin: string; destination: string; commodity: string; k: number }

export interface Backend {
  /** Whether anything can be solved anew. */
  readonly live: boolean;
  readonly worker: string;
  /** The ground as the map's worker takes it: an address it reads itself, or the data. */
  readonly surface: string | GeoJson;
  world(): Promise<World>;
  ground(): Promise<GeoJson>;
  solve(asked: Asked, signal?: AbortSignal): Promise<Answer>;
  /** The tables behind an answer. */
  detail(asked: Asked): Promise<Detail>;
  route(query: RouteQuery): Promise<Routes>;
  country(id: string, asked: Asked): Promise<Country>;
  matrix(asked: Asked): Promise<Matrix>;
  power(asked: Asked): Promise<Power>;
  /** The finding; with its range under other assumptions, which takes many runs. */
  claim(id: string, ranged: boolean): Promise<Claim>;
  show(name: string): Promise<Record<string, Row[]>>;
  rows(table: string): Promise<Row[]>;
  day(date: string): Promise<Day>;
  scenario(asked: Asked, name: string): Promise<string>;
  data(kind: string, asked: Asked): Promise<Blob>;
  page(asked: Asked, versus: Asked | null, hash: string): Promise<Blob>;
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  let message = `${response.status} ${response.statusText}`;
  try {
    const told = (await response.json()) as { message?: string; detail?: unknown };
    message = told.message ?? JSON.stringify(told.detail);
  } catch {
    // the status says enough
  }
  throw new Error(message);
}

async function get<T>(path: string): Promise<T> {
  return (await checked(await fetch(path))).json() as Promise<T>;
}

async function post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const asked: RequestInit = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  if (signal) asked.signal = signal;
  return checked(await fetch(path, asked));
}

/** The server on this machine. */
class Live implements Backend {
  readonly live = true;
  readonly worker = new URL("/static/maplibre-gl-worker.mjs", location.href).href;
  readonly surface = new URL("/api/ground", location.href).href;
  private answers = new Map<string, Promise<Answer>>();

  world = (): Promise<World> => get("/api/world");
  ground = (): Promise<GeoJson> => get("/api/ground");

  solve(asked: Asked, signal?: AbortSignal): Promise<Answer> {
    const key = keyOf(asked);
    const known = this.answers.get(key);
    if (known) return known;
    const found = post("/api/solve", asked, signal).then((r) => r.json() as Promise<Answer>);
    this.answers.set(key, found);
    found.catch(() => this.answers.delete(key));
    if (this.answers.size > 40) this.answers.delete([...this.answers.keys()][0] ?? "");
    return found;
  }

  detail = async (asked: Asked): Promise<Detail> => (await post("/api/detail", asked)).json() as Promise<Detail>;
  route = async (query: RouteQuery): Promise<Routes> => (await post("/api/route", query)).json() as Promise<Routes>;
  country = async (id: string, asked: Asked): Promise<Country> =>
    (await post(`/api/country/${encodeURIComponent(id)}`, asked)).json() as Promise<Country>;
  power = async (asked: Asked): Promise<Power> => (await post("/api/power", asked)).json() as Promise<Power>;
  matrix = async (asked: Asked): Promise<Matrix> => (await post("/api/matrix", asked)).json() as Promise<Matrix>;
  claim = (id: string, ranged: boolean): Promise<Claim> => get(`/api/claims/${encodeURIComponent(id)}?ranged=${ranged}`);
  show = (name: string): Promise<Record<string, Row[]>> => get(`/api/show/${encodeURIComponent(name)}`);
  rows = (table: string): Promise<Row[]> => get(`/api/list/${encodeURIComponent(table)}`);
  day = (date: string): Promise<Day> => get(`/api/history/${date}`);
  scenario = async (asked: Asked, name: string): Promise<string> =>
    (await post("/api/scenario", { ...asked, name })).text();
  data = async (kind: string, asked: Asked): Promise<Blob> => (await post(`/api/export/${kind}`, asked)).blob();
  page = async (asked: Asked, versus: Asked | null, hash: string): Promise<Blob> =>
    (await post("/api/page", { state: asked, versus, hash })).blob();
}

export interface Kept {
  world: World;
  ground: GeoJson;
  answers: { state: Asked; answer: Answer; detail: Detail }[];
  hash: string;
}

/** A page kept as a file: it shows what was solved when it was made. */
class Still implements Backend {
  readonly live = false;
  readonly surface: GeoJson;
  constructor(private readonly kept: Kept, readonly worker: string) {
    this.surface = kept.ground;
  }
  private static no(what: string): Promise<never> {
    return Promise.reject(new Error(`${what} needs the server: this page is a copy kept as a file. Run \`isthmus map\`.`));
  }
  world = (): Promise<World> => Promise.resolve(this.kept.world);
  ground = (): Promise<GeoJson> => Promise.resolve(this.kept.ground);
  solve = (asked: Asked): Promise<Answer> => {
    const found = this.kept.answers.find((a) => keyOf(a.state) === keyOf(asked));
    return found ? Promise.resolve(found.answer) : Still.no("To solve this");
  };
  detail = (asked: Asked): Promise<Detail> => {
    const found = this.kept.answers.find((a) => keyOf(a.state) === keyOf(asked));
    return found ? Promise.resolve(found.detail) : Still.no("To solve this");
  };
  route = (): Promise<Routes> => Still.no("A route");
  country = (): Promise<Country> => Still.no("A country's page");
  power = (): Promise<Power> => Still.no("The transit game");
  matrix = (): Promise<Matrix> => Still.no("The matrix");
  claim = (): Promise<Claim> => Still.no("To test a claim");
  show = (): Promise<Record<string, Row[]>> => Still.no("The data page");
  rows = (): Promise<Row[]> => Still.no("The data page");
  day = (): Promise<Day> => Still.no("The history of a day");
  scenario = (): Promise<string> => Still.no("To save a scenario");
  data = (): Promise<Blob> => Still.no("To export data");
  page = (): Promise<Blob> => Still.no("To keep a page");
}

declare global {
  // eslint-disable-next-line no-var
  var isthmus: { data: Kept; worker: string } | undefined;
}

export const keptHash = (): string => globalThis.isthmus?.data.hash ?? "";
export const backend: Backend = globalThis.isthmus ? new Still(globalThis.isthmus.data, globalThis.isthmus.worker) : new Live();

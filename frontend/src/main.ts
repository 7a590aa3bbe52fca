/** The page: reads the world, holds the state, draws what changes. */
import { backend, keptHash } from "./backend";
import { indexOf, type Context, type Solved } from "./context";
import { at, h, show, tell } from "./dom";
import { compact } from "./format";
import { helpDialog, listen } from "./keys";
import { legend } from "./legend";
import { MapView, prepare, type Shown } from "./map/view";
import { claimsPanel } from "./panels/claims";
import { countryPanel } from "./panels/country";
import { dataPanel } from "./panels/data";
import { orderPanel } from "./panels/order";
import { redrawRoute, routePanel } from "./panels/flows";
import { likely, pickPanel } from "./panels/pick";
import { printing } from "./print";
import { searchBox } from "./search";
import { shareDialog } from "./share";
import { asked, askedVersus, fromHash, keyOf, Store, toHash, type State, type Tab, type Theme } from "./state";
import { dress, onSystemTheme } from "./theme";
import { timeline } from "./timeline";

const TABS: [Tab, string][] = [["order", "Orders"], ["route", "Route"], ["country", "Country"], ["claims", "Claims"], ["data", "Data"]];
const NEXT_THEME: Record<Theme, Theme> = { auto: "dark", dark: "light", light: "auto" };

async function begin(): Promise<void> {
  const store = new Store(fromHash(location.hash || keptHash()));
  dress(store.now.theme);
  prepare();
  const world = await backend.world();
  const solved: Solved = { first: null, second: null, detail: null, solving: false, fault: "" };
  const index = indexOf(world);
  const day = (): string => store.now.date || (index.orders.get(store.now.order)?.base ?? world.meta.base_date);
  const view = new MapView(world, store.now.camera, { day: day(), answer: null, flows: null, before: null, diff: false, stress: [] }, (what) => store.set({ pick: what }), hover);
  const c: Context = { world, index, store, view, solved, day };
  let legendOpen = window.innerWidth > 900;
  let moving = false;

  function hover(what: string, x: number, y: number): void {
    const tip = at("hover");
    view.map.getCanvas().style.cursor = what ? "pointer" : "";
    const said = what ? hoverText(c, what) : "";
    tip.hidden = !said;
    if (!said) return;
    tip.textContent = said;
    tip.style.left = `${Math.min(x + 14, view.map.getContainer().clientWidth - 230)}px`;
    tip.style.top = `${y + 14}px`;
  }

  const drawBar = (): void => {
    show(at("bar"),
      h("h1", {}, "Isthmus"),
      searchBox(c),
      h("div", { class: "tools" },
        tool("undo", "Undo", "↶", () => store.undo(), !store.canUndo),
        tool("redo", "Redo", "↷", () => store.redo(), !store.canRedo),
        tool("theme", `Theme: ${store.now.theme}`, store.now.theme === "dark" ? "☾" : store.now.theme === "light" ? "☀" : "◐", theme),
        tool("share", "Share", "⇪", () => shareDialog(c)),
        tool("help", "Keys and notes", "?", helpDialog),
      ));
  };

  const drawPanel = (): void => {
    const { now } = store;
    const body = { order: () => orderPanel(c), route: () => routePanel(c, drawPanel), country: () => countryPanel(c, drawPanel), claims: () => claimsPanel(c, drawPanel), data: () => dataPanel(c, drawPanel) }[now.tab]();
    show(at("panel"),
      h("div", { class: "tabs", role: "tablist", "aria-label": "Pages" }, TABS.map(([tab, label]) =>
        h("button", { role: "tab", id: `tab-${tab}`, "data-k": `tab-${tab}`, "aria-selected": now.tab === tab ? "true" : "false", "aria-controls": "page", tabindex: now.tab === tab ? "0" : "-1", onclick: () => store.set({ tab }), onkeydown: tabKey }, label))),
      now.pick ? pickPanel(c) : null,
      h("div", { id: "page", class: "page", role: "tabpanel", "aria-labelledby": `tab-${now.tab}` }, h("h2", { class: "unseen" }, TABS.find(([tab]) => tab === now.tab)?.[1]), body),
    );
  };

  const tabKey = (event: Event): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[(event as KeyboardEvent).key];
    if (!step) return;
    const i = TABS.findIndex(([tab]) => tab === store.now.tab);
    const next = TABS[(i + step + TABS.length) % TABS.length];
    if (!next) return;
    store.set({ tab: next[0] });
    at(`tab-${next[0]}`).focus();
  };

  const theme = (): void => {
    store.set({ theme: NEXT_THEME[store.now.theme] });
    tell(`Theme: ${store.now.theme}`);
  };

  const shown = (): Shown => {
    const { first, second } = solved;
    const { now } = store;
    const stress = solved.detail?.bottlenecks ?? [];
    const own = first ? (first.new ?? first.base) : null;
    const other = now.versus && second ? (second.new ?? second.base) : (first?.base ?? null);
    const compares = Boolean(now.versus ? second : first?.compared);
    if (now.view === "diff" && compares) return { day: day(), answer: first, flows: own, before: other, diff: true, stress };
    if (now.view === "base" && compares) return { day: day(), answer: now.versus ? second : null, flows: other, before: null, diff: false, stress };
    return { day: day(), answer: first, flows: own, before: null, diff: false, stress };
  };

  const drawMap = (): void => {
    view.show(shown());
    legend(c, at("legend"), legendOpen, (open) => (legendOpen = open));
  };

  const redress = (): void => {
    view.redress();
    legend(c, at("legend"), legendOpen, (open) => (legendOpen = open));
  };

  const drawTime = (): void => {
    timeline(c, at("time"), (preview) => view.show({ day: preview, answer: null, flows: null, before: null, diff: false, stress: [] }));
  };

  /** What may come after the map: tables and rings, once the state has rested. */
  const tables = (wanted: ReturnType<typeof asked>, key: string): void => {
    window.setTimeout(() => {
      if (key !== currentKey()) return;
      backend.detail(wanted).then((detail) => {
        if (key !== currentKey()) return;
        solved.detail = detail;
        drawMap();
        drawPanel();
      }, (problem: Error) => tell(problem.message, "fault"));
    }, 200);
  };
  const currentKey = (): string => keyOf(asked(store.now)) + (store.now.versus ? keyOf(askedVersus(store.now)) : "");

  const solve = async (): Promise<void> => {
    const wanted = asked(store.now);
    const other = store.now.versus ? askedVersus(store.now) : null;
    const key = keyOf(wanted) + (other ? keyOf(other) : "");
    solved.solving = true;
    solved.fault = "";
    document.body.dataset["solving"] = "yes";
    view.hold(true);
    const begun = performance.now();
    let answered = begun;
    try {
      const [first, second] = await Promise.all([backend.solve(wanted), other ? backend.solve(other) : Promise.resolve(null)]);
      if (key !== currentKey()) return;
      answered = performance.now();
      Object.assign(solved, { first, second, detail: null });
      tables(wanted, key);
    } catch (problem) {
      Object.assign(solved, { first: null, second: null, detail: null, fault: problem instanceof Error ? problem.message : String(problem) });
      tell(solved.fault, "fault");
    }
    solved.solving = false;
    drawMap();
    drawPanel();
    document.body.dataset["solving"] = "no";
    const told = performance.now();
    await view.painted();
    view.hold(false);
    performance.measure("solve-and-draw", { start: begun, end: performance.now(), detail: { answered, told } });
  };

  /** Solve what the first button of what is picked would ask for, while it is being read. */
  const foresee = (): void => {
    const { pick } = store.now;
    window.setTimeout(() => {
      const edits = backend.live && pick === store.now.pick && !solved.solving ? likely(c) : null;
      if (!edits) return;
      view.hold(true);
      const done = (): void => view.hold(solved.solving);
      backend.solve(asked({ ...store.now, edits })).then(done, done);
    }, 30);
  };

  store.on((now: State, before: State) => {
    history.replaceState(null, "", `#${toHash(now)}`);
    if (now.theme !== before.theme) {
      dress(now.theme);
      redress();
    }
    const differs = (...keys: (keyof State)[]): boolean => keys.some((k) => JSON.stringify(now[k]) !== JSON.stringify(before[k]));
    const solves = differs("order", "versus", "date", "edits");
    if (differs("theme", "order", "view", "edits", "tab", "pick", "route", "country", "claim", "row", "versus", "date")) drawBar();
    if (solves) {
      solved.fault = "";
      if (differs("order", "date")) solved.first = null;
      if (differs("order", "versus", "date")) solved.second = null;
      if (differs("order", "date")) drawMap();
      drawTime();
      void solve();
    } else if (differs("view")) drawMap();
    if (differs("pick")) {
      view.pick(now.pick);
      if (!solves) foresee();
    }
    if (differs("order", "view", "edits", "tab", "pick", "route", "country", "claim", "row", "versus", "date")) drawPanel();
    if (differs("tab", "route")) redrawRoute(c);
    if (differs("tab") && !differs("pick")) at("panel").scrollTop = 0;
  });

  view.map.on("movestart", () => (moving = true));
  view.map.on("moveend", () => {
    if (!moving) return;
    moving = false;
    const { lng, lat } = view.map.getCenter();
    store.set({ camera: [lng, lat, view.map.getZoom()] });
  });
  window.addEventListener("hashchange", () => {
    const next = fromHash(location.hash);
    if (toHash(next) === toHash(store.now)) return;
    view.map.jumpTo({ center: [next.camera[0], next.camera[1]], zoom: next.camera[2] });
    store.replace(next);
  });
  onSystemTheme(() => {
    if (store.now.theme !== "auto") return;
    dress("auto");
    redress();
  });
  printing(c);
  listen(c, { theme, share: () => shareDialog(c) });

  drawBar();
  drawPanel();
  drawTime();
  void solve();
  view.pick(store.now.pick);
  drawMap();
  await view.ready;
  document.body.dataset["ready"] = "yes";
  performance.mark("first-view");
}

function tool(id: string, label: string, sign: string, act: () => void, off = false): HTMLElement {
  return h("button", { class: "tool", id, "data-k": id, title: label, "aria-label": label, disabled: off, onclick: act }, h("span", { "aria-hidden": "true" }, sign));
}

function hoverText(c: Context, what: string): string {
  const [kind, ...rest] = what.split(":");
  const id = rest.join(":");
  if (kind === "link") {
    const link = c.view.all().find((l) => l.id === id);
    const shown = c.view.current();
    const sum = (p: [number, number] | undefined): number => (p ? p[0] + p[1] : 0);
    const now = sum(shown?.flows?.links[id]);
    const status = shown ? c.view.stateOf(id) : "";
    const tonnes = shown?.diff ? `${compact(now - sum(shown.before?.links[id]), true)} t/yr` : now ? `${compact(now)} t/yr` : "no tonnes";
    return `${link?.name ?? id}\n${c.world.modes[link?.mode ?? ""]?.label ?? ""}, ${c.world.statuses[status] ?? status}: ${tonnes}`;
  }
  if (kind === "node") {
    const node = c.index.nodes.get(id);
    return node ? [node.name, node.local].filter(Boolean).join(" · ") : "";
  }
  if (kind === "territory") return `${c.index.territories.get(id)?.name ?? id}: click for its trade`;
  if (kind === "disputed") return c.world.disputed.find((d) => d.id === id)?.name ?? "A line that is not settled: not all sides draw it here.";
  return "";
}

begin().catch((problem: unknown) => {
  const text = problem instanceof Error ? problem.message : String(problem);
  tell(`The map could not begin: ${text}`, "fault");
  throw problem;
});

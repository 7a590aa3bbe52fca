/** One box for everything that has a name: places, links, countries, orders, corridors, claims. */
import type { Context } from "./context";
import { h, show } from "./dom";
import { fold } from "./format";
import { START } from "./state";

interface Hit { label: string; kind: string; words: string; take: (c: Context) => void }

const MOST = 12;
let all: Hit[] = [];
let hits: Hit[] = [];
let chosen = 0;

function everything(c: Context): Hit[] {
  const { world } = c;
  const pick = (what: string) => (k: Context): void => {
    k.store.set({ pick: what });
    k.view.fly(what);
  };
  return [
    ...world.orders.map((o): Hit => ({ label: o.name, kind: `order, ${o.status}`, words: `${o.id} ${o.name} ${o.proponent}`, take: (k) => k.store.set({ order: o.id, versus: "", date: "", edits: [], tab: "order", view: o.id === "baseline" ? START.view : "diff" }) })),
    ...world.territories.filter((t) => t.kind === "state").map((t): Hit => ({ label: t.name, kind: "country", words: `${t.id} ${t.name}`, take: (k) => {
      k.store.set({ tab: "country", country: t.id, pick: `territory:${t.id}` });
      k.view.fly(`territory:${t.id}`);
    } })),
    ...world.passages.map((x): Hit => ({ label: x.name, kind: "passage", words: `${x.id} ${x.name}`, take: pick(`passage:${x.id}`) })),
    ...world.nodes.filter((n) => n.type !== "sea_point").map((n): Hit => ({ label: n.local ? `${n.name} · ${n.local}` : n.name, kind: n.type.replace("_", " "), words: [n.id, n.name, n.aliases, ...Object.values(n.names)].join(" "), take: pick(`node:${n.id}`) })),
    ...world.corridors.map((x): Hit => ({ label: x.name, kind: "corridor", words: `${x.id} ${x.name}`, take: pick(`corridor:${x.id}`) })),
    ...world.links.filter((l) => l.mode !== "sea").map((l): Hit => ({ label: l.name, kind: l.mode.replace("_", " "), words: `${l.id} ${l.name}`, take: pick(`link:${l.id}`) })),
    ...world.claims.map((x): Hit => ({ label: `${x.id}: ${x.said}`, kind: `claim of ${x.by}`, words: `${x.id} ${x.by} ${x.said}`, take: (k) => k.store.set({ tab: "claims", claim: x.id }) })),
  ].map((hit) => ({ ...hit, words: fold(hit.words) }));
}

export function searchBox(c: Context): HTMLElement {
  const list = h("ul", { id: "search-hits", class: "hits", role: "listbox", "aria-label": "Found", hidden: true });
  const input: HTMLInputElement = h("input", {
    type: "search", id: "search", "data-k": "search", placeholder: "Search places, orders, countries, claims", autocomplete: "off",
    role: "combobox", "aria-expanded": "false", "aria-controls": "search-hits", "aria-autocomplete": "list", "aria-label": "Search",
    oninput: () => find(),
    onkeydown: (e) => key(e as KeyboardEvent),
    onblur: () => window.setTimeout(() => close(), 150),
  });
  const close = (): void => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const take = (hit: Hit | undefined): void => {
    if (!hit) return;
    input.value = "";
    close();
    hit.take(c);
  };
  const draw = (): void => {
    show(list, hits.map((hit, i) => h("li", { id: `hit-${i}`, role: "option", "aria-selected": i === chosen ? "true" : "false", onmousedown: () => take(hit) }, h("span", { dir: "auto" }, hit.label), h("small", {}, hit.kind))));
    if (hits.length) input.setAttribute("aria-activedescendant", `hit-${chosen}`);
  };
  const find = (): void => {
    const words = fold(input.value).split(/\s+/).filter(Boolean);
    if (!all.length) all = everything(c);
    hits = words.length ? rank(all, words).slice(0, MOST) : [];
    chosen = 0;
    list.hidden = !hits.length;
    input.setAttribute("aria-expanded", String(hits.length > 0));
    draw();
  };
  const key = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && hits.length) {
      event.preventDefault();
      chosen = (chosen + step + hits.length) % hits.length;
      draw();
    } else if (event.key === "Enter") take(hits[chosen]);
    else if (event.key === "Escape") {
      input.value = "";
      close();
      input.blur();
    }
  };
  return h("div", { class: "search" }, input, list);
}

/** All words somewhere; a name that begins with them comes first. */
function rank(all: readonly Hit[], words: readonly string[]): Hit[] {
  const [first = ""] = words;
  const start = (hit: Hit): number => (fold(hit.label).startsWith(first) ? 0 : new RegExp(`\\b${first.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`).test(hit.words) ? 1 : 2);
  return all.filter((hit) => words.every((w) => hit.words.includes(w))).map((hit) => ({ hit, at: start(hit) })).sort((a, b) => a.at - b.at).map((x) => x.hit);
}

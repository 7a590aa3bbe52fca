/** Routes between two places: alternatives with money, hours, CO2, territories, exposure, leg by leg. */
import { backend } from "../backend";
import type { Context } from "../context";
import { h, tell } from "../dom";
import { compact, days, text } from "../format";
import { asked, keyOf } from "../state";
import type { Point, RouteFound, Routes } from "../types";
import { table } from "./parts";

let found: { key: string; routes: Routes | null; fault: string } = { key: "", routes: null, fault: "" };
let opened = 1;

export function routePanel(c: Context, again: () => void): (Node | null)[] {
  const { now } = c.store;
  const wanted = now.route ?? { from: "", to: "", goods: "container" };
  const name = (id: string): string => c.index.nodes.get(id)?.name ?? id;
  const take = (end: "from" | "to", value: string): void => {
    c.store.set({ route: { ...wanted, [end]: nodeOf(c, value) } });
  };
  ask(c, again);
  return [
    h("form", { class: "route-form", onsubmit: (e) => e.preventDefault() },
      h("label", { class: "field" }, h("span", {}, "From"), h("input", { list: "places", "data-k": "route-from", id: "route-from", value: name(wanted.from), autocomplete: "off", placeholder: "A place", onchange: (e) => take("from", (e.target as HTMLInputElement).value) })),
      h("label", { class: "field" }, h("span", {}, "To"), h("input", { list: "places", "data-k": "route-to", id: "route-to", value: name(wanted.to), autocomplete: "off", placeholder: "A place", onchange: (e) => take("to", (e.target as HTMLInputElement).value) })),
      h("label", { class: "field" }, h("span", {}, "Goods"), h("select", { "data-k": "route-goods", onchange: (e) => c.store.set({ route: { ...wanted, goods: (e.target as HTMLSelectElement).value } }) },
        c.world.commodities.map((x) => h("option", { value: x.id, selected: x.id === wanted.goods }, x.name)))),
      h("button", { class: "act quiet", type: "button", "data-k": "route-swap", onclick: () => c.store.set({ route: { ...wanted, from: wanted.to, to: wanted.from } }) }, "Turn round"),
      h("datalist", { id: "places" }, c.world.nodes.filter((n) => !["sea_point", "strait"].includes(n.type)).map((n) => h("option", { value: n.name }))),
    ),
    wanted.from && wanted.to ? result(c, again) : h("p", { class: "note" }, "Name two places, or click one on the map and choose “Route from here”. The network is that of the order chosen, at costs without congestion."),
  ];
}

/** Id of a place by name; what is no name is asked as it stands, so that the server tells the nearest. */
function nodeOf(c: Context, value: string): string {
  return c.world.nodes.find((n) => n.name === value || n.id === value)?.id ?? value;
}

function ask(c: Context, again: () => void): void {
  const r = c.store.now.route;
  if (!r?.from || !r.to) {
    if (found.key) c.view.route([]);
    found = { key: "", routes: null, fault: "" };
    return;
  }
  const key = keyOf(asked(c.store.now)) + JSON.stringify(r);
  if (found.key === key) return;
  found = { key, routes: null, fault: "" };
  opened = 1;
  backend.route({ ...asked(c.store.now), origin: r.from, destination: r.to, commodity: r.goods, k: 5 }).then(
    (routes) => {
      if (found.key !== key) return;
      found = { key, routes, fault: "" };
      draw(c, true);
      again();
    },
    (problem: Error) => {
      if (found.key !== key) return;
      found = { key, routes: null, fault: problem.message };
      c.view.route([]);
      again();
    },
  );
}

function draw(c: Context, fit: boolean): void {
  const route = found.routes?.routes.find((r) => r.route === opened);
  const lines = route ? linesOf(c, route) : [];
  c.view.route(lines);
  if (fit && lines.length) c.view.fit(lines.flat());
}

/** Put the route back when the panel is come back to. */
export function redrawRoute(c: Context): void {
  if (c.store.now.tab === "route") draw(c, false);
  else c.view.route([]);
}

function linesOf(c: Context, route: RouteFound): Point[][] {
  return route.legs.flatMap((leg) => leg.element_id.split(" ")).flatMap((id) => {
    const link = c.index.links.get(id) ?? c.solved.first?.added_links.find((l) => l.id === id);
    return link ? [link.line] : [];
  });
}

function result(c: Context, again: () => void): HTMLElement {
  if (found.fault) return h("p", { class: "fault", role: "alert" }, found.fault);
  const { routes } = found;
  if (!routes) return h("p", { class: "waiting" }, "Looking for routes…");
  return h("section", {},
    h("h3", {}, `${routes.origin.name} to ${routes.destination.name}, ${routes.date}`),
    h("ol", { class: "routes" }, routes.routes.map((r) => card(c, r, again))),
    h("p", { class: "note" }, "Ranked by generalised cost. Hours: middle and nine times in ten."),
    h("button", { class: "act quiet", onclick: () => copy(routes) }, "Copy as table"),
  );
}

function copy(routes: Routes): void {
  const lines = routes.routes.map((r) => [r.route, r.money_usd_t, r.hours_p50, r.hours_p90, r.co2_kg_t, r.length_km, r.modes, r.territories, r.exposure].join("\t"));
  const head = ["route", "money_usd_t", "hours_p50", "hours_p90", "co2_kg_t", "length_km", "modes", "territories", "exposure"].join("\t");
  navigator.clipboard.writeText([head, ...lines].join("\n")).then(() => tell("Copied: paste it into a table."), () => tell("The browser did not allow copying.", "fault"));
}

function card(c: Context, r: RouteFound, again: () => void): HTMLElement {
  const isOpen = r.route === opened;
  const land = (t: string): string => c.index.territories.get(t)?.name ?? t;
  const lands = r.territories.split(" ").filter(Boolean).map(land).join(", ");
  const seas = r.seas.split(" ").filter(Boolean).map(land).join(", ");
  return h("li", { class: isOpen ? "route open" : "route" },
    h("button", { class: "route-head", "aria-expanded": isOpen ? "true" : "false", "data-k": `route-${r.route}`, onclick: () => {
      opened = isOpen ? 0 : r.route;
      draw(c, false);
      again();
    } },
      h("span", { class: "route-way" }, r.modes.replaceAll("_", " ")),
      h("span", { class: "figures" },
        h("span", {}, h("b", {}, compact(r.money_usd_t)), " USD/t"),
        r.money_usd_feu === null ? null : h("span", {}, h("b", {}, compact(r.money_usd_feu)), " USD/FEU"),
        h("span", {}, h("b", {}, `${days(r.hours_p50)}–${days(r.hours_p90)}`), " days"),
        h("span", {}, h("b", {}, compact(r.co2_kg_t)), " kg CO₂e/t"),
        h("span", {}, h("b", {}, Math.round(r.length_km).toLocaleString("en")), " km")),
      h("span", { class: "route-lands" }, `through ${lands}${seas ? `; by ${seas}` : ""}`),
      h("span", { class: r.exposures.length ? "exposed" : "route-lands" }, r.exposures.length ? `sanctions exposure: ${[...new Set(r.exposures.map((e) => text(e["subject"])))].join("; ")}` : "no listed party touched"),
    ),
    isOpen ? legs(r) : null,
  );
}

function legs(r: RouteFound): HTMLElement {
  return h("div", {},
    table(["step", "from – to", "km", "h", "USD/t", "kg CO₂e"], r.legs.map((l) => [
      l.what, l.from === l.to ? l.from : `${l.from} – ${l.to}`, l.length_km ? Math.round(l.length_km).toLocaleString("en") : "", l.hours.toFixed(1), l.money_usd_t.toFixed(1), l.co2_kg_t.toFixed(1)])),
    r.exposures.length ? table(["exposure", "listed by", "since", "measure"], r.exposures.map((e) => [text(e["subject"]), text(e["listed_by"]), text(e["from_date"]) || "unknown", text(e["measure"])])) : null,
  );
}

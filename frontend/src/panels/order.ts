/** Orders: pick one or two, see what it changes and for whom. */
import { bars } from "../charts";
import type { Context } from "../context";
import { h } from "../dom";
import { compact, dollars, num, text, tonnes } from "../format";
import { saveScenario } from "../share";
import { START, type State, type View } from "../state";
import type { Answer, Detail, Edit, Order, Row } from "../types";

const STATUSES = ["in force", "agreed", "proposed", "claimed", "what-if"];
const COUNTRIES = 14;

export function orderPanel(c: Context): (Node | null)[] {
  const { now } = c.store;
  const { first, second } = c.solved;
  const order = c.index.orders.get(now.order);
  return [
    h("div", { class: "pair" },
      chooser(c, "order-first", "Order", now.order, (id) => take(c, { order: id })),
      chooser(c, "order-second", "Compare with", now.versus, (id) => take(c, { versus: id }), "nothing else"),
    ),
    order ? about(c, order) : null,
    now.edits.length ? edits(c) : null,
    toggle(c),
    first ? headline(c, first, second) : waiting(c),
    first ? gains(c, first, second) : null,
    first ? tables(c, first, c.solved.detail) : null,
  ];
}

/** An order brings its own day; what belonged to another state goes. */
function take(c: Context, change: Partial<State>): void {
  const { now } = c.store;
  const next = { ...now, ...change };
  const compares = next.order !== "baseline" || next.versus !== "" || next.edits.length > 0;
  c.store.set({ ...change, ...(change.order === undefined ? {} : { date: "" }), view: compares ? "diff" : START.view });
}

function chooser(c: Context, key: string, label: string, value: string, chosen: (id: string) => void, none = ""): HTMLElement {
  const groups = STATUSES.map((status) => {
    const orders = c.world.orders.filter((o) => o.status === status && o.id !== "baseline");
    return orders.length
      ? h("optgroup", { label: status }, orders.map((o) => h("option", { value: o.id, selected: o.id === value }, o.name)))
      : null;
  });
  const base = c.index.orders.get("baseline");
  return h("label", { class: "field" }, h("span", {}, label),
    h("select", { "data-k": key, id: key, onchange: (e) => chosen((e.target as HTMLSelectElement).value) },
      none ? h("option", { value: "", selected: value === "" }, none) : null,
      base ? h("option", { value: "baseline", selected: value === "baseline" }, base.name) : null,
      groups,
    ));
}

function about(c: Context, order: Order): HTMLElement {
  return h("section", { class: "about" },
    h("p", { class: "tags" },
      h("span", { class: "tag" }, order.status),
      order.proponent ? h("span", { class: "tag soft" }, `proposed by ${order.proponent}`) : null,
      h("span", { class: "tag soft" }, `on the network of ${c.day()}`),
    ),
    order.description ? h("p", {}, order.description) : null,
    sourceLine(c, order.source),
  );
}

/** Source ids become links to the data page; an assumption is told as one. */
export function sourceLine(c: Context, cell: string): HTMLElement {
  const parts = cell.split(";").map((p) => p.trim()).filter(Boolean);
  return h("p", { class: "sources" }, "Source: ", parts.map((id, i) => [
    i ? "; " : null,
    id.startsWith("assumed:")
      ? h("span", {}, `assumption: ${id.slice(8)}`)
      : h("button", { class: "link", onclick: () => c.store.set({ tab: "data", row: id }) }, id),
  ]));
}

export function editWords(c: Context, e: Edit): string {
  const name =
    c.index.links.get(e.id)?.name ?? c.index.crossings.get(e.id)?.name ?? c.index.territories.get(e.id)?.name ??
    c.world.corridors.find((x) => x.id === e.id)?.name ?? c.world.passages.find((x) => x.id === e.id)?.name ?? e.id;
  const regime = c.world.regimes.find((r) => r.id === e.regime)?.name ?? e.regime;
  return e.verb === "set" ? `${name}: ${regime}` : `${e.verb === "open" ? "open" : "closed"}: ${name}`;
}

function edits(c: Context): HTMLElement {
  const { now } = c.store;
  return h("section", { class: "edits" },
    h("h3", {}, "Changed by hand"),
    h("ul", {}, now.edits.map((e, i) =>
      h("li", {}, editWords(c, e), h("button", {
        class: "small", "aria-label": `undo: ${editWords(c, e)}`, "data-k": `unedit-${e.id}`,
        onclick: () => c.store.set({ edits: now.edits.filter((_, j) => j !== i) }),
      }, "×")))),
    h("div", { class: "acts" },
      h("button", { class: "act quiet", "data-k": "edits-save", onclick: () => void saveScenario(c) }, "Save as scenario"),
      h("button", { class: "act quiet", "data-k": "edits-clear", onclick: () => c.store.set({ edits: [] }) }, "Undo all")),
  );
}

function toggle(c: Context): HTMLElement | null {
  const { now } = c.store;
  const { first } = c.solved;
  if (!first?.compared && !now.versus) return null;
  const [a, b] = now.versus
    ? [c.index.orders.get(now.order)?.name ?? now.order, c.index.orders.get(now.versus)?.name ?? now.versus]
    : ["With it", "Without it"];
  const views: [View, string][] = [["new", a], ["base", b], ["diff", "Difference"]];
  return h("div", { class: "toggle", role: "group", "aria-label": "What the map shows" }, views.map(([view, label]) =>
    h("button", { "data-k": `view-${view}`, "aria-pressed": now.view === view ? "true" : "false", title: label, onclick: () => c.store.set({ view }) }, label)));
}

function waiting(c: Context): HTMLElement {
  return c.solved.fault
    ? h("p", { class: "fault", role: "alert" }, c.solved.fault)
    : h("p", { class: "waiting" }, "Assigning trade to the network…");
}

const FIGURES: [string, (t: Record<string, number>) => number, string][] = [
  ["generalised cost, USD/yr", (t) => num(t["cost_change_usd_yr"]), "Money, time, its uncertainty, waiting and what having a choice is worth; over trade that moves in both."],
  ["… of the network itself", (t) => num(t["network_change_usd_yr"]), "At the delays of the base: opening never costs, closing never saves."],
  ["… of others who move", (t) => num(t["congestion_change_usd_yr"]) + num(t["relief_change_usd_yr"]), "Queues that grow or shrink, and what trade that stops takes off the rest."],
  ["tonne-days a year", (t) => num(t["time_change_th_yr"]) / 24, "Days on the way times tonnes."],
  ["CO₂e, t/yr", (t) => num(t["co2_change_t_yr"]), "Well to wheel."],
  ["without a way, t/yr", (t) => num(t["unserved_new_t_yr"]) - num(t["unserved_base_t_yr"]), "Trade that loses (or gains) every way."],
];

export function headline(c: Context, first: Answer, second: Answer | null): HTMLElement {
  const { now } = c.store;
  if (!first.compared && !now.versus) {
    const t = first.totals;
    return h("section", { class: "headline" },
      h("div", { class: "figure" }, h("b", {}, compact(num(t["common_t_yr"]))), h("span", {}, "t/yr moved")),
      h("div", { class: "figure" }, h("b", {}, compact(num(t["cost_base_usd_yr"]))), h("span", {}, "USD/yr, generalised")),
      h("div", { class: "figure" }, h("b", {}, compact(num(t["unserved_new_t_yr"]))), h("span", {}, "t/yr without a way")),
      h("p", { class: "note" }, `Trade of ${first.demand_year} on the network of ${first.date}. Click a crossing, a line or a country to change it.`),
    );
  }
  const columns = now.versus && second ? [first, second] : [first];
  return h("section", { class: "headline" },
    h("table", { class: "totals" },
      columns.length > 1 ? h("thead", {}, h("tr", {}, h("td", {}), columns.map((a) => h("th", { scope: "col" }, a.scenario.name)))) : null,
      h("tbody", {}, FIGURES.map(([name, of, note]) =>
        h("tr", {}, h("th", { scope: "row", title: note }, name), columns.map((a) =>
          h("td", { class: of(a.totals) < 0 ? "less" : of(a.totals) > 0 ? "more" : "" }, compact(of(a.totals), true))))))),
    h("p", { class: "note" }, `Change a year against the network of ${first.date} as it was${first.demand_year ? `; trade of ${first.demand_year}` : ""}. Minus is a saving.`),
  );
}

const byLand = (a: Answer): Map<string, Row> => new Map(a.territories.map((r) => [text(r["territory_id"]), r]));

export function gains(c: Context, first: Answer, second: Answer | null): HTMLElement | null {
  const { now } = c.store;
  const other = now.versus && second ? byLand(second) : null;
  if (!first.compared && !other) return null;
  const value = (r: Row | undefined, key: string): number => num(r?.[key]);
  const rows = first.territories
    .filter((r) => r["territory_kind"] === "state")
    .map((r) => {
      const id = text(r["territory_id"]);
      const v = value(r, "cost_usd_yr_change") - value(other?.get(id), "cost_usd_yr_change");
      const lost = value(r, "unserved_t_yr_change") - value(other?.get(id), "unserved_t_yr_change");
      return { id, name: text(r["name"]), v, lost };
    })
    .filter((r) => Math.abs(r.v) >= 1 || Math.abs(r.lost) >= 1)
    .sort((a, b) => Math.abs(b.v) - Math.abs(a.v))
    .slice(0, COUNTRIES)
    .sort((a, b) => a.v - b.v);
  if (!rows.length) return h("p", { class: "note" }, "No country's trade changes by a dollar.");
  const title = other
    ? `Who gains by ${first.scenario.name} rather than ${second?.scenario.name ?? ""}, USD a year (minus is a saving)`
    : "Who gains and who loses: cost of its trade, USD a year (minus is a saving)";
  return bars(rows.map((r) => ({
    name: r.name, value: r.v, label: compact(r.v, true),
    note: `${r.name}: ${dollars(r.v, true)}${Math.abs(r.lost) >= 1 ? `; ${tonnes(r.lost, true)} without a way` : ""}`,
    pick: () => c.store.set({ tab: "country", country: r.id }),
  })), title);
}

function tables(c: Context, a: Answer, d: Detail | null): HTMLElement {
  const transit = a.territories
    .filter((r) => r["territory_kind"] === "state" && (num(r["transit_t_yr_base"]) > 0 || num(r["transit_t_yr_new"]) > 0))
    .sort((x, y) => Math.abs(num(y["transit_t_yr_change"])) - Math.abs(num(x["transit_t_yr_change"])) || num(y["transit_t_yr_new"]) - num(x["transit_t_yr_new"]))
    .slice(0, 12);
  const corridors = [...(d?.corridors ?? [])].sort((x, y) => Math.abs(num(y["mean_t_yr_change"])) - Math.abs(num(x["mean_t_yr_change"])) || num(y["mean_t_yr_new"]) - num(x["mean_t_yr_new"]));
  return h("div", {},
    fold("transit", "Transit over each country, t/yr", table(["country", "before", "after", "change"], transit.map((r) => [
      pickButton(c, `territory:${text(r["territory_id"])}`, text(r["name"])), compact(num(r["transit_t_yr_base"])), compact(num(r["transit_t_yr_new"])), compact(num(r["transit_t_yr_change"]), true)]))),
    fold("corridors", "Corridors, mean t/yr along the chain", table(["corridor", "before", "after", "change"], corridors.map((r) => [
      pickButton(c, `corridor:${text(r["corridor_id"])}`, text(r["name"])), compact(num(r["mean_t_yr_base"])), compact(num(r["mean_t_yr_new"])), compact(num(r["mean_t_yr_change"]), true)]))),
    fold("bottlenecks", "Bottlenecks, dearest waiting first", table(["element", "t/yr", "load", "waiting USD/yr"], (d?.bottlenecks ?? []).slice(0, 15).map((r) => [
      pickButton(c, pickOf(c, text(r["element_id"])), text(r["name"])), compact(num(r["tonnes_t_yr_new"])),
      r["load_share_new"] === null ? "unknown" : `${Math.round(100 * num(r["load_share_new"]))} %`, compact(r["waiting_usd_yr_new"] as number | null)]))),
    fold("exposure", "Sanctions exposure: tonnes that touch a listed party", table(["who", "listed by", "t/yr"], (d?.exposure ?? []).map((r) => [
      `${text(r["subject"])} (${text(r["measure"])}, since ${text(r["from_date"]) || "unknown"})`, text(r["listed_by"]), compact(num(r["tonnes_t_yr_new"]))]))),
    d?.unserved.length ? fold("unserved", "Trade without a way", table(["from", "to", "goods", "t/yr", "why"], d.unserved.map((r) => [
      text(r["origin_zone_id"]), text(r["destination_zone_id"]), text(r["commodity_id"]), compact(num(r["tonnes_t_yr"])), `${text(r["reason"])} ${text(r["cut"])}`]))) : null,
    a.changes.length ? fold("changes", "What it changes", h("ul", {}, a.changes.map((x) => h("li", {}, x)))) : null,
    fold("limits", "What these numbers cannot say", h("ul", {}, a.limits.map((x) => h("li", {}, x)))),
    fold("digits", "To reproduce it", h("div", {},
      h("p", {}, "Save the scenario (Share) and run it: ", h("code", {}, "isthmus run FILE.toml"), ". Same digits."),
      table(["", ""], ["method", "gap", "asked_gap", "version", "facts_digest", "network_digest", "cost_digest"].map((k) => [k, text(a.manifest[k]).slice(0, 24)])))),
  );
}

export function fold(key: string, title: string, body: Node): HTMLElement {
  return h("details", { "data-k": `fold-${key}` }, h("summary", { "data-k": `sum-${key}` }, title), body);
}

export function table(heads: string[], rows: (string | Node)[][]): HTMLElement {
  if (!rows.length) return h("p", { class: "note" }, "None.");
  return h("div", { class: "wide" }, h("table", {},
    heads.some(Boolean) ? h("thead", {}, h("tr", {}, heads.map((x) => h("th", { scope: "col" }, x)))) : null,
    h("tbody", {}, rows.map((r) => h("tr", {}, r.map((cell, i) => (i ? h("td", {}, cell) : h("th", { scope: "row" }, cell))))))));
}

/** What a click on an element of a table picks on the map. */
export function pickOf(c: Context, element: string): string {
  if (c.index.links.has(element)) return `link:${element}`;
  const crossing = c.index.crossings.get(element);
  if (crossing) return `node:${crossing.node}`;
  const node = element.split(":")[0] ?? "";
  return c.index.nodes.has(node) ? `node:${node}` : `link:${element}`;
}

export function pickButton(c: Context, pick: string, label: string): HTMLElement {
  return h("button", {
    class: "link",
    onclick: () => {
      c.store.set({ pick });
      c.view.fly(pick);
    },
  }, label || pick);
}

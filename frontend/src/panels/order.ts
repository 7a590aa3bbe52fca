/** Orders: pick one or two, see what it changes and for whom. */
import type { Context } from "../context";
import { h } from "../dom";
import { gains, headline } from "../figures";
import { compact, num, text } from "../format";
import { saveScenario } from "../share";
import { START, type State, type View } from "../state";
import type { Answer, Detail, Edit, Order } from "../types";
import { fold, pickButton, pickOf, sourceLine, table } from "./parts";

const STATUSES = ["in force", "agreed", "proposed", "claimed", "what-if"];

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
    d?.unserved.length ? fold("unserved", "Trade without a route", table(["from", "to", "goods", "t/yr", "why"], d.unserved.map((r) => [
      text(r["origin_zone_id"]), text(r["destination_zone_id"]), text(r["commodity_id"]), compact(num(r["tonnes_t_yr"])), `${text(r["reason"])} ${text(r["cut"])}`]))) : null,
    a.changes.length ? fold("changes", "What it changes", h("ul", {}, a.changes.map((x) => h("li", {}, x)))) : null,
    fold("limits", "What these numbers cannot say", h("ul", {}, a.limits.map((x) => h("li", {}, x)))),
    fold("digits", "To reproduce it", h("div", {},
      h("p", {}, "Save the scenario (Share) and run it: ", h("code", {}, "isthmus run FILE.toml"), ". Same digits."),
      table(["", ""], ["method", "gap", "asked_gap", "version", "facts_digest", "network_digest", "cost_digest"].map((k) => [k, text(a.manifest[k]).slice(0, 24)])))),
  );
}

/** What an order changes in figures, and who gains by it: on the page and in print. */
import { bars } from "./charts";
import type { Context } from "./context";
import { h } from "./dom";
import { compact, dollars, num, text, tonnes } from "./format";
import type { Answer, Row } from "./types";

const COUNTRIES = 14;

const FIGURES: [string, (t: Record<string, number>) => number, string][] = [
  ["generalised cost, USD/yr", (t) => num(t["cost_change_usd_yr"]), "Money, time, its uncertainty, waiting and what having a choice is worth; over trade that moves in both."],
  ["… of the network itself", (t) => num(t["network_change_usd_yr"]), "At the delays of the base: opening never costs, closing never saves."],
  ["… of others who move", (t) => num(t["congestion_change_usd_yr"]) + num(t["relief_change_usd_yr"]), "Queues that grow or shrink, and what trade that stops takes off the rest."],
  ["tonne-days a year", (t) => num(t["time_change_th_yr"]) / 24, "Days on the way times tonnes."],
  ["CO₂e, t/yr", (t) => num(t["co2_change_t_yr"]), "Well to wheel."],
  ["without a route, t/yr", (t) => num(t["unserved_new_t_yr"]) - num(t["unserved_base_t_yr"]), "Trade that loses (or gains) every route."],
];

export function headline(c: Context, first: Answer, second: Answer | null): HTMLElement {
  const { now } = c.store;
  if (!first.compared && !now.versus) {
    const t = first.totals;
    return h("section", { class: "headline" },
      h("div", { class: "figure" }, h("b", {}, compact(num(t["common_t_yr"]))), h("span", {}, "t/yr moved")),
      h("div", { class: "figure" }, h("b", {}, compact(num(t["cost_base_usd_yr"]))), h("span", {}, "USD/yr, generalised")),
      h("div", { class: "figure" }, h("b", {}, compact(num(t["unserved_new_t_yr"]))), h("span", {}, "t/yr without a route")),
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
    note: `${r.name}: ${dollars(r.v, true)}${Math.abs(r.lost) >= 1 ? `; ${tonnes(r.lost, true)} without a route` : ""}`,
    pick: () => c.store.set({ tab: "country", country: r.id }),
  })), title);
}

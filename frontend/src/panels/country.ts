/** One country: whose territory its trade crosses, whose trade crosses its own, what is at risk. */
import { backend } from "../backend";
import { matrix, pairs } from "../charts";
import type { Context } from "../context";
import { h } from "../dom";
import { compact, dollars, num, text, tonnes } from "../format";
import { asked, keyOf } from "../state";
import type { Country, Matrix, Power } from "../types";
import { fold, pickButton, table } from "./parts";

let found: { key: string; country: Country | null; fault: string } = { key: "", country: null, fault: "" };

let all: { key: string; matrix: Matrix | null } = { key: "", matrix: null };

let game: { key: string; power: Power | null; fault: string; asked: boolean } = { key: "", power: null, fault: "", asked: false };

export function countryPanel(c: Context, again: () => void): (Node | null)[] {
  const { now } = c.store;
  const states = c.world.territories.filter((t) => t.kind === "state");
  const traded = new Set((c.solved.first?.territories ?? []).map((r) => text(r["territory_id"])));
  const choice = states.filter((t) => !traded.size || traded.has(t.id)).sort((a, b) => a.name.localeCompare(b.name));
  if (now.country) ask(c, again);
  return [
    h("label", { class: "field" }, h("span", {}, "Country"),
      h("select", { "data-k": "country", id: "country", onchange: (e) => c.store.set({ country: (e.target as HTMLSelectElement).value }) },
        h("option", { value: "", selected: !now.country }, "choose one, or click its name on the map"),
        choice.map((t) => h("option", { value: t.id, selected: t.id === now.country }, t.name)))),
    now.country ? body(c) : null,
    bargaining(c, again),
    everyone(c, again),
  ];
}

/** The transit game: who can stop whom, in money; asked for, since it takes a while. */
function bargaining(c: Context, again: () => void): HTMLElement | null {
  if (!backend.live) return null;
  const key = keyOf(asked(c.store.now));
  if (game.key !== key) game = { key, power: null, fault: "", asked: false };
  const begin = (): void => {
    game = { key, power: null, fault: "", asked: true };
    again();
    const settle = (power: Power | null, fault: string): void => {
      if (game.key !== key) return;
      game = { key, power, fault, asked: true };
      again();
    };
    backend.power(asked(c.store.now)).then((power) => settle(power, ""), (problem: Error) => settle(null, problem.message));
  };
  return h("section", { class: "power" },
    h("h3", {}, "Bargaining power over transit"),
    game.fault ? h("p", { class: "fault", role: "alert" }, game.fault) : null,
    game.power ? outcome(c, game.power) : null,
    game.asked ? (game.power ?? game.fault ? null : h("p", { class: "waiting" }, "Solving the game of every coalition: up to a minute…"))
      : h("div", {},
          h("p", { class: "note" }, "What each controller's consent to transit is worth to the trade of all (Shapley value), before and after."),
          h("button", { class: "act quiet", "data-k": "power", onclick: begin }, "Who can stop whom, in money")),
  );
}

function outcome(c: Context, power: Power): HTMLElement {
  const rows = [...power.rows].sort((a, b) => num(b["shapley_usd_yr_new"]) - num(a["shapley_usd_yr_new"]));
  return h("div", {},
    pairs(rows.map((r) => ({
      name: text(r["name"]), base: num(r["shapley_usd_yr_base"]), now: num(r["shapley_usd_yr_new"]),
      label: power.compared ? compact(num(r["shapley_usd_yr_change"]), true) : compact(num(r["shapley_usd_yr_new"])),
      pick: () => c.store.set({ country: text(r["player_id"]) }),
    })), power.compared ? "Shapley value before and after, change in USD a year" : "Shapley value, USD a year", power.compared),
    h("p", { class: "note" }, `The ${rows.length} whose territory most tonnes of others pass; all together save ${compact(power.total_usd_yr)} USD a year. Everybody else lets all pass. The game takes capacities as hard and trade as given.`));
}

/** Everybody's dependence on everybody's territory. */
function everyone(c: Context, again: () => void): HTMLElement | null {
  if (!backend.live) return null;
  const key = keyOf(asked(c.store.now));
  if (all.key !== key) {
    all = { key, matrix: null };
    backend.matrix(asked(c.store.now)).then((found) => {
      if (all.key !== key) return;
      all = { key, matrix: found };
      again();
    }, () => undefined);
  }
  return all.matrix
    ? matrix(all.matrix, "Whose trade (rows) passes whose territory (columns), % of its tonnes; ▲▼ against the network without the order", (id) => c.store.set({ country: id }))
    : h("p", { class: "waiting" }, "Adding up who passes whose territory…");
}

function ask(c: Context, again: () => void): void {
  const key = keyOf(asked(c.store.now)) + c.store.now.country;
  if (found.key === key) return;
  found = { key, country: null, fault: "" };
  backend.country(c.store.now.country, asked(c.store.now)).then(
    (country) => {
      if (found.key !== key) return;
      found = { key, country, fault: "" };
      again();
    },
    (problem: Error) => {
      if (found.key !== key) return;
      found = { key, country: null, fault: problem.message };
      again();
    },
  );
}

function body(c: Context): HTMLElement {
  if (found.fault) return h("p", { class: "fault", role: "alert" }, found.fault);
  const x = found.country;
  if (!x) return h("p", { class: "waiting" }, "Adding up its trade…");
  const compared = Boolean(c.solved.first?.compared);
  const t = x.totals;
  const trade = num(t["trade_t_yr_new"]);
  const share = (v: number): string => (trade > 0 ? `${((100 * v) / trade).toFixed(v / trade < 0.1 ? 1 : 0)} %` : "");
  const label = (r: { base: number; new: number }, part: boolean): string =>
    compared && Math.round(r.base) !== Math.round(r.new) ? `${compact(r.new - r.base, true)}` : part ? share(r.new) : compact(r.new);
  const passed = (title: string, wanted: (id: string) => boolean): HTMLElement | null => {
    const rows = x.over.filter((r) => wanted(r.id)).slice(0, 10);
    return rows.length ? pairs(rows.map((r) => ({ name: r.name || r.id, base: r.base, now: r.new, label: label(r, true), pick: () => c.store.set({ pick: `territory:${r.id}` }) })), title, compared) : null;
  };
  return h("section", {},
    h("h2", {}, x.name),
    h("dl", {},
      h("dt", {}, "its trade"), h("dd", {}, tonnes(trade)),
      compared ? [h("dt", {}, "cost of it changes"), h("dd", {}, dollars(num(t["cost_usd_yr_change"]), true))] : null,
      h("dt", {}, "without a route"), h("dd", {}, compared ? `${compact(num(t["unserved_t_yr_base"]))} before, ${compact(num(t["unserved_t_yr_new"]))} after` : tonnes(num(t["unserved_t_yr_new"]))),
      h("dt", {}, "transit over its territory"), h("dd", {}, compared ? `${compact(num(t["transit_t_yr_base"]))} before, ${compact(num(t["transit_t_yr_new"]))} after` : tonnes(num(t["transit_t_yr_new"]))),
    ),
    passed("Territories its trade passes, share of its tonnes", (id) => c.index.territories.get(id)?.kind === "state"),
    passed("Seas its trade passes, share of its tonnes", (id) => c.index.territories.get(id)?.kind !== "state"),
    x.through.length ? pairs(x.through.slice(0, 12).map((r) => ({ name: r.name || r.id, base: r.base, now: r.new, label: label(r, false), pick: () => c.store.set({ country: r.id }) })), "Whose trade passes its territory, t/yr", compared) : null,
    fold("own-crossings", "Its busiest crossings, t/yr", table(["crossing", "before", "after"], x.crossings.map((r) => [
      pickButton(c, `node:${c.index.crossings.get(text(r["crossing_id"]))?.node ?? ""}`, text(r["name"])), compact(num(r["flow_t_yr_base"])), compact(num(r["flow_t_yr_new"]))]))),
    fold("trades", compared ? "Its trades, those that change most first" : "Its trades by partner", table(["with", "t/yr", "cost USD/yr", "without a route"], x.trades.map((r) => [
      text(r["name"]), compact(num(r["tonnes_t_yr_base"])), compact(num(r["cost_change_usd_yr"]), true), compact(num(r["unserved_new_t_yr"]))]))),
    h("p", { class: "note" }, "A passage is counted where its trade neither begins nor ends; one tonne may pass many territories, so shares do not add up to 100 %."),
  );
}

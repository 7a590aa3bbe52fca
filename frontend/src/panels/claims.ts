/** Claims: who said what, what the model finds, how sure, the flows behind it. */
import { backend } from "../backend";
import type { Context } from "../context";
import { h } from "../dom";
import { compact, fold as folded, num, text } from "../format";
import type { Claim, Row } from "../types";
import { fold, sourceLine, table } from "./parts";

let found: { key: string; claim: Claim | null; fault: string; ranged: boolean } = { key: "", claim: null, fault: "", ranged: false };
let words = "";
let onlyTested = true;

export function claimsPanel(c: Context, again: () => void): (Node | null)[] {
  const { now } = c.store;
  if (now.claim) return [detail(c, again)];
  const wanted = folded(words);
  const rows = c.world.claims.filter((x) => (!onlyTested || x.tested) && folded(`${x.id} ${x.by} ${x.said}`).includes(wanted));
  return [
    h("p", {}, "What was said of the region's orders, in the words of this register and attributed to whoever said it. One rule tests every speaker alike."),
    h("label", { class: "field" }, h("span", {}, "Find"), h("input", { type: "search", "data-k": "claims-find", value: words, oninput: (e) => {
      words = (e.target as HTMLInputElement).value;
      again();
    } })),
    h("label", { class: "check" }, h("input", { type: "checkbox", "data-k": "claims-tested", checked: onlyTested, onchange: (e) => {
      onlyTested = (e.target as HTMLInputElement).checked;
      again();
    } }), "only those a network can test"),
    h("ul", { class: "claims" }, rows.map((x) => h("li", {},
      h("button", { class: "claim", "data-k": `claim-${x.id}`, onclick: () => c.store.set({ claim: x.id }) },
        h("b", {}, `${x.id} ${x.by}`), h("span", {}, x.said), h("small", {}, x.tested ? "tested" : "not testable by a network"))))),
    h("p", { class: "note" }, `${rows.length} of ${c.world.claims.length} claims.`),
  ];
}

function detail(c: Context, again: () => void): HTMLElement {
  const id = c.store.now.claim;
  const claim = c.world.claims.find((x) => x.id === id);
  const back = h("button", { class: "act quiet", "data-k": "claims-back", onclick: () => c.store.set({ claim: "" }) }, "All claims");
  if (!claim) return h("section", {}, back, h("p", { class: "fault" }, `There is no claim ${id}.`));
  if (claim.tested && backend.live) ask(id, again);
  return h("section", {}, back,
    h("h2", {}, `${claim.id}: ${claim.by}`),
    h("p", { class: "tags" }, h("span", { class: "tag soft" }, claim.place), h("span", { class: "tag soft" }, claim.kind)),
    h("blockquote", {}, claim.said, "."),
    claim.tested ? finding(c, id) : h("p", { class: "note" }, "No network can test this."),
    h("p", {}, h("b", {}, "The record. "), claim.record),
    sourceLine(c, claim.record_source),
    h("p", {}, h("b", {}, "Cannot be said. "), claim.cannot_say),
    h("p", {}, h("b", {}, "Said in: ")), sourceLine(c, claim.source),
  );
}

/** The finding first, then its range under other assumptions. */
function ask(id: string, again: () => void): void {
  if (found.key === id) return;
  found = { key: id, claim: null, fault: "", ranged: false };
  const settle = (claim: Claim | null, fault: string, ranged: boolean): boolean => {
    if (found.key !== id) return false;
    found = { key: id, claim, fault, ranged };
    again();
    return true;
  };
  backend
    .claim(id, false)
    .then((claim) => (settle(claim, "", false) ? backend.claim(id, true).then((whole) => settle(whole, "", true)) : false))
    .catch((problem: Error) => settle(null, problem.message, false));
}

function finding(c: Context, id: string): HTMLElement {
  if (found.key === id && found.fault) return h("p", { class: "fault", role: "alert" }, found.fault);
  const claim = found.key === id ? found.claim : null;
  if (!claim) return h("p", { class: "waiting" }, "Testing it…");
  return h("div", { class: "finding" },
    h("p", { class: `verdict v-${claim.verdict.replace(/ /g, "-")}` }, "Of what can be tested: ", h("b", {}, claim.verdict)),
    claim.tests.map((t) => test(c, t)),
    found.ranged ? h("p", { class: "note" }, "[ ] is the range with each main assumption a fifth lower and a fifth higher.") : h("p", { class: "waiting" }, "The range under other assumptions: up to a few minutes…"),
    Object.entries(claim.flows ?? {}).map(([name, tables]) => fold(`flows-${name}`, `Flows behind ${name}`, h("div", {}, Object.entries(tables).map(([dimension, rows]) => flows(dimension, rows))))),
  );
}

function test(c: Context, t: Row): HTMLElement {
  const signed = text(t["metric"]).includes("change");
  const unit = t["unit"] === "-" ? "" : ` ${text(t["unit"])}`;
  const range = t["low"] !== null && t["high"] !== null && t["low"] !== t["high"] ? ` [${compact(num(t["low"]), signed)} to ${compact(num(t["high"]), signed)}]` : "";
  const scenario = text(t["scenario"]);
  const order = c.index.orders.get(scenario);
  return h("div", { class: "test" },
    h("p", {}, text(t["asks"])),
    h("p", {}, h("b", {}, t["value"] === null ? `not tested: ${text(t["why"])}` : `${compact(num(t["value"]), signed)}${range}${unit}`), ` — ${text(t["verdict"])}`),
    order ? h("button", { class: "act quiet", onclick: () => c.store.set({ order: order.id, versus: "", date: "", edits: [], view: order.id === "baseline" ? "new" : "diff" }) }, `Show ${order.name} on the map`) : null,
  );
}

function flows(dimension: string, rows: Row[]): HTMLElement {
  const [first] = rows;
  if (!first) return h("p", { class: "note" }, `by ${dimension}: none`);
  const sides = Object.keys(first).filter((k) => /_(base|new|change)$/.test(k)).slice(0, 3);
  return h("div", {}, h("h4", {}, `by ${dimension}`), table(["", "before", "after", "change"], rows.map((r) => [text(r["name"]), ...sides.map((k) => compact(num(r[k]), k.endsWith("_change")))])));
}

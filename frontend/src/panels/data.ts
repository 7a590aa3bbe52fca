/** The data page: every row about a thing, and the source of every number. */
import { backend } from "../backend";
import type { Context } from "../context";
import { h } from "../dom";
import { fold, text } from "../format";
import type { Row } from "../types";

const TABLE = "table:";
const MOST = 60;
/** What rows of a table are looked for. */
let words = "";
let found: { key: string; rows: Record<string, Row[]> | null; fault: string } = { key: "", rows: null, fault: "" };
const HIDDEN = new Set(["source_id", "page", "confidence", "note"]);

export function dataPanel(c: Context, again: () => void): (Node | null)[] {
  const { now } = c.store;
  if (now.row) ask(now.row, again);
  return [
    h("form", { class: "field", onsubmit: (e) => {
      e.preventDefault();
      const input = (e.target as HTMLFormElement).elements.namedItem("name") as HTMLInputElement;
      c.store.set({ row: input.value.trim() });
    } },
      h("label", { for: "data-name" }, "Anything by name or id"),
      h("div", { class: "inline" }, h("input", { id: "data-name", name: "name", "data-k": "data-name", list: "places", value: now.row.startsWith(TABLE) ? "" : now.row, autocomplete: "off", placeholder: "Astara, btk, IRN, a source…" }), h("button", { class: "act" }, "Show"))),
    now.row.startsWith(TABLE) ? rowsOf(c, now.row.slice(TABLE.length), again) : now.row ? body(c) : tables(c),
  ];
}

/** Every table of the facts. */
function tables(c: Context): HTMLElement {
  return h("div", {},
    h("p", {}, `${c.world.meta.rows.toLocaleString("en")} rows of facts, every one with its source. A missing value is unknown, never zero; an assumption is named as one.`),
    h("p", {}, "What the map and its panels show of flows and costs is modelled from these rows: ", h("button", { class: "link", onclick: () => c.store.set({ row: `${TABLE}parameters` }) }, "the parameters"), " hold every price and rate, ", h("button", { class: "link", onclick: () => c.store.set({ row: `${TABLE}trade_flows` }) }, "the trade flows"), " what moves."),
    h("ul", { class: "tables" }, Object.entries(c.world.meta.tables).map(([name, n]) => h("li", {}, h("button", { class: "link", "data-k": `table-${name}`, onclick: () => c.store.set({ row: TABLE + name }) }, name.replace(/_/g, " ")), h("small", {}, ` ${n.toLocaleString("en")}`)))),
    h("p", { class: "note" }, `Facts ${c.world.meta.facts_digest.slice(0, 16)}, Isthmus ${c.world.meta.version}.`));
}

function rowsOf(c: Context, name: string, again: () => void): HTMLElement {
  const back = h("button", { class: "act quiet", "data-k": "tables-back", onclick: () => c.store.set({ row: "" }) }, "All tables");
  if (found.fault) return h("section", {}, back, h("p", { class: "fault", role: "alert" }, found.fault));
  if (!found.rows) return h("section", {}, back, h("p", { class: "waiting" }, "Reading…"));
  const wanted = fold(words);
  const rows = (found.rows[name] ?? []).filter((r) => !wanted || fold(Object.values(r).map(text).join(" ")).includes(wanted));
  return h("section", { class: "dossier" }, back, h("h2", {}, name.replace(/_/g, " ")),
    h("label", { class: "field" }, h("span", {}, "Rows that say"), h("input", { type: "search", "data-k": "rows-find", value: words, oninput: (e) => {
      words = (e.target as HTMLInputElement).value;
      again();
    } })),
    rows.slice(0, MOST).map((r) => entry(c, r)),
    h("p", { class: "note" }, rows.length > MOST ? `The first ${MOST} of ${rows.length} rows; say more to find fewer.` : `${rows.length} rows.`));
}

function ask(name: string, again: () => void): void {
  if (found.key === name) return;
  found = { key: name, rows: null, fault: "" };
  words = "";
  const settle = (rows: Record<string, Row[]> | null, fault: string): void => {
    if (found.key !== name) return;
    found = { key: name, rows, fault };
    again();
  };
  const read = name.startsWith(TABLE)
    ? backend.rows(name.slice(TABLE.length)).then((rows) => ({ [name.slice(TABLE.length)]: rows }))
    : backend.show(name);
  read.then((rows) => settle(rows, ""), (problem: Error) => settle(null, problem.message));
}

function body(c: Context): HTMLElement {
  if (found.fault) return h("p", { class: "fault", role: "alert" }, found.fault);
  if (!found.rows) return h("p", { class: "waiting" }, "Reading…");
  const { sources = [], ...tables } = found.rows;
  return h("section", { class: "dossier" },
    Object.entries(tables).filter(([, rows]) => rows.length).map(([name, rows]) => h("details", { open: name !== "see_also", "data-k": `table-${name}` },
      h("summary", {}, `${name.replace(/_/g, " ")} (${rows.length})`), rows.slice(0, 40).map((r) => entry(c, r)))),
    h("h3", {}, "Sources"),
    h("ul", { class: "source-list" }, sources.map((s) => h("li", {}, h("b", {}, text(s["title"]) || text(s["source_id"])),
      text(s["publisher"]) ? ` ${text(s["publisher"])}` : "",
      text(s["url"]) ? h("a", { href: text(s["url"]), rel: "noreferrer noopener", target: "_blank" }, text(s["url"])) : null,
      h("small", {}, [text(s["source_id"]), text(s["accessed"]) ? `read ${text(s["accessed"])}` : ""].filter(Boolean).join(", "))))),
  );
}

function entry(c: Context, r: Row): HTMLElement {
  const cells = Object.entries(r).filter(([k]) => !HIDDEN.has(k));
  const source = text(r["source_id"]);
  return h("div", { class: "entry" },
    h("dl", {}, cells.map(([k, v]) => [h("dt", {}, k), h("dd", {}, text(v))])),
    source ? h("p", { class: "sources" },
      "Source: ", source.split(";").map((p) => p.trim()).map((id, i) => [i ? "; " : null, id.startsWith("assumed:") ? h("span", {}, `assumption: ${id.slice(8)}`) : h("button", { class: "link", onclick: () => c.store.set({ row: id }) }, id)]),
      text(r["page"]) ? `, ${text(r["page"])}` : "", text(r["confidence"]) ? ` (confidence ${text(r["confidence"])})` : "") : null,
    text(r["note"]) ? h("p", { class: "note" }, text(r["note"])) : null,
  );
}

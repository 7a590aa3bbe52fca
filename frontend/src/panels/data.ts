/** The data page: every row about a thing, and the source of every number. */
import { backend } from "../backend";
import type { Context } from "../context";
import { h } from "../dom";
import { text } from "../format";
import type { Row } from "../types";

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
      h("div", { class: "inline" }, h("input", { id: "data-name", name: "name", "data-k": "data-name", list: "places", value: now.row, autocomplete: "off", placeholder: "Astara, btk, IRN, a source…" }), h("button", { class: "act" }, "Show"))),
    now.row ? body(c) : h("div", {},
      h("p", {}, `${c.world.meta.rows.toLocaleString("en")} rows of facts, every one with its source. A missing value is unknown, never zero; an assumption is named as one.`),
      h("p", { class: "note" }, `Facts ${c.world.meta.facts_digest.slice(0, 16)}, Isthmus ${c.world.meta.version}.`)),
  ];
}

function ask(name: string, again: () => void): void {
  if (found.key === name) return;
  found = { key: name, rows: null, fault: "" };
  const settle = (rows: Record<string, Row[]> | null, fault: string): void => {
    if (found.key !== name) return;
    found = { key: name, rows, fault };
    again();
  };
  backend.show(name).then((rows) => settle(rows, ""), (problem: Error) => settle(null, problem.message));
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

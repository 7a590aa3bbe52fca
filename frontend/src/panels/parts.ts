/** What panels are made of: tables, what folds away, buttons that pick on the map, sources. */
import type { Context } from "../context";
import { h } from "../dom";

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

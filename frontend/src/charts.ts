/** Small charts as SVG: bars about zero, pairs, a matrix. Every one has its numbers as text. */
import { h, s } from "./dom";

export interface Bar { name: string; value: number; label: string; pick?: () => void; note?: string }

const WIDTH = 340;
const ROW = 22;
const LEFT = 140;
const RIGHT = 66;

/** Bars about zero: less to the left in blue, more to the right in orange. */
export function bars(rows: readonly Bar[], title: string): HTMLElement {
  const top = Math.max(1e-12, ...rows.map((r) => Math.abs(r.value)));
  const both = rows.some((r) => r.value < 0) && rows.some((r) => r.value > 0);
  const span = WIDTH - LEFT - RIGHT;
  const zero = both ? LEFT + span / 2 : rows.some((r) => r.value < 0) ? LEFT + span : LEFT;
  const scale = (both ? span / 2 : span) / top;
  const height = rows.length * ROW + 4;
  const chart = s("svg", { viewBox: `0 0 ${WIDTH} ${height}`, class: "bars", role: "img", "aria-label": `${title}: ${rows.map((r) => `${r.name} ${r.label}`).join("; ")}` });
  rows.forEach((row, i) => {
    const y = i * ROW + 2;
    const w = Math.abs(row.value) * scale;
    const x = row.value < 0 ? zero - w : zero;
    const group = s("g", { class: row.pick ? "bar pickable" : "bar" },
      s("title", {}, row.note ?? `${row.name}: ${row.label}`),
      s("rect", { x: 0, y, width: WIDTH, height: ROW, class: "back" }),
      s("rect", { x, y: y + 4, width: Math.max(w, 0.8), height: ROW - 8, rx: 1.5, class: row.value < 0 ? "less" : "more" }),
    );
    if (row.pick) {
      group.setAttribute("tabindex", "0");
      group.setAttribute("role", "button");
      group.setAttribute("aria-label", `${row.name}: ${row.label}`);
      group.addEventListener("click", row.pick);
      group.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") row.pick?.();
      });
    }
    chart.append(group, ...words(row, y));
  });
  chart.append(s("line", { x1: zero, x2: zero, y1: 0, y2: height, class: "axis" }));
  if (rows.some((r) => r.pick)) chart.setAttribute("role", "group");
  return h("figure", { class: "chart-figure" }, h("figcaption", {}, title), chart);
}

/** What is read of a row; beside the bar, not in it, since the bar has these words for its name. */
const words = (row: { name: string; label: string }, y: number): SVGElement[] => [
  s("text", { x: LEFT - 6, y: y + 15, "text-anchor": "end", "aria-hidden": "true" }, clip(row.name, 20)),
  s("text", { x: WIDTH - 2, y: y + 15, "text-anchor": "end", class: "figure", "aria-hidden": "true" }, row.label),
];

export interface Pair { name: string; base: number; now: number; label: string; pick?: () => void }

/** Before and after, one under the other. */
export function pairs(rows: readonly Pair[], title: string, compared: boolean): HTMLElement {
  const top = Math.max(1e-12, ...rows.flatMap((r) => [r.base, r.now]));
  const scale = (WIDTH - LEFT - RIGHT) / top;
  const chart = s("svg", { viewBox: `0 0 ${WIDTH} ${rows.length * ROW + 4}`, class: "bars", role: "group", "aria-label": title });
  rows.forEach((row, i) => {
    const y = i * ROW + 2;
    const group = s("g", { class: row.pick ? "bar pickable" : "bar", tabindex: row.pick ? "0" : null, role: row.pick ? "button" : null, "aria-label": `${row.name}: ${row.label}` },
      s("title", {}, `${row.name}: ${row.label}`),
      s("rect", { x: 0, y, width: WIDTH, height: ROW, class: "back" }),
      compared ? s("rect", { x: LEFT, y: y + 3, width: row.base * scale, height: 6, class: "was" }) : null,
      s("rect", { x: LEFT, y: compared ? y + 11 : y + 5, width: Math.max(0.8, row.now * scale), height: compared ? 7 : 12, class: "now" }),
    );
    if (row.pick) {
      group.addEventListener("click", row.pick);
      group.addEventListener("keydown", (event) => {
        if (event instanceof KeyboardEvent && (event.key === "Enter" || event.key === " ")) row.pick?.();
      });
    }
    chart.append(group, ...words(row, y));
  });
  return h("figure", { class: "chart-figure" }, h("figcaption", {}, title), chart);
}

export interface Grid {
  rows: readonly { id: string; name: string }[];
  columns: readonly { id: string; name: string }[];
  now: readonly (readonly number[])[];
  base: readonly (readonly number[])[];
}

/** A matrix of shares: the darker the more; a dot where it differs from the base. Cells say their number. */
export function matrix(grid: Grid, title: string, pick: (id: string) => void): HTMLElement {
  const cell = (i: number, j: number): HTMLElement => {
    const v = grid.now[i]?.[j] ?? 0;
    const was = grid.base[i]?.[j] ?? 0;
    const said = `${grid.rows[i]?.name}, over ${grid.columns[j]?.name}: ${(100 * v).toFixed(1)} %${Math.abs(v - was) > 0.0005 ? `, was ${(100 * was).toFixed(1)} %` : ""}`;
    const td = h("td", { title: said }, v >= 0.005 ? String(Math.round(100 * v)) : "", Math.abs(v - was) > 0.005 ? h("sup", {}, v > was ? "▲" : "▼") : null);
    td.style.setProperty("--v", String(Math.round(100 * Math.min(1, Math.sqrt(v)))));
    return td;
  };
  return h("figure", { class: "chart-figure matrix wide" }, h("figcaption", {}, title),
    h("table", {},
      h("thead", {}, h("tr", {}, h("td", {}), grid.columns.map((x) => h("th", { scope: "col" }, h("button", { class: "link", title: x.name, onclick: () => pick(x.id) }, x.id))))),
      h("tbody", {}, grid.rows.map((r, i) => h("tr", {}, h("th", { scope: "row" }, h("button", { class: "link", onclick: () => pick(r.id) }, clip(r.name, 18))), grid.columns.map((_, j) => cell(i, j)))))));
}

const clip = (words: string, most: number): string => (words.length > most ? `${words.slice(0, most - 1)}…` : words);

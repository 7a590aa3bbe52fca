/** The legend: what lines, signs and rings mean in the view shown. */
import type { Context } from "./context";
import { h, s, show } from "./dom";
import { compact } from "./format";
import { WIDEST } from "./map/lines";
import { draw } from "./map/symbols";

const line = (cls: string, dash: readonly number[] = [], width = 4): SVGElement =>
  s("svg", { viewBox: "0 0 34 12", class: "key", "aria-hidden": "true" }, s("path", { d: "M1 6h32", class: cls, "stroke-width": width, ...(dash.length ? { "stroke-dasharray": dash.join(" ") } : {}) }));

export function legend(c: Context, root: HTMLElement, isOpen: boolean, toggled: (open: boolean) => void): void {
  const shown = c.view.current();
  const t = (id: string): number => {
    const a = shown?.flows?.links[id];
    const b = shown?.before?.links[id];
    const sum = (p: [number, number] | undefined): number => (p ? p[0] + p[1] : 0);
    return shown?.diff ? Math.abs(sum(a) - sum(b)) : sum(a);
  };
  const top = Math.max(0, ...c.view.all().filter((l) => shown?.diff || l.mode !== "sea").map((l) => t(l.id)));
  const first = c.store.now.versus ? " by the first" : "";
  const item = (key: Node, label: string): HTMLElement => h("li", {}, key, h("span", {}, label));
  const modes = Object.entries(c.world.modes).filter(([name]) => !name.endsWith("pipeline"));
  show(root, h("details", { open: isOpen, ontoggle: (e) => toggled((e.target as HTMLDetailsElement).open) },
    h("summary", { "data-k": "legend" }, "Legend"),
    shown?.diff
      ? h("ul", {}, item(line("k-more"), `more tonnes${first}`), item(line("k-less"), `fewer tonnes${first}`), item(line("k-idle", [], 1.5), "no change"))
      : h("ul", {}, modes.map(([name, m]) => item(line(`m-${name}`, m.dash), m.label))),
    top > 0 ? h("ul", {}, [1, 0.1].map((share) => item(line("k-ink", [], WIDEST * Math.sqrt(share)), `${compact(top * share)} t/yr`))) : null,
    h("ul", {}, item(line("k-closed", [5, 3], 2), "closed or destroyed"), item(line("k-accent", [5, 3], 2), "under construction"), item(line("k-soft", [1.5, 3.5], 2), "planned"), item(line("k-dispute", [3, 3], 1.5), "line not settled")),
    h("ul", { class: "signs" }, c.world.regimes.filter((r) => ["closed", "normal", "customs_union", "facilitated", "sealed_transit", "unimpeded"].includes(r.id)).map((r) => item(sign(r.id), r.name)), item(sign("mixed"), "differs by mode or direction"),
      item(s("svg", { viewBox: "0 0 18 18", class: "sign", "aria-hidden": "true" }, s("circle", { cx: 9, cy: 9, r: 7, class: "k-ring" })), "loaded to its capacity")),
  ));
}

function sign(regime: string): HTMLElement {
  const canvas = draw(regime);
  canvas.className = "sign";
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

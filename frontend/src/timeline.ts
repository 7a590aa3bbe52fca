/** The time slider: history year by year, then the orders that lie ahead. */
import type { Context } from "./context";
import { h, show } from "./dom";

let timer = 0;

/** Draw the slider; a year set goes to the state after a moment's rest. */
export function timeline(c: Context, root: HTMLElement, preview: (day: string) => void): void {
  const { first_year, last_year } = c.world.meta;
  const day = c.day();
  const year = Number(day.slice(0, 4));
  const said = h("span", { class: "time-said" }, caption(c, year));
  const shown = h("output", { class: "time-year", for: "year" }, day);
  const move = (to: number): void => {
    const next = dayOf(c, to);
    shown.textContent = next;
    said.replaceChildren(caption(c, to));
    preview(next);
    window.clearTimeout(timer);
    timer = window.setTimeout(() => c.store.set({ date: next === baseDay(c) ? "" : next }), 350);
  };
  const slider = h("input", {
    type: "range", id: "year", "data-k": "year", min: first_year, max: last_year, step: 1, value: year,
    "aria-label": "Year of the network", "aria-valuetext": day,
    oninput: (e) => move(Number((e.target as HTMLInputElement).value)),
  });
  slider.value = String(year);
  const ticks = h("div", { class: "ticks", "aria-hidden": "true" }, Array.from({ length: last_year - first_year + 1 }, (_, i) => {
    const y = first_year + i;
    const events = c.world.causes.filter((x) => x.date.startsWith(String(y))).length;
    const tick = h("i", { class: y % 5 === 0 ? "five" : "", "data-n": Math.min(3, Math.ceil(events / 3)) });
    return tick;
  }));
  const marks = [first_year, 2000, 2010, 2020, last_year];
  show(root,
    h("div", { class: "time-head" }, shown, said, year !== Number(baseDay(c).slice(0, 4)) ? h("button", { class: "small", "data-k": "year-back", onclick: () => c.store.set({ date: "" }) }, `back to ${baseDay(c)}`) : null),
    h("div", { class: "time-bar" }, slider, ticks, h("div", { class: "marks", "aria-hidden": "true" }, marks.map((y) => {
      const mark = h("span", {}, String(y));
      mark.style.setProperty("--at", String((y - first_year) / (last_year - first_year)));
      return mark;
    }))),
  );
}

/** The order's own day stands for its year; of any other the middle of the year is shown. */
function dayOf(c: Context, year: number): string {
  const own = baseDay(c);
  return Number(own.slice(0, 4)) === year ? own : `${year}-07-01`;
}

const baseDay = (c: Context): string => c.index.orders.get(c.store.now.order)?.base ?? c.world.meta.base_date;

function caption(c: Context, year: number): Node {
  const last = Number(c.world.causes.at(-1)?.date.slice(0, 4) ?? 0);
  const events = c.world.causes.filter((x) => x.date.startsWith(String(year)) && x.kind !== "agreement");
  if (!events.length && year > Math.min(last, 2025)) {
    const open = c.world.orders.filter((o) => ["agreed", "proposed"].includes(o.status)).length;
    return h("span", {}, `nothing on record yet: the network as last known; ${open} orders are agreed or proposed, pick one to see it`);
  }
  const [first, ...more] = events;
  if (!first) return h("span", {}, "no event on record");
  const many = more.length ? ` and ${more.length} more` : "";
  return h("span", { title: events.map((e) => `${e.date} ${e.name}`).join("\n") }, `${first.date.slice(0, 10)} ${first.name}${many}`);
}

/** What is drawn of links: their features, widths and states on a day. */
import type { Answer, Link, Point, Spell, World } from "../types";

/** Widest line. [px] */
export const WIDEST = 11;
const PASSABLE = new Set(["open", "limited"]);

export const passable = (state: string): boolean => PASSABLE.has(state);

/** State of an element on a day: the last spell that has begun and not ended. */
export function stateOn(history: readonly Spell[], day: string): string {
  let found = "";
  for (const [state, from, to] of history) {
    if ((from === "" || from <= day) && (to === "" || day < to)) found = state;
  }
  return found;
}

/** State of every link on a day, as the record has it or as an answer changed it. */
export function linkStates(world: World, day: string, answer: Answer | null): Map<string, string> {
  const states = new Map<string, string>();
  for (const link of world.links) states.set(link.id, answer?.links[link.id] ?? stateOn(link.history, day));
  for (const link of answer?.added_links ?? []) states.set(link.id, answer?.links[link.id] ?? stateOn(link.history, day));
  return states;
}

/** Area, not width, grows with tonnes. [px] */
export const widthOf = (t: number, top: number): number =>
  t <= 0 ? 0 : Math.max(0.9, WIDEST * Math.sqrt(Math.min(1, t / Math.max(top, 1))));

/** Parallel links of one pair of places lie side by side. */
export function offsets(links: readonly Link[]): Map<string, number> {
  const pairs = new Map<string, Link[]>();
  for (const link of links) {
    const key = [link.from, link.to].sort().join(" ");
    pairs.set(key, [...(pairs.get(key) ?? []), link]);
  }
  const found = new Map<string, number>();
  for (const group of pairs.values()) {
    group.forEach((link, i) => {
      const sign = link.from < link.to ? 1 : -1;
      found.set(link.id, group.length > 1 ? sign * (i - (group.length - 1) / 2) : 0);
    });
  }
  return found;
}

export function lineFeatures(links: readonly Link[], aside: Map<string, number>): GeoJSON.FeatureCollection {
  return {
    type: "FeatureCollection",
    features: links.map((link, id) => ({
      type: "Feature",
      id,
      properties: { id: link.id, mode: link.mode, aside: aside.get(link.id) ?? 0 },
      geometry: { type: "LineString", coordinates: link.line },
    })),
  };
}

/** The point halfway along a line. */
export function middle(line: readonly Point[]): Point {
  const steps = line.slice(1).map((p, i) => {
    const q = line[i] ?? p;
    return Math.hypot(p[0] - q[0], p[1] - q[1]);
  });
  let left = steps.reduce((a, b) => a + b, 0) / 2;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i] ?? 0;
    const a = line[i];
    const b = line[i + 1];
    if (a && b && left <= step) {
      const share = step > 0 ? left / step : 0;
      return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
    }
    left -= step;
  }
  return line[0] ?? [0, 0];
}

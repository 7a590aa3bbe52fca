/** What was clicked: its facts, its history, and the buttons that change it. */
import type { Context } from "../context";
import { h } from "../dom";
import { compact, num, text } from "../format";
import { linkStates, passable, stateOn } from "../map/lines";
import { withEdit } from "../state";
import type { Crossing, Edit, Link, Spell } from "../types";
import { pickButton, sourceLine, table } from "./parts";

export function pickPanel(c: Context): HTMLElement | null {
  const { pick } = c.store.now;
  const [kind, ...rest] = pick.split(":");
  const id = rest.join(":");
  const body = bodies[kind ?? ""]?.(c, id);
  if (!body) return null;
  return h("section", { class: "pick", "aria-label": "What is picked" },
    h("button", { class: "small close", "aria-label": "Close", "data-k": "pick-close", onclick: () => c.store.set({ pick: "" }) }, "×"),
    body,
  );
}

const bodies: Record<string, (c: Context, id: string) => (Node | null)[] | null> = {
  link: linkBody,
  node: nodeBody,
  territory: landBody,
  corridor: corridorBody,
  passage: passageBody,
  disputed: disputedBody,
};

/** The edits that the first button of what is picked would make, if it is quick to solve; else none. */
export function likely(c: Context): Edit[] | null {
  const [kind, ...rest] = c.store.now.pick.split(":");
  const id = rest.join(":");
  if (kind === "link" && c.index.links.has(id)) return withEdit(c.store.now.edits, turn(c, id));
  if (kind === "passage") return withEdit(c.store.now.edits, { verb: "close", noun: "passage", id });
  const here = kind === "node" ? crossingsAt(c, id) : [];
  return here.length ? allSet(c, here) : null;
}

function change(c: Context, edit: Edit): void {
  const edits = withEdit(c.store.now.edits, edit);
  c.store.set({ edits, view: "diff" });
}

const stands = (c: Context, link: string): string => linkStates(c.world, c.day(), c.solved.first).get(link) ?? "";
/** Close a link that is open, and the other way round. */
const turn = (c: Context, id: string): Edit => ({ verb: passable(stands(c, id)) ? "close" : "open", noun: "link", id });
const crossingsAt = (c: Context, node: string): Crossing[] => (c.index.crossingsAt.get(node) ?? []).filter((x) => !x.mode.endsWith("pipeline"));

/** A button for a change; the answer follows at once. */
function button(c: Context, edit: Edit, label: string): HTMLElement {
  return h("button", { class: "act", "data-k": `do-${edit.verb}-${edit.noun}-${edit.id}`, onclick: () => change(c, edit) }, label);
}

function sources(c: Context, name: string): HTMLElement {
  return h("button", { class: "act quiet", "data-k": "pick-sources", onclick: () => c.store.set({ tab: "data", row: name }) }, "Sources");
}

function historyTable(c: Context, spells: readonly Spell[], word: (s: string) => string): HTMLElement {
  const causes = new Map(c.world.causes.map((x) => [x.id, x]));
  return h("details", { "data-k": "pick-history" }, h("summary", {}, "History"), table(["from", "to", "state", "because of"], spells.map(([state, from, to, cause]) => [
    from || "before the record", to || "now", word(state), causes.get(cause)?.name ?? "",
  ])));
}

function linkBody(c: Context, id: string): (Node | null)[] | null {
  const link: Link | undefined = c.index.links.get(id) ?? c.solved.first?.added_links.find((l) => l.id === id);
  if (!link) return null;
  const status = stands(c, id);
  const flip = turn(c, id);
  const word = (s: string): string => c.world.statuses[s] ?? s;
  const { first } = c.solved;
  const now = (first?.new ?? first?.base)?.links[id] ?? [0, 0];
  const was = first?.base.links[id] ?? [0, 0];
  const a = c.index.nodes.get(link.from)?.name ?? link.from;
  const b = c.index.nodes.get(link.to)?.name ?? link.to;
  const land = (t: string): string => c.index.territories.get(t)?.name ?? t;
  const corridors = c.world.corridors.filter((x) => x.links.includes(id));
  return [
    h("h2", {}, link.name),
    h("p", { class: "tags" }, h("span", { class: `tag mode m-${link.mode}` }, c.world.modes[link.mode]?.label ?? link.mode), h("span", { class: "tag" }, word(status) || "does not exist yet"), h("span", { class: "tag soft" }, land(link.territory))),
    h("dl", {},
      row("length", link.km === null ? "unknown" : `${link.km} km`),
      row("capacity", link.capacity === null ? "not published; the model assumes one" : `${compact(link.capacity)} t/yr`),
      first ? row("tonnes a year", first.compared ? `${compact(was[0] + was[1])} before, ${compact(now[0] + now[1])} after` : compact(now[0] + now[1])) : null,
      now[0] + now[1] > 0 ? row("direction", `${compact(now[0])} to ${b}, ${compact(now[1])} to ${a}`) : null,
      link.control && link.control !== link.territory ? row("opening needs the consent of", land(link.control)) : null,
    ),
    h("div", { class: "acts" },
      button(c, flip, flip.verb === "close" ? "Close it" : "Open it"),
      link.passage ? button(c, { verb: "close", noun: "passage", id: link.passage }, `Close ${c.world.passages.find((p) => p.id === link.passage)?.name ?? link.passage}`) : null,
      sources(c, id),
    ),
    corridors.length ? h("p", { class: "note" }, "Part of ", corridors.map((x, i) => [i ? ", " : null, pickButton(c, `corridor:${x.id}`, x.name)])) : null,
    historyTable(c, link.history, word),
  ];
}

const row = (name: string, value: string): (HTMLElement)[] => [h("dt", {}, name), h("dd", {}, value)];

function nodeBody(c: Context, id: string): (Node | null)[] | null {
  const node = c.index.nodes.get(id);
  if (!node) return null;
  const here = crossingsAt(c, id);
  const names = Object.entries(node.names).filter(([, n]) => n !== node.name);
  return [
    h("h2", {}, node.name),
    names.length ? h("p", { class: "local" }, names.map(([tongue, n], i) => [i ? " · " : null, h("bdi", { ...(tongue === "other" ? {} : { lang: tongue }) }, n)])) : null,
    h("p", { class: "tags" }, h("span", { class: "tag" }, node.type.replace("_", " ")), h("span", { class: "tag soft" }, c.index.territories.get(node.territory)?.name ?? node.territory)),
    here.length ? crossings(c, here) : null,
    h("div", { class: "acts" },
      h("button", { class: "act quiet", onclick: () => routeFrom(c, id, "from") }, "Route from here"),
      h("button", { class: "act quiet", onclick: () => routeFrom(c, id, "to") }, "Route to here"),
      sources(c, id)),
  ];
}

function routeFrom(c: Context, id: string, end: "from" | "to"): void {
  const old = c.store.now.route ?? { from: "", to: "", goods: "container" };
  c.store.set({ tab: "route", route: { ...old, [end]: id } });
}

const regimeOf = (c: Context, x: Crossing): string => c.solved.first?.crossings[x.id] ?? stateOn(x.history, c.day());

function crossings(c: Context, here: Crossing[]): HTMLElement {
  const land = (t: string): string => c.index.territories.get(t)?.name ?? t;
  const { first } = c.solved;
  const tonnes = (x: Crossing): string => {
    const now = (first?.new ?? first?.base)?.crossings[x.id] ?? 0;
    const was = first?.base.crossings[x.id] ?? 0;
    return first ? (first.compared && Math.round(was) !== Math.round(now) ? `${compact(was)} → ${compact(now)} t/yr` : `${compact(now)} t/yr`) : "";
  };
  const shut = allShut(c, here);
  return h("div", { class: "crossings" },
    h("div", { class: "acts" },
      h("button", { class: "act", "data-k": "cross-all", onclick: () => c.store.set({ edits: allSet(c, here), view: "diff" }) }, shut ? "Open the crossing" : "Close the crossing")),
    here.map((x) => {
      const regime = regimeOf(c, x);
      const label = `${c.world.modes[x.mode]?.label ?? x.mode}, ${land(x.from)} to ${land(x.to)}`;
      return h("label", { class: "crossing" },
        h("span", {}, label, h("small", {}, tonnes(x))),
        h("select", { "data-k": `regime-${x.id}`, "aria-label": `Regime: ${label}`, onchange: (e) => change(c, { verb: "set", noun: "crossing", id: x.id, regime: (e.target as HTMLSelectElement).value }) },
          regime ? null : h("option", { value: "", selected: true }, "none on this day"),
          c.world.regimes.map((r) => h("option", { value: r.id, selected: r.id === regime, title: r.definition }, r.name))));
    }),
    historyTable(c, here[0]?.history ?? [], (s) => c.world.regimes.find((r) => r.id === s)?.name ?? s),
  );
}

const allShut = (c: Context, here: Crossing[]): boolean => here.every((x) => regimeOf(c, x) === "closed");

/** Close what is open of a place, or open all if nothing is. */
function allSet(c: Context, here: Crossing[]): Edit[] {
  const regime = allShut(c, here) ? "normal" : "closed";
  const there = here.filter((x) => regimeOf(c, x));
  return there.reduce((edits, x) => withEdit(edits, { verb: "set", noun: "crossing", id: x.id, regime }), c.store.now.edits);
}

function landBody(c: Context, id: string): (Node | null)[] | null {
  const land = c.index.territories.get(id);
  if (!land) return null;
  const shut = c.solved.first?.closed_territories.includes(id);
  const edit = c.store.now.edits.find((e) => e.noun === "territory" && e.id === id);
  return [
    h("h2", {}, land.name),
    h("div", { class: "acts" },
      h("button", { class: "act", onclick: () => c.store.set({ tab: "country", country: id }) }, "Its trade"),
      edit
        ? h("button", { class: "act", "data-k": `reopen-${id}`, onclick: () => c.store.set({ edits: c.store.now.edits.filter((e) => e !== edit) }) }, "Open it again")
        : shut ? null : button(c, { verb: "close", noun: "territory", id }, "Close it to all freight"),
      sources(c, id)),
    h("p", { class: "note" }, "A territory that is closed is shut to its own trade too; that trade then stands as without a route."),
  ];
}

function corridorBody(c: Context, id: string): (Node | null)[] | null {
  const corridor = c.world.corridors.find((x) => x.id === id);
  if (!corridor) return null;
  const row = c.solved.detail?.corridors.find((r) => r["corridor_id"] === id);
  return [
    h("h2", {}, corridor.name),
    h("p", { class: "tags" }, h("span", { class: "tag soft" }, `as defined by ${corridor.proponent || "nobody named"}`)),
    row ? h("p", {}, `${compact(num(row["mean_t_yr_new"]))} t/yr on average over ${Math.round(num(row["length_km"]))} km; weakest link ${compact(num(row["weakest_t_yr_new"]))}, busiest ${compact(num(row["peak_t_yr_new"]))}.`) : null,
    h("div", { class: "acts" }, button(c, { verb: "close", noun: "corridor", id }, "Close all of it"), button(c, { verb: "open", noun: "corridor", id }, "Open all of it"), sources(c, id)),
  ];
}

function passageBody(c: Context, id: string): (Node | null)[] | null {
  const passage = c.world.passages.find((x) => x.id === id);
  if (!passage) return null;
  return [
    h("h2", {}, passage.name),
    h("p", {}, passage.note),
    h("div", { class: "acts" }, button(c, { verb: "close", noun: "passage", id }, "Close it"), button(c, { verb: "open", noun: "passage", id }, "Open it"), sources(c, id)),
  ];
}

function disputedBody(c: Context, id: string): (Node | null)[] | null {
  const area = c.world.disputed.find((x) => x.id === id);
  if (!area) return null;
  return [
    h("h2", {}, area.name),
    h("p", { class: "tags" }, h("span", { class: "tag" }, "status disputed")),
    h("p", {}, h("b", {}, "United Nations usage. "), area.un_usage),
    h("p", {}, h("b", {}, "Positions. "), area.positions),
    sourceLine(c, text(area.source)),
  ];
}

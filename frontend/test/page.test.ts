import assert from "node:assert/strict";
import { test } from "node:test";
import { compact, fold } from "../src/format";
import { middle, offsets, stateOn, widthOf, WIDEST } from "../src/map/lines";
import { fromHash, START, Store, toHash, withEdit, type State } from "../src/state";
import type { Link } from "../src/types";

const full: State = {
  order: "aras", versus: "zangezur", date: "2022-07-01",
  edits: [
    { verb: "close", noun: "crossing", id: "rail:astara:AZE-IRN" },
    { verb: "set", noun: "crossing", id: "road:a.b~c", regime: "facilitated" },
  ],
  view: "diff", tab: "route", pick: "link:rail:x-y", route: { from: "xi-an", to: "Şırnak & more", goods: "container" },
  country: "ARM", claim: "C57", row: "btk", camera: [46.123, 40.5, 5.25], theme: "dark",
};

test("a link holds the whole state", () => {
  assert.deepEqual(fromHash(`#${toHash(full)}`), full);
  assert.equal(toHash(START), "");
  assert.deepEqual(fromHash(""), START);
});

test("a broken link is read as far as it makes sense", () => {
  const read = fromHash("#o=aras&d=yesterday&z=a,b&e=burn.link.x~close.link.y&m=odd&t=nowhere");
  assert.equal(read.order, "aras");
  assert.equal(read.date, "");
  assert.deepEqual(read.camera, START.camera);
  assert.deepEqual(read.edits, [{ verb: "close", noun: "link", id: "y" }]);
  assert.equal(read.view, "new");
  assert.equal(read.tab, "order");
});

test("undo and redo walk the same steps; the camera is none", () => {
  const store = new Store(START);
  store.set({ order: "aras" });
  store.set({ camera: [1, 2, 3] });
  store.set({ order: "zangezur" });
  assert.ok(store.undo());
  assert.equal(store.now.order, "aras");
  assert.deepEqual(store.now.camera, [1, 2, 3]);
  assert.ok(store.undo());
  assert.equal(store.now.order, "baseline");
  assert.equal(store.undo(), false);
  assert.ok(store.redo());
  assert.ok(store.redo());
  assert.equal(store.now.order, "zangezur");
  store.undo();
  store.set({ order: "hormuz-closed" });
  assert.equal(store.redo(), false, "a new step ends what could be redone");
});

test("a later edit of one thing takes the place of the earlier", () => {
  const one = withEdit([], { verb: "close", noun: "link", id: "x" });
  const two = withEdit(one, { verb: "open", noun: "link", id: "x" });
  assert.deepEqual(two, [{ verb: "open", noun: "link", id: "x" }]);
  assert.equal(withEdit(two, { verb: "close", noun: "link", id: "y" }).length, 2);
});

test("a state holds from its first day to the day before its last", () => {
  const spells: [string, string, string, string][] = [["open", "", "1993-04-03", ""], ["closed", "1993-04-03", "", "x"]];
  assert.equal(stateOn(spells, "1993-04-02"), "open");
  assert.equal(stateOn(spells, "1993-04-03"), "closed");
  assert.equal(stateOn([["open", "2017-10-30", "", ""]], "2010-01-01"), "");
});

test("the area of a line grows with its tonnes", () => {
  assert.equal(widthOf(100, 100), WIDEST);
  assert.ok(Math.abs(widthOf(25, 100) - WIDEST / 2) < 1e-9);
  assert.equal(widthOf(0, 100), 0);
});

test("links of one pair of places lie side by side", () => {
  const link = (id: string, from: string, to: string): Link => ({ id, from, to }) as Link;
  const aside = offsets([link("a", "x", "y"), link("b", "y", "x"), link("c", "x", "z")]);
  assert.equal(aside.get("c"), 0);
  // the second runs the other way, so the same side of its own line is the other side of the first
  assert.equal(aside.get("a"), -0.5);
  assert.equal(aside.get("b"), -0.5);
});

test("half the way along a line", () => {
  assert.deepEqual(middle([[0, 0], [4, 0], [4, 4]]), [4, 0]);
  assert.deepEqual(middle([[0, 0], [10, 0]]), [5, 0]);
});

test("numbers as people read them", () => {
  assert.equal(compact(-7_654_321, true), "−7.65 M");
  assert.equal(compact(0, true), "0");
  assert.equal(compact(999.9999e6), "1 bn");
  assert.equal(compact(null), "unknown");
  assert.equal(compact(0.04), "0.04");
});

test("letters as one types them", () => {
  assert.equal(fold("Xi'an"), "xian");
  assert.equal(fold("Iğdır"), "igdir");
  assert.equal(fold("Şahtaxtı"), "sahtaxti");
  assert.equal(fold("Gəncə"), "gence");
});

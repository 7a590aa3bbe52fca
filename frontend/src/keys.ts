/** Keys for those who use no mouse; `?` tells them. */
import type { Context } from "./context";
import { at, h, show } from "./dom";
import type { Tab } from "./state";

const TABS: Tab[] = ["order", "route", "country", "claims", "data"];

export const KEYS: [string, string][] = [
  ["/", "search"],
  ["1 … 5", "orders, route, country, claims, data"],
  ["Ctrl Z, Ctrl Shift Z", "undo, redo"],
  ["D", "difference, and back"],
  ["[ and ]", "a year back, a year on"],
  ["T", "light or dark"],
  ["S", "share"],
  ["Arrows, + and −", "move the map, once it has the focus"],
  ["Esc", "close what is picked"],
  ["?", "these keys"],
];

export function helpDialog(): void {
  const dialog = at<HTMLDialogElement>("dialog");
  show(dialog,
    h("h2", {}, "Keys"),
    h("dl", { class: "keys" }, KEYS.map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
    h("p", { class: "note" }, "Every number on this page is an answer of the model behind it; the Data page names the source of what went in. It takes no side: what is disputed is drawn broken, and what is said is attributed."),
    h("button", { class: "act quiet", onclick: () => dialog.close() }, "Close"));
  dialog.showModal();
}

interface Actions { theme: () => void; share: () => void }

export function listen(c: Context, actions: Actions): void {
  document.addEventListener("keydown", (event) => {
    if (at<HTMLDialogElement>("dialog").open) return;
    const typing = event.target instanceof HTMLInputElement && event.target.type !== "range" && event.target.type !== "checkbox";
    const turning = event.ctrlKey || event.metaKey;
    if (turning && event.key.toLowerCase() === "z" && !typing) {
      event.preventDefault();
      if (event.shiftKey) c.store.redo();
      else c.store.undo();
      return;
    }
    if (turning && event.key.toLowerCase() === "y" && !typing) {
      event.preventDefault();
      c.store.redo();
      return;
    }
    if (turning || event.altKey || typing || event.target instanceof HTMLSelectElement) return;
    const tab = TABS[Number(event.key) - 1];
    if (tab) c.store.set({ tab });
    else if (event.key === "/") {
      event.preventDefault();
      at("search").focus();
    } else if (event.key === "d" || event.key === "D") c.store.set({ view: c.store.now.view === "diff" ? "new" : "diff" });
    else if (event.key === "[" || event.key === "]") {
      const slider = at<HTMLInputElement>("year");
      slider.value = String(Number(slider.value) + (event.key === "[" ? -1 : 1));
      slider.dispatchEvent(new Event("input"));
    } else if (event.key === "t" || event.key === "T") actions.theme();
    else if (event.key === "s" || event.key === "S") actions.share();
    else if (event.key === "?") helpDialog();
    else if (event.key === "Escape") c.store.set({ pick: "" });
  });
}

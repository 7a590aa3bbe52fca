/** One printed page: title, map as lines, figures, who gains, what it cannot say. Always on light ground. */
import { backend } from "./backend";
import type { Context } from "./context";
import { at, h, show } from "./dom";
import { gains, headline } from "./figures";
import { pictureSvg, titleOf } from "./picture";
import { dress } from "./theme";

let surface: GeoJSON.FeatureCollection | null = null;

/** Read the ground; printing itself may not wait for it. */
export async function readyToPrint(): Promise<void> {
  surface ??= await backend.ground();
}

/** Make the page when the browser is about to print, and take it away after. */
export function printing(c: Context): void {
  window.setTimeout(() => void readyToPrint(), 5000);
  window.addEventListener("beforeprint", () => {
    dress("light");
    lay(c);
  });
  window.addEventListener("afterprint", () => {
    dress(c.store.now.theme);
    at("print").replaceChildren();
  });
}

function lay(c: Context): void {
  const { first, second } = c.solved;
  const order = c.index.orders.get(c.store.now.order);
  const map = new DOMParser().parseFromString(pictureSvg(c, surface, false), "image/svg+xml").documentElement;
  show(at("print"),
    h("header", {}, h("h1", {}, titleOf(c)), h("p", {}, [order?.status, order?.proponent ? `proposed by ${order.proponent}` : "", order?.description].filter(Boolean).join("; "))),
    h("div", { class: "print-body" },
      h("div", { class: "print-map" }, document.importNode(map, true)),
      h("div", { class: "print-side" }, first ? [headline(c, first, second), gains(c, first, second)] : null)),
    h("footer", {}, first ? `Cannot be said by these numbers: ${first.limits.slice(0, 3).join(" ")}` : "", ` Isthmus ${c.world.meta.version}, facts ${c.world.meta.facts_digest.slice(0, 16)}. ${location.href}`),
  );
}

/** What leaves the page: link, scenario, picture, data, the whole as one file, a printed page. */
import { backend } from "./backend";
import type { Context } from "./context";
import { at, h, show, tell } from "./dom";
import { asked, askedVersus, toHash } from "./state";
import { pictureSvg } from "./picture";
import { readyToPrint } from "./print";

export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const stem = (c: Context): string => {
  const { now } = c.store;
  return `isthmus-${now.order}${now.edits.length ? "-edited" : ""}${now.versus ? `-and-${now.versus}` : ""}`;
};

async function attempt(work: () => Promise<void>, done: string): Promise<void> {
  try {
    await work();
    tell(done);
  } catch (problem) {
    tell(problem instanceof Error ? problem.message : String(problem), "fault");
  }
}

/** Save the state as a scenario the command line runs to the same digits. */
export const saveScenario = (c: Context, name = ""): Promise<void> =>
  attempt(async () => {
    const text = await backend.scenario(asked(c.store.now), name);
    const file = `${fileName(name) || stem(c).replace(/^isthmus-/, "")}.toml`;
    save(new Blob([text], { type: "application/toml" }), file);
  }, "Saved. Run it: isthmus run FILE.toml");

export function shareDialog(c: Context): void {
  const dialog = at<HTMLDialogElement>("dialog");
  const { now } = c.store;
  const name = h("input", { id: "save-name", "data-k": "save-name", value: "", placeholder: now.edits.length ? `${c.index.orders.get(now.order)?.name ?? now.order}, changed by hand` : (c.index.orders.get(now.order)?.name ?? now.order), maxlength: 120 });
  const act = (label: string, note: string, work: () => Promise<void>, done: string): HTMLElement =>
    h("li", {}, h("button", { class: "act", onclick: () => void attempt(work, done) }, label), h("span", {}, note));
  show(dialog,
    h("h2", {}, "Share"),
    h("ul", { class: "share" },
      act("Copy link", "The address holds the whole state.", () => navigator.clipboard.writeText(`${location.href.split("#")[0] ?? ""}#${toHash(now)}`), "Link copied."),
      h("li", { class: "save" }, h("label", { for: "save-name" }, "Scenario file"), name,
        h("button", { class: "act", id: "save-scenario", onclick: () => void saveScenario(c, name.value.trim()) }, "Save"), h("span", {}, "The command line runs it to the same digits.")),
      act("PNG", "The picture as it stands.", () => png(c), "Picture saved."),
      act("SVG", "The picture as lines, to edit.", async () => save(new Blob([pictureSvg(c, await backend.ground())], { type: "image/svg+xml" }), `${stem(c)}.svg`), "Picture saved."),
      ...([["csv", "CSV", "Every result in one long table."], ["xlsx", "Excel", "A sheet for each dimension."], ["gpkg", "GeoPackage", "Links, crossings and places with their flows, for QGIS."], ["geojson", "GeoJSON", "Links with their flows."]] as const).map(([kind, label, note]) =>
        act(label, note, async () => save(await backend.data(kind, asked(now)), `${stem(c)}.${kind}`), `${label} saved.`)),
      act("One HTML file", "Opens from disk, without a server; shows what is solved now.", async () => save(await backend.page(asked(now), now.versus ? askedVersus(now) : null, toHash(now)), `${stem(c)}.html`), "Page saved."),
      act("Print", "One page: map, legend, figures.", async () => {
        dialog.close();
        await readyToPrint();
        window.print();
      }, ""),
    ),
    h("button", { class: "act quiet", "data-k": "dialog-close", onclick: () => dialog.close() }, "Close"),
  );
  dialog.showModal();
}

const fileName = (text: string): string => text.normalize("NFD").replace(/[^\w\s-]/g, "").trim().toLowerCase().replace(/[\s_]+/g, "-").slice(0, 60);

/** The map with its title, legend and date on one canvas. */
async function png(c: Context): Promise<void> {
  const image = new Image();
  const gl = c.view.map.getCanvas();
  const canvas = document.createElement("canvas");
  canvas.width = gl.width;
  canvas.height = gl.height;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser draws no canvas.");
  // what is drawn can be read only in the task that drew it
  c.view.map.redraw();
  pen.drawImage(gl, 0, 0);
  const over = pictureSvg(c, null);
  image.src = URL.createObjectURL(new Blob([over], { type: "image/svg+xml" }));
  await image.decode();
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (!blob) throw new Error("this browser makes no PNG.");
  save(blob, `${stem(c)}.png`);
}

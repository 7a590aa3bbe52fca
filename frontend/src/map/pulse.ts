/** Small marks that move along the busiest links, so that direction is seen; still when asked to be. */
import type { Map as GlMap } from "maplibre-gl";
import { colour, still } from "../theme";
import type { Flows, Link } from "../types";

const BUSIEST = 140;
const APART = 46;
const SPEED = 26;
/** Rest between two pictures: marks move a pixel and a half, and a machine without a graphics card is left in peace. */
const REST_MS = 50;

interface Track { points: Float32Array; along: Float32Array; length: number; forward: number; wide: boolean }

export class Pulses {
  private tracks: Track[] = [];
  private flows: { link: Link; forward: number; back: number }[] = [];
  private running = false;
  private rest = 0;
  private readonly pen: CanvasRenderingContext2D | null;
  private moving = false;
  private held = false;

  constructor(private readonly map: GlMap, private readonly canvas: HTMLCanvasElement) {
    this.pen = canvas.getContext("2d");
    map.on("movestart", () => {
      this.moving = true;
      this.clear();
    });
    map.on("moveend", () => {
      this.moving = false;
      this.place();
    });
    map.on("resize", () => this.place());
    still.addEventListener("change", () => this.start());
    document.addEventListener("visibilitychange", () => this.start());
  }

  /** Show these flows; null shows none. */
  show(links: readonly Link[], flows: Flows | null): void {
    const found = flows
      ? links.flatMap((link) => {
          const [forward, back] = flows.links[link.id] ?? [0, 0];
          return forward + back > 0 ? [{ link, forward, back }] : [];
        })
      : [];
    found.sort((a, b) => b.forward + b.back - a.forward - a.back);
    this.flows = found.slice(0, BUSIEST * 4);
    this.place();
  }

  /** Stand still while a change is solved: the machine may have few cores. */
  hold(held: boolean): void {
    this.held = held;
  }

  private place(): void {
    const box = this.map.getContainer();
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [box.clientWidth, box.clientHeight];
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.pen?.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.tracks = [];
    const top = this.flows[0] ? this.flows[0].forward + this.flows[0].back : 1;
    for (const { link, forward, back } of this.flows) {
      if (this.tracks.length >= BUSIEST) break;
      const points = new Float32Array(link.line.length * 2);
      let seen = false;
      link.line.forEach((p, i) => {
        const { x, y } = this.map.project(p);
        points[2 * i] = x;
        points[2 * i + 1] = y;
        seen ||= x > -50 && y > -50 && x < width + 50 && y < height + 50;
      });
      const along = new Float32Array(link.line.length);
      for (let i = 1; i < along.length; i++) {
        along[i] = (along[i - 1] ?? 0) + Math.hypot((points[2 * i] ?? 0) - (points[2 * i - 2] ?? 0), (points[2 * i + 1] ?? 0) - (points[2 * i - 1] ?? 0));
      }
      const length = along[along.length - 1] ?? 0;
      if (!seen || length < 14) continue;
      this.tracks.push({ points, along, length, forward: forward / (forward + back), wide: forward + back > 0.12 * top });
    }
    this.start();
  }

  private start(): void {
    this.clear();
    const wanted = this.tracks.length > 0 && !still.matches && !document.hidden;
    if (wanted && !this.running) {
      this.running = true;
      requestAnimationFrame(this.step);
    } else if (!wanted) {
      this.running = false;
      window.clearTimeout(this.rest);
    }
  }

  private clear(): void {
    this.pen?.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  private readonly step = (now: number): void => {
    if (!this.running) return;
    if (!this.moving && !this.held) this.draw(now / 1000);
    this.rest = window.setTimeout(() => requestAnimationFrame(this.step), REST_MS);
  };

  private draw(seconds: number): void {
    const pen = this.pen;
    if (!pen) return;
    this.clear();
    // light marks inside wide lines, dark ones on thin lines
    for (const wide of [true, false]) {
      pen.fillStyle = colour(wide ? "paper" : "ink");
      pen.globalAlpha = wide ? 0.9 : 0.6;
      pen.beginPath();
      for (const track of this.tracks) if (track.wide === wide) this.trace(pen, track, seconds);
      pen.fill();
    }
    pen.globalAlpha = 1;
  }

  private trace(pen: CanvasRenderingContext2D, track: Track, seconds: number): void {
    const marks = Math.max(1, Math.round(track.length / APART));
    const gone = (seconds * SPEED) % APART;
    for (let i = 0; i < marks; i++) {
      // marks go the way the tonnes go: a share of them forward, the rest back
      const back = (i + 0.5) / marks > track.forward;
      const at = (i * APART + gone) % track.length;
      this.mark(pen, track, back ? track.length - at : at, track.wide ? 1.7 : 1.4);
    }
  }

  private mark(pen: CanvasRenderingContext2D, track: Track, at: number, size: number): void {
    const { along, points } = track;
    let i = 1;
    while (i < along.length - 1 && (along[i] ?? 0) < at) i++;
    const start = along[i - 1] ?? 0;
    const share = (at - start) / Math.max(1e-6, (along[i] ?? 0) - start);
    const x = (points[2 * i - 2] ?? 0) + ((points[2 * i] ?? 0) - (points[2 * i - 2] ?? 0)) * share;
    const y = (points[2 * i - 1] ?? 0) + ((points[2 * i + 1] ?? 0) - (points[2 * i - 1] ?? 0)) * share;
    pen.moveTo(x + size, y);
    pen.arc(x, y, size, 0, 2 * Math.PI);
  }
}

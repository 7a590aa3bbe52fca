/** Light or dark, and the colours of the page as the map needs them. */
import type { Theme } from "./state";

const asksDark = window.matchMedia("(prefers-color-scheme: dark)");
export const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Set the theme of the page; returns whether it is dark. */
export function dress(theme: Theme): boolean {
  const dark = theme === "dark" || (theme === "auto" && asksDark.matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  known.clear();
  return dark;
}

export function onSystemTheme(changed: () => void): void {
  asksDark.addEventListener("change", changed);
}

const known = new Map<string, string>();

/** A colour of the theme by its name, as the server defines it. */
export function colour(name: string): string {
  let found = known.get(name);
  if (found === undefined) {
    found = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || "#888888";
    known.set(name, found);
  }
  return found;
}

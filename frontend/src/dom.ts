/** Small helpers to make elements: text is always text, never markup. */
type Child = Node | string | number | null | undefined | false | Child[];
type Attributes = Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>;

function fill(element: Element, children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) fill(element, child);
    else if (child !== null && child !== undefined && child !== false) {
      element.append(typeof child === "number" ? String(child) : child);
    }
  }
}

function dress(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (name === "value" && element instanceof HTMLInputElement) element.value = String(value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Make an HTML element. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, children);
  dress(element, attributes);
  return element;
}

/** Make an SVG element. */
export function s<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  dress(element, attributes);
  fill(element, children);
  return element;
}

/** Replace what an element holds; focus stays on the control with the same `data-k`, scroll where it was. */
export function show(root: HTMLElement, ...children: Child[]): void {
  const active = document.activeElement;
  const held = active instanceof HTMLElement && root.contains(active) ? active.dataset["k"] : undefined;
  // to ask for the scroll of what is being filled makes the browser lay it out; few can scroll
  const top = root.classList.contains("panel") && root.firstChild ? root.scrollTop : 0;
  const open = new Set([...root.querySelectorAll<HTMLDetailsElement>("details[open][data-k]")].map((d) => d.dataset["k"]));
  root.replaceChildren();
  fill(root, children);
  for (const details of root.querySelectorAll<HTMLDetailsElement>("details[data-k]")) {
    if (open.has(details.dataset["k"])) details.open = true;
  }
  if (top) root.scrollTop = top;
  if (held) root.querySelector<HTMLElement>(`[data-k="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
}

/** The element of the page with this id; it is a fault of ours if there is none. */
export function at<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found as T;
}

/** Say something to everyone, readers of screens included. */
export function tell(text: string, kind: "note" | "fault" = "note"): void {
  const place = at("told");
  place.textContent = text;
  place.dataset["kind"] = kind;
  place.classList.add("shown");
  window.clearTimeout(Number(place.dataset["timer"] ?? 0));
  place.dataset["timer"] = String(window.setTimeout(() => place.classList.remove("shown"), kind === "fault" ? 9000 : 4000));
}

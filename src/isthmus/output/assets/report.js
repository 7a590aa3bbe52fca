// The page is whole without this script: it adds themes, zooming, panning and sorting.
(() => {
  "use strict";
  const root = document.documentElement;

  const button = document.getElementById("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    const dark = getComputedStyle(root).colorScheme === "dark";
    root.dataset.theme = dark ? "light" : "dark";
  });

  // A map: the view box moves, and --k keeps lines and letters from growing with it.
  const alive = (svg) => {
    const whole = svg.viewBox.baseVal;
    const [W, H] = [whole.width, whole.height];
    let x = 0, y = 0, zoom = 1, frame = 0;
    const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
    const draw = () => {
      frame = 0;
      x = clamp(x, 0, W - W / zoom);
      y = clamp(y, 0, H - H / zoom);
      svg.setAttribute("viewBox", `${x} ${y} ${W / zoom} ${H / zoom}`);
      svg.style.setProperty("--k", zoom ** 0.85);
      svg.dataset.z = zoom >= 7 ? 8 : zoom >= 3.5 ? 4 : zoom >= 1.75 ? 2 : 1;
    };
    const soon = () => { frame = frame || requestAnimationFrame(draw); };
    const at = (event) => {
      const box = svg.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    const scale = (factor, fx = 0.5, fy = 0.5) => {
      const next = factor ? clamp(zoom * factor, 1, 14) : 1;
      x += (fx * W) / zoom - (fx * W) / next;
      y += (fy * H) / zoom - (fy * H) / next;
      zoom = next;
      soon();
    };
    svg.classList.add("live");
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && zoom === 1 && event.deltaY > 0) return;
      event.preventDefault();
      scale(Math.exp(-event.deltaY * 0.0016), ...at(event));
    }, { passive: false });
    svg.addEventListener("dblclick", (event) => scale(2, ...at(event)));
    const fingers = new Map();
    let apart = 0;
    svg.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, event);
      svg.classList.add("held");
    });
    addEventListener("pointermove", (event) => {
      const last = fingers.get(event.pointerId);
      if (!last) return;
      const box = svg.getBoundingClientRect();
      if (fingers.size === 2) {
        fingers.set(event.pointerId, event);
        const [a, b] = [...fingers.values()];
        const now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
        const middle = { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 };
        if (apart) scale(now / apart, ...at(middle));
        apart = now;
        return;
      }
      x -= ((event.clientX - last.clientX) / box.width) * (W / zoom);
      y -= ((event.clientY - last.clientY) / box.height) * (H / zoom);
      fingers.set(event.pointerId, event);
      soon();
    });
    const lift = (event) => {
      fingers.delete(event.pointerId);
      apart = 0;
      if (!fingers.size) svg.classList.remove("held");
    };
    addEventListener("pointerup", lift);
    addEventListener("pointercancel", lift);
    return scale;
  };
  const scales = [...document.querySelectorAll("svg.map")].map(alive);
  const zoom = document.querySelector(".zoom");
  zoom.hidden = false;
  zoom.addEventListener("click", (event) => {
    const factor = event.target.dataset.zoom;
    if (factor !== undefined) scales[0](Number(factor));
  });
  const sheet = document.querySelector(".atlas > .sheet");
  sheet.scrollLeft = (sheet.scrollWidth - sheet.clientWidth) * 0.38;

  for (const table of document.querySelectorAll("table.sortable")) {
    table.classList.add("live");
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.tabIndex = 0;
      const sort = () => {
        const down = head.getAttribute("aria-sort") !== "descending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = (row) => {
          const cell = row.cells[column];
          return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
        };
        const order = (a, b) => (typeof a === "number" ? a - b : String(a).localeCompare(String(b)));
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => (down ? -1 : 1) * order(key(a), key(b)));
        table.tBodies[0].append(...rows);
      };
      head.addEventListener("click", sort);
      head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
    });
  }
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details")) one.open = true;
  });
})();

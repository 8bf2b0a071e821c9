// The list of rows and its scrolling. What is read stays where it is on the screen, whatever comes above or
// below; at the end the list follows.

import { $ } from "./dom.js";
import { rowOf, signatureOf } from "./rows.js";

// The distance from the end that still counts as the end, in pixels.
const END = 40;
// The distance from a gap at which it is filled, in pixels.
const AHEAD = 800;

export class Transcript {
  // `on` has: scrolled(), gap(gap).
  constructor(on) {
    this.on = on;
    this.box = $("scroll");
    this.list = $("list");
    this.rows = new Map();
    this.items = [];
    this.atEnd = true;
    this.planned = false;
    this.box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // Rows stay as and where they are until a press ends, so that it counts.
    this.isPressed = false;
    this.list.addEventListener("pointerdown", () => (this.isPressed = true));
    for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, () => this.isPressed && setTimeout(() => this.#released()));
    this.box.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.box);
  }

  // Shows these items.
  show(items, context) {
    if (this.isPressed) return;
    const anchor = this.atEnd ? null : this.#anchor();
    const rows = new Map();
    let at = this.list.firstChild;
    for (const item of items) {
      const signature = signatureOf(item, context);
      let row = this.rows.get(item.key);
      if (!row || row.signature !== signature) {
        const element = rowOf(item, context);
        if (row) {
          const focused = row.element === document.activeElement;
          if (at === row.element) at = element;
          row.element.replaceWith(element);
          if (focused) element.focus({ preventScroll: true });
        }
        row = { element, signature };
      }
      row.item = item;
      rows.set(item.key, row);
      if (row.element === at) at = at.nextSibling;
      else this.list.insertBefore(row.element, at);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
    this.rows = rows;
    this.items = items;
    if (anchor) this.#restore(anchor);
    else this.toEnd();
    this.#fill();
  }

  toEnd() {
    this.atEnd = true;
    this.box.scrollTop = this.box.scrollHeight;
    this.size = this.#size();
  }

  // Shows the row of a key near the top, or in the middle; false if there is none.
  goTo(key, where = "start") {
    const row = this.rows.get(key);
    if (!row) return false;
    this.atEnd = false;
    row.element.scrollIntoView({ block: where });
    if (where === "start") this.box.scrollTop -= 56;
    this.#note();
    return true;
  }

  // The id of the lowest message that is in sight.
  get lowest() {
    const bottom = this.box.getBoundingClientRect().bottom;
    for (let n = this.items.length - 1; n >= 0; n--) {
      const { kind, event } = this.items[n];
      if (!event || kind === "pending") continue;
      const element = this.rows.get(this.items[n].key).element;
      if (element.getBoundingClientRect().top < bottom - 8) return event.id;
    }
    return null;
  }

  // Moves the focus from message to message.
  focus(step) {
    const all = [...this.list.querySelectorAll("article")];
    if (!all.length) return;
    const at = all.indexOf(document.activeElement?.closest("article"));
    const next = at < 0 ? all.length - 1 : Math.max(0, Math.min(all.length - 1, at + step));
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  }

  #released() {
    this.isPressed = false;
    this.on.scrolled();
  }

  #anchor() {
    const top = this.box.getBoundingClientRect().top;
    for (const item of this.items) {
      const { element } = this.rows.get(item.key);
      const box = element.getBoundingClientRect();
      if (box.bottom > top + 1 && (item.event || item.kind === "pending")) return { key: item.key, top: box.top };
    }
    return null;
  }

  #restore({ key, top }) {
    const row = this.rows.get(key);
    if (row) this.box.scrollTop += row.element.getBoundingClientRect().top - top;
  }

  #note() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const size = this.#size();
    // A keyboard or a turned phone scrolls too, but not away from the end.
    if (!this.atEnd || size === this.size) this.atEnd = scrollHeight - clientHeight - scrollTop < END;
    this.size = size;
  }

  #size() {
    return `${this.box.clientWidth} ${this.box.clientHeight}`;
  }

  #scrolled() {
    this.#note();
    if (this.planned) return;
    this.planned = true;
    requestAnimationFrame(() => {
      this.planned = false;
      this.#fill();
      this.on.scrolled();
    });
  }

  // Has a gap that comes into sight filled.
  #fill() {
    const { top, bottom } = this.box.getBoundingClientRect();
    for (const item of this.items) {
      if (item.kind !== "gap") continue;
      const box = this.rows.get(item.key).element.getBoundingClientRect();
      if (box.bottom > top - AHEAD && box.top < bottom + AHEAD) return this.on.gap(item.gap, box.top < top);
    }
  }

  #key(event) {
    const step = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("pre, button, a")) return;
    event.preventDefault();
    this.focus(step);
  }
}

// Finding in everything that was ever said, newest first, and stepping through what was found.

import { $ } from "./dom.js";
import { offsetOf } from "./ids.js";
import { t } from "./strings.js";

// The pause in typing after which a search begins, in milliseconds.
const TYPING = 300;
// Most ranges that one step searches before it asks the reader, each of 16 MiB of log.
const MOST_SEARCHED = 8;

export class Find {
  // `on` has: search(text, before) which gives a range, show(event), close().
  constructor(on) {
    this.on = on;
    this.reset();
    $("find").addEventListener("click", () => this.toggle());
    $("find-text").addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#start(), TYPING);
    });
    $("find-bar").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.text !== $("find-text").value.trim()) this.#start();
      else this.step(1);
    });
    $("find-older").addEventListener("click", () => this.step(1));
    $("find-newer").addEventListener("click", () => this.step(-1));
    $("find-close").addEventListener("click", () => this.toggle());
    $("find-bar").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.step(-1);
      }
    });
  }

  reset() {
    this.text = "";
    this.found = [];
    this.at = -1;
    this.next = null;
    this.search = 0;
  }

  toggle() {
    const bar = $("find-bar");
    bar.hidden = !bar.hidden;
    $("find").setAttribute("aria-expanded", String(!bar.hidden));
    if (!bar.hidden) return $("find-text").select();
    this.reset();
    this.#say("");
    $("find").focus();
    this.on.close();
  }

  async #start() {
    const text = $("find-text").value.trim();
    this.reset();
    this.text = text;
    if (!text) return this.#say("");
    await this.#more(null);
    if (this.text === text) await this.step(1);
  }

  // Goes to the next older (1) or newer (-1) result.
  async step(by) {
    if (!this.text) return;
    if (by > 0 && this.at + 1 >= this.found.length && this.next) await this.#more(this.next);
    const at = Math.max(0, Math.min(this.found.length - 1, this.at + by));
    if (!this.found.length) return this.#say(t("findNone"));
    this.at = at;
    this.#say(t(this.next ? "findOfMore" : "findOf", at + 1, this.found.length));
    this.on.show(this.found[at]);
  }

  // Searches on until something is found.
  async #more(before) {
    const mine = ++this.search;
    const { text } = this;
    this.#say(t("findSearching"));
    this.next = before;
    for (let n = 0; n < MOST_SEARCHED; n++) {
      const range = await this.on.search(text, this.next).catch(() => null);
      if (mine !== this.search || text !== this.text) return;
      if (!range) return this.#say(t("offline"));
      const found = range.events.filter(({ id }) => id).sort((a, b) => offsetOf(b.id) - offsetOf(a.id));
      this.found.push(...found);
      this.next = range.next;
      if (found.length || !this.next) return;
    }
  }

  #say(words) {
    $("find-count").textContent = words;
  }
}

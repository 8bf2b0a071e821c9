// Where messages are written: limits before they are hit, Enter by what is typed on, drafts that stay.

import { $ } from "./dom.js";
import { t } from "./strings.js";

// Most bytes of a message.
export const MOST_BYTES = 16384;
const NEAR_LIMIT = 512;

const bytesOf = (text) => new TextEncoder().encode(text).length;

// Whether a finger is the way to point here: then Enter is a line break.
const isCoarse = () => matchMedia("(pointer: coarse)").matches;

export class Composer {
  // `on` has: send(text), draft(text), walk(step).
  constructor(on) {
    this.on = on;
    this.form = $("composer");
    this.area = $("draft");
    this.limit = $("limit");
    this.area.setAttribute("enterkeyhint", isCoarse() ? "enter" : "send");
    this.area.addEventListener("input", () => {
      this.#fit();
      on.draft(this.area.value);
    });
    this.area.addEventListener("keydown", (event) => this.#key(event));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  set text(text) {
    this.area.value = text;
    this.#fit();
  }

  get text() {
    return this.area.value;
  }

  focus() {
    // A finger that has not asked for it wants no keyboard.
    if (!isCoarse()) this.area.focus();
  }

  #key(event) {
    // An input method's Enter ends its word; in some browsers the event says so only by its code.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey && !isCoarse()) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "ArrowUp" && this.area.value === "") {
      event.preventDefault();
      this.on.walk(0);
    }
  }

  #send() {
    const text = this.area.value.replace(/\s+$/u, "");
    if (!text.trim() || bytesOf(text) > MOST_BYTES) return;
    this.text = "";
    this.on.draft("");
    this.on.send(text);
    this.area.focus();
  }

  #fit() {
    const { area } = this;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
    const over = bytesOf(area.value) - MOST_BYTES;
    this.limit.hidden = over < -NEAR_LIMIT;
    this.limit.textContent = over > 0 ? t("limit", over, MOST_BYTES) : t("limitNear", -over);
    this.form.classList.toggle("over", over > 0);
    $("send").disabled = over > 0 || !area.value.trim();
  }
}

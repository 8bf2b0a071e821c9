// The way in: a name, and the room's key where there is one.

import { $ } from "./dom.js";
import { ask, Refused } from "./wire.js";
import { t } from "./strings.js";

export class Login {
  // `entered` gets the session that the room gave, and the key that was typed.
  constructor(entered) {
    this.entered = entered;
    this.needsKey = false;
    this.form = $("login");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#enter();
    });
  }

  // Asks for a name; `why` says what is wrong with the last one.
  open({ name, key, needsKey, why }) {
    this.needsKey = needsKey;
    $("key-field").hidden = !needsKey;
    if (name) $("name").value = name;
    if (key) $("key").value = key;
    this.#say(why ?? "");
    this.form.hidden = false;
    const first = needsKey && $("name").value ? $("key") : $("name");
    first.focus();
    first.select();
  }

  close() {
    this.form.hidden = true;
  }

  // Logs in without asking; false if the room refused.
  async again(name, key) {
    try {
      this.entered(await ask("POST", "/session", this.#request(name, key)), key);
      return true;
    } catch (error) {
      if (error instanceof Refused) return false;
      throw error;
    }
  }

  #request(name, key) {
    return { headers: { "Content-Type": "application/json" }, body: JSON.stringify(key ? { name, key } : { name }) };
  }

  async #enter() {
    const name = $("name").value.trim();
    const key = this.needsKey ? $("key").value : "";
    const send = $("enter");
    send.disabled = true;
    this.#say("");
    try {
      const session = await ask("POST", "/session", this.#request(name, key));
      this.entered(session, key);
    } catch (error) {
      if (error instanceof Refused && error.error.startsWith("key_")) this.needsKey = true;
      $("key-field").hidden = !this.needsKey;
      this.#say(error instanceof Refused ? error.message : `${t("offline")} ${t("tryNow")}`);
      const wrong = error.error?.startsWith("key_") ? $("key") : $("name");
      wrong.focus();
      wrong.select();
    } finally {
      send.disabled = false;
    }
  }

  #say(why) {
    $("refusal").textContent = why;
    $("name").setAttribute("aria-invalid", String(why !== ""));
  }
}

// The tabs of one browser in one room: one of them leads. It has the event stream, sends, and hands on to
// the others what it hears. A tab that becomes visible takes the lead.
//
// There are no web locks on a plain address of a network; a channel is everywhere.

import { newKey } from "./ids.js";

// The time for which a leader may be silent, in milliseconds: it speaks with every heartbeat of its stream.
const LEADER_SILENCE = 40e3;
// The time that an old leader has to answer.
const HANDOVER = 300;

export class Tabs {
  // `on` has: lead(), follow(), heard(message) for messages of other tabs.
  constructor(log, on) {
    this.id = newKey();
    this.on = on;
    this.isLeading = false;
    this.watch = 0;
    this.claim = 0;
    this.channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(`chatroom/${log}`) : null;
    if (this.channel) this.channel.onmessage = ({ data }) => this.#receive(data);
  }

  // Asks for the lead, which comes at once where nobody else has it.
  take() {
    if (this.isLeading || this.claim) return;
    if (!this.channel) return this.#lead();
    this.send({ type: "claim" });
    this.claim = setTimeout(() => this.#lead(), HANDOVER);
  }

  send(message) {
    this.channel?.postMessage({ ...message, tab: this.id });
  }

  // The leader is there.
  alive() {
    if (this.isLeading) this.send({ type: "alive" });
  }

  close() {
    if (this.isLeading) this.send({ type: "gone" });
    this.isLeading = false;
    clearTimeout(this.watch);
    clearTimeout(this.claim);
    this.claim = 0;
    this.channel?.close();
  }

  // The page is being hidden for good, or comes back from the browser's memory.
  leave() {
    if (!this.isLeading) return;
    this.#follow();
    this.send({ type: "gone" });
  }

  #lead() {
    clearTimeout(this.claim);
    clearTimeout(this.watch);
    this.claim = 0;
    this.isLeading = true;
    this.on.lead();
  }

  #follow() {
    const led = this.isLeading;
    this.isLeading = false;
    clearTimeout(this.claim);
    this.claim = 0;
    this.#expect();
    if (led) this.on.follow();
  }

  #expect() {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => this.take(), LEADER_SILENCE);
  }

  #receive(message) {
    switch (message.type) {
      case "claim":
        // Of two that claim at once, the smaller id waits.
        if (this.claim && this.id > message.tab) return;
        this.#follow();
        this.send({ type: "yield", to: message.tab });
        break;
      case "yield":
        if (this.claim && message.to === this.id) this.#lead();
        break;
      case "gone":
        if (!this.isLeading) this.take();
        break;
      case "alive":
        if (!this.isLeading) this.#expect();
        break;
      default:
        if (!this.isLeading) this.#expect();
        this.on.heard(message);
    }
  }
}

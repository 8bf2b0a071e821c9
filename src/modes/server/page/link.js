// The connection to the room: catches up, listens, sends the outbox, and never gives up.
//
// What always holds: after a break first everything that was missed is read, then messages that may have
// arrived are looked for, and only then they are sent again, under the same key.

import { offsetOf } from "./ids.js";
import { ask, askHealth, listen, Refused } from "./wire.js";

// Most events that a stream begins with after a break; older ones are loaded as ranges.
const MOST_MISSED = 500;
// The delays between two attempts, in milliseconds.
const FIRST_DELAY = 250;
const LONGEST_DELAY = 15e3;
// Most ranges that are searched for a message that may have arrived, each of a thousand events.
const MOST_RANGES = 20;
// Longest delay that a server can impose, in seconds.
const LONGEST_WAIT = 300;

const sleep = (time, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, time);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });

export class Link {
  // `session` is { log, token }, `outbox` the messages, `on` has: state(state), members(members), events(events),
  // sent(key, said), refused(key, why), tried(key), version(page), heard() which gives the newest event's id or null.
  constructor(session, outbox, on) {
    this.session = session;
    this.outbox = outbox;
    this.on = on;
    this.stopper = null;
    this.delay = FIRST_DELAY;
    this.hurry = () => {};
    this.kick = () => {};
  }

  start() {
    if (this.stopper) return;
    this.stopper = new AbortController();
    this.#run(this.stopper.signal);
  }

  stop() {
    this.stopper?.abort();
    this.stopper = null;
  }

  // There may be something to send.
  wake() {
    this.kick();
  }

  // Tries now, whatever delay is under way; `fresh` also if a connection seems to be open.
  now(fresh) {
    this.delay = FIRST_DELAY;
    if (fresh && this.stopper) {
      this.stop();
      this.start();
    } else this.hurry();
  }

  async #run(signal) {
    while (!signal.aborted) {
      const attempt = new AbortController();
      const end = () => attempt.abort();
      signal.addEventListener("abort", end);
      let why = null;
      try {
        this.on.state({ kind: "connecting" });
        await this.#connected(attempt.signal);
      } catch (error) {
        why = error;
      }
      end();
      signal.removeEventListener("abort", end);
      if (signal.aborted) return;
      if (why?.kind) return this.on.state(why);
      if (why instanceof Refused && why.status === 401) return this.on.state({ kind: "over", why: why.message, error: why.error });
      const refused = why instanceof Refused ? why : null;
      const asked = refused?.again ? Math.min(refused.again, LONGEST_WAIT) * 1e3 : 0;
      const delay = Math.max(asked, this.delay * (1 - Math.random() / 2));
      this.delay = Math.min(this.delay * 2, LONGEST_DELAY);
      this.on.state({ kind: "offline", why: refused?.message ?? null, again: Date.now() + delay });
      const pause = new AbortController();
      signal.addEventListener("abort", () => pause.abort());
      this.hurry = () => pause.abort();
      await sleep(delay, pause.signal);
      this.hurry = () => {};
    }
  }

  // One connection, until it ends.
  async #connected(signal) {
    const { log, token } = this.session;
    const health = await askHealth(signal);
    if (health.id !== log) throw { kind: "elsewhere", log: health.id };
    this.on.version(health.page);
    const members = await ask("GET", "/members", { token, signal });
    this.on.members(members);
    const last = this.on.heard() ?? members.id;
    const target = offsetOf(members.id);
    let caughtUp = null;
    const catching = new Promise((resolve) => (caughtUp = resolve));
    const isThere = () => {
      const heard = this.on.heard();
      return heard && offsetOf(heard) >= target;
    };
    const take = (events) => {
      this.on.events(events);
      this.delay = FIRST_DELAY;
      if (caughtUp && isThere()) {
        caughtUp();
        caughtUp = null;
        this.on.state({ kind: "online" });
      }
      const bye = events.find(({ type }) => type === "bye");
      if (bye) throw new Error(bye.message);
    };
    const stream = listen(`/events?max=${MOST_MISSED}`, { token, last, take, signal });
    const sending = catching.then(() => this.#send(signal));
    // Whichever ends first ends the other.
    await Promise.race([stream, sending.then(() => new Promise(() => {}))]);
    throw new Error("the stream ended");
  }

  // Sends what is in the outbox and what comes.
  async #send(signal) {
    const { token } = this.session;
    while (!signal.aborted) {
      const message = this.outbox.next;
      if (!message) {
        await new Promise((resolve) => {
          this.kick = resolve;
          signal.addEventListener("abort", resolve);
        });
        continue;
      }
      if (message.tried) {
        const found = await this.#find(message, signal);
        if (found === "unknown") this.on.refused(message.key, null);
        if (found !== "missing") continue;
      }
      this.on.tried(message.key);
      try {
        const headers = { "Content-Type": "text/plain; charset=utf-8", "Idempotency-Key": message.key };
        const said = await ask("POST", "/messages", { token, headers, body: message.text, signal });
        this.on.sent(message.key, said);
      } catch (error) {
        if (!(error instanceof Refused) || error.status === 401) throw error;
        if (!error.isForNow) {
          this.on.refused(message.key, error.message);
          continue;
        }
        const delay = Math.min(error.again ?? 2, LONGEST_WAIT) * 1e3;
        this.on.state({ kind: "held", why: error.message, again: Date.now() + delay });
        await sleep(delay, signal);
        if (!signal.aborted) this.on.state({ kind: "online" });
      }
    }
  }

  // Looks for a message that may have arrived, from the event on that was the newest when it was sent.
  async #find(message, signal) {
    const { token } = this.session;
    let from = message.after;
    if (!from) return "missing";
    for (let ranges = 0; ranges < MOST_RANGES; ranges++) {
      let range;
      try {
        range = await ask("GET", `/messages?since=${from}&limit=1000`, { token, signal });
      } catch (error) {
        // The log does not know the event: it was restored from a copy. The server still knows its keys.
        if (error instanceof Refused && error.status === 400) return "missing";
        throw error;
      }
      const found = range.events.find(({ key }) => key === message.key);
      if (found) {
        this.on.sent(message.key, found);
        return "found";
      }
      if (range.next === null) return "missing";
      from = range.next;
    }
    return "unknown";
  }
}

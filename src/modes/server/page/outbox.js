// The messages that are not in the room yet, oldest first. Pure: storage and sending are elsewhere.
//
// What always holds: a message has its key before it is sent, and keeps it; one is sent at a time; one
// that may have arrived (it has `after`) is looked for in the room before it is sent again. The twin of
// src/modes/gui/link/outbox.rs.

import { newKey } from "./ids.js";

// A message: `after` is the newest event that was known when it was first sent, `why` the reason of a refusal.
export const newMessage = (text, name, number) => ({ key: newKey(), text, name, number, after: null, tried: false, why: null });

export class Outbox {
  constructor(messages = []) {
    this.messages = messages;
  }

  // The message to send next.
  get next() {
    return this.messages.find((message) => message.why === null && !message.stored);
  }

  get waiting() {
    return this.messages.filter((message) => message.why === null && !message.stored).length;
  }

  add(message) {
    this.messages.push(message);
    this.messages.sort((a, b) => a.number - b.number);
  }

  get(key) {
    return this.messages.find((message) => message.key === key);
  }

  // It is in the room, or was deleted; true if it was here.
  remove(key) {
    const had = this.messages.length;
    this.messages = this.messages.filter((message) => message.key !== key);
    return this.messages.length < had;
  }

  // It is on its way: if it arrives, it stands after this event.
  sent(key, after) {
    const message = this.get(key);
    if (!message) return;
    message.tried = true;
    message.after = after;
  }

  // It did not arrive.
  clear(key) {
    const message = this.get(key);
    if (message) Object.assign(message, { tried: false, after: null });
  }

  // The room has it; it is shown here until the stream brings it.
  stored(key) {
    const message = this.get(key);
    if (message) message.stored = true;
  }

  refuse(key, why) {
    const message = this.get(key);
    if (message) message.why = why;
  }

  // Sends a refused message again, at its place in the order; under a new key, since the room has answered the old one.
  retry(key, name) {
    const message = this.get(key);
    if (message) Object.assign(message, newMessage(message.text, name, message.number));
    return message;
  }

  // Messages of another name than the one that is logged in now are not sent under it.
  refuseOthers(name, why) {
    for (const message of this.messages) if (message.name !== name && message.why === null) message.why = why;
  }
}

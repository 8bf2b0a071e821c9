// What a screen reader says of new messages: politely, together, and only if wanted.

import { $ } from "./dom.js";
import { settings } from "./keep.js";
import { messagesOf } from "./strings.js";

// The time over which messages are gathered, in milliseconds.
const GATHER = 1500;
// Most messages that are read out one by one.
const READ_OUT = 3;

let gathered = [];
let timer = 0;

export const wantsAnnouncements = () => settings.get("announce") !== false;

export const setAnnouncements = (wanted) => settings.set("announce", wanted);

export function announce(from, text) {
  if (!wantsAnnouncements()) return;
  gathered.push(`${from}: ${text.slice(0, 300)}`);
  timer ||= setTimeout(() => {
    $("announcer").textContent = gathered.length > READ_OUT ? messagesOf(gathered.length) : gathered.join(". ");
    gathered = [];
    timer = 0;
  }, GATHER);
}

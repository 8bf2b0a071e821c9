// The room for a wall: large, without a login's controls, a little late, so that what is erased at once was
// not shown, with the address at which others join. Never a key.

import { $, make, named } from "./dom.js";
import { drawingOf } from "./qr.js";
import { body } from "./rows.js";
import { t } from "./strings.js";

// The delay of messages, in milliseconds.
const DELAY = 5e3;
// Most messages on the wall.
const SHOWN = 12;

let redraw = 0;

export const isProjecting = () => document.body.classList.contains("wall");

export function project(wanted, addresses) {
  document.body.classList.toggle("wall", wanted);
  $("wall").hidden = !wanted;
  if (!wanted) return;
  const lines = addresses.map((address) => make("p", {}, address.replace(/^http:\/\/|\/$/g, "")));
  $("wall-join").replaceChildren(...[drawingOf(addresses[0]), make("div", {}, ...lines)].filter(Boolean));
}

// Shows the newest of these messages that are old enough; `ahead` is how far the server's clock is ahead.
export function drawWall(events, ahead, again) {
  clearTimeout(redraw);
  const until = Date.now() + ahead - DELAY;
  const old = events.filter(({ at }) => Date.parse(at) <= until).slice(-SHOWN);
  const rows = old.map(({ from, text }) => make("article", {}, named(from), body(text, { names: [] })));
  $("wall-list").replaceChildren(...(rows.length ? rows : [make("p", {}, t("empty"))]));
  const young = events.find(({ at }) => Date.parse(at) > until);
  if (young) redraw = setTimeout(again, Math.max(200, Date.parse(young.at) - until));
}

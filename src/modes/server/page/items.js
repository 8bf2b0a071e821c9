// The items of the transcript from top to bottom: messages in groups, days, pauses, folded runs of joins
// and leaves, gaps, the line above what is new. Pure; the twin of src/modes/gui/transcript/items.rs.

import { offsetOf } from "./ids.js";

// Shortest run of joins and leaves that is folded into one line.
const MANY = 4;
// Longest pause between two messages of one group, in milliseconds.
const SAME_GROUP = 5 * 60e3;
// Shortest pause that is named in a line of its own.
const QUIET = 10 * 60e3;

// The text after "/me ", if a message is an action.
export const actionOf = (text) => (/^\/me /i.test(text) ? text.slice(4) : null);

const isPresence = ({ type }) => type === "join" || type === "leave" || type === "opened" || type === "closed";

// `day` gives the name of the local day of an event's time.
export function itemsOf(history, { unreadFrom, unfolded, pending, day }) {
  const items = [];
  let run = [];
  let lastDay = null;
  let said = null;
  let lastAt = null;
  let marked = unreadFrom === null;
  let isFirst = true;

  const put = (key, kind, more) => items.push({ key: kind + key, kind, ...more });

  const endRun = () => {
    if (run.length >= MANY && !unfolded.has(run[0].id)) put(run[0].id, "run", { events: run });
    else for (const event of run) put(event.id, "presence", { event });
    run = [];
  };

  for (const { gap, event } of history.parts()) {
    if (gap) {
      endRun();
      put(gap.end, "gap", { gap });
      said = lastAt = null;
      isFirst = false;
      continue;
    }
    if (isFirst) put("", "start", {});
    isFirst = false;
    const at = event.at ? Date.parse(event.at) : null;
    const today = at === null ? lastDay : day(at);
    if (today !== lastDay) {
      endRun();
      put(today, "day", { at });
      lastDay = today;
      said = lastAt = null;
    }
    if (!marked && event.type === "message" && offsetOf(event.id) >= unreadFrom) {
      endRun();
      put("", "unread", {});
      marked = true;
      said = null;
    }
    if (isPresence(event)) {
      run.push(event);
      said = null;
      continue;
    }
    endRun();
    if (event.type === "message") {
      if (lastAt !== null && at - lastAt >= QUIET) {
        put(event.id, "pause", { minutes: Math.floor((at - lastAt) / 60e3) });
        said = null;
      }
      const grouped =
        said !== null &&
        said.from === event.from &&
        at - Date.parse(said.at) < SAME_GROUP &&
        actionOf(said.text) === null &&
        actionOf(event.text) === null;
      put(event.id, "message", { event, grouped });
      said = event;
      lastAt = at;
    } else {
      put(event.id, "notice", { event });
      said = null;
    }
  }
  endRun();
  for (const message of pending) put(message.key, "pending", { message });
  return items;
}

// A folded run: how many came and went, by whom, in the order in which each happened last.
export function summaryOf(events) {
  const kinds = { join: [], leave: [], opened: [], closed: [] };
  const last = {};
  events.forEach((event, index) => {
    kinds[event.type].push(event.name ?? "");
    last[event.type] = index;
  });
  return Object.keys(last)
    .sort((a, b) => last[a] - last[b])
    .map((type) => ({ type, count: kinds[type].length, names: [...new Set(kinds[type])] }));
}

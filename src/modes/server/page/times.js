// Times in words, in the reader's language and time zone. The browser's own formats are expensive to make.

import { language, t } from "./strings.js";

const DAY = 86400e3;
const clockFormat = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { hour: "2-digit", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const wholeFormat = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });

export const clockOf = (at) => clockFormat.format(at);

export const wholeOf = (at) => wholeFormat.format(at);

// A key for the local day of a time.
export function dayOf(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

// The local day in words.
export function dayWords(at, now = Date.now()) {
  if (dayOf(at) === dayOf(now)) return t("today");
  if (dayOf(at) === dayOf(now - DAY)) return t("yesterday");
  return dayFormat.format(at);
}

// A length of time in words, with one unit.
export function lengthOf(seconds) {
  const [unit, length] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]].find(([, length]) => seconds >= length) ?? ["second", 1];
  return Math.floor(seconds / length).toLocaleString(language, { style: "unit", unit, unitDisplay: "long" });
}

// A sender's elapsed time as the log has it: H:MM:SS.
export function elapsedOf(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

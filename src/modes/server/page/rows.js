// The rows of the transcript, one for each item.

import { button, hueOf, make, named } from "./dom.js";
import { blocksOf, isCalled, spansOf, targetOf } from "./forms.js";
import { actionOf, summaryOf } from "./items.js";
import { t } from "./strings.js";
import { clockOf, dayWords, elapsedOf, lengthOf, wholeOf } from "./times.js";

// Lines of a block of code that are shown before it is unfolded.
const FOLD = 16;

const graphemes = (text, count) => {
  if (!globalThis.Intl?.Segmenter) return [...text].slice(0, count).join("");
  const segments = [...new Intl.Segmenter().segment(text)].slice(0, count);
  return segments.map(({ segment }) => segment).join("");
};

function spans(text, context) {
  return spansOf(text, context.names).map((span) => {
    switch (span.kind) {
      case "code":
        return make("code", {}, span.text);
      case "link":
        return make("a", { href: targetOf(span.text), target: "_blank", rel: "noopener noreferrer" }, span.text);
      case "name":
        return make("b", { class: `at h${hueOf(span.text.replace(/^@/, ""))}` }, span.text);
      default:
        return span.text;
    }
  });
}

function code(text) {
  const lines = text.split("\n");
  const body = make("code", {}, text);
  const block = make("pre", { tabindex: "0" }, body);
  const copy = button(t("copy"), () => {
    copyText(text);
    copy.textContent = t("copied");
  }, { class: "copy" });
  if (lines.length <= FOLD) return make("div", { class: "block" }, block, copy);
  block.classList.add("folded");
  const unfold = button(`${lines.length} ↓`, () => {
    block.classList.remove("folded");
    unfold.remove();
  }, { class: "unfold", "aria-label": t("gap") });
  return make("div", { class: "block" }, block, copy, unfold);
}

// Copies also where the browser has no clipboard interface, on a plain address of a network.
export function copyText(text) {
  if (navigator.clipboard) return void navigator.clipboard.writeText(text).catch(() => {});
  const area = make("textarea", { class: "sr", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function body(text, context) {
  const children = blocksOf(text).map((block) => {
    switch (block.kind) {
      case "code":
        return code(block.text);
      case "quote":
        return make("blockquote", {}, ...spans(block.text, context));
      default:
        return make("p", {}, ...spans(block.text, context));
    }
  });
  return make("div", { class: "text", dir: "auto" }, ...children);
}

const time = (at, more = {}) => make("time", { datetime: at, title: wholeOf(Date.parse(at)), ...more }, clockOf(Date.parse(at)));

const namesOf = (names) => (names.length > 4 ? t("others", names.slice(0, 3).join(", ")) : names.join(", "));

// The line as the log has it.
const asInLog = (words) => make("article", { class: "row log", tabindex: "-1" }, words);

function message({ event, grouped }, context) {
  if (context.asLog) return asInLog(`[${event.from}]: ${elapsedOf(event.elapsed ?? 0)}:${event.text}`);
  const action = actionOf(event.text);
  const mine = event.from === context.me;
  const called = !mine && isCalled(event.text, context.me);
  const name = `row message${grouped ? " grouped" : ""}${called ? " called" : ""}${action === null ? "" : " action"}${context.found === event.id ? " found" : ""}`;
  const disc = make("span", { class: `disc h${hueOf(event.from)}`, "aria-hidden": "true" }, grouped ? "" : graphemes(event.from, 2));
  const who = make("span", { class: "who" }, named(event.from), " ", time(event.at, { class: "clock-narrow" }));
  const said = action === null ? body(event.text, context) : make("div", { class: "text", dir: "auto" }, make("p", {}, named(event.from), " ", ...spans(action, context)));
  const elapsed = elapsedOf(event.elapsed ?? 0);
  const more = button("⋯", () => context.menu(event, more), { class: "more", "aria-label": t("menu"), tabindex: "-1" });
  const article = make("article", { class: name, tabindex: "-1", title: elapsed }, disc, who, said, time(event.at, { class: "clock" }), more);
  article.setAttribute("aria-label", `${event.from}, ${clockOf(Date.parse(event.at))}`);
  return article;
}

function pending({ message: one }, context) {
  const refused = one.why !== null;
  const state = refused
    ? make("div", { class: "why" }, `${t("refused")} ${one.why} `, button(t("retry"), () => context.retry(one.key)), button(t("deleteIt"), () => context.remove(one.key)))
    : make("div", { class: "sr" }, t("sending"));
  const who = make("span", { class: "who" }, named(one.name));
  const disc = make("span", { class: `disc h${hueOf(one.name)}`, "aria-hidden": "true" }, graphemes(one.name, 2));
  const clock = make("span", { class: "clock", "aria-hidden": "true", title: t("sending") }, refused ? "!" : one.stored ? "" : "◷");
  const row = make("article", { class: `row message pending${refused ? " refused" : one.stored ? " stored" : ""}`, tabindex: "-1", "data-key": one.key }, disc, who, body(one.text, context), clock);
  row.querySelector(".text").append(state);
  return row;
}

function presenceWords(event) {
  switch (event.type) {
    case "join":
      return t("arrived", event.name);
    case "leave":
      return t("left", event.name);
    case "opened":
      return t("opened");
    default:
      return t("closed");
  }
}

function runWords(events) {
  const many = { join: "arrivedMany", leave: "leftMany" };
  const words = summaryOf(events).map(({ type, count, names }) => {
    if (many[type]) return t(many[type], count, namesOf(names));
    return count === 1 ? t(type) : t(`${type}Many`, count);
  });
  return words.join(", ");
}

function notice({ event }) {
  switch (event.type) {
    case "erased":
      return t("erased");
    case "damaged":
      return `${t("damaged")}: ${event.message}`;
    default:
      return event.text ?? event.message ?? "";
  }
}

// The element of an item.
export function rowOf(item, context) {
  switch (item.kind) {
    case "message":
      return message(item, context);
    case "pending":
      return pending(item, context);
    case "day":
      return make("h2", { class: "row day" }, make("span", {}, dayWords(item.at)));
    case "pause":
      return make("p", { class: "row pause" }, t("later", lengthOf(item.minutes * 60)));
    case "unread":
      return make("p", { class: "row unread", role: "separator" }, make("span", {}, t("newLine")));
    case "start":
      return make("p", { class: "row start" }, t("start"));
    case "gap":
      return make("p", { class: "row gap" }, button(context.loading === item.gap.end ? t("gapLoading") : t("gap"), () => context.load(item.gap)));
    case "run":
      return make("p", { class: "row presence" }, button(runWords(item.events), () => context.unfold(item.events[0].id), { class: "plain" }));
    case "presence":
      if (context.asLog && item.event.name) return asInLog(`Client (${item.event.name}) ${item.event.type === "join" ? "entered" : "left"} room`);
      return make("p", { class: "row presence", dir: "auto" }, presenceWords(item.event));
    default:
      return make("p", { class: "row presence", dir: "auto" }, notice(item));
  }
}

// What a row depends on besides its item's key: where this is the same, so is the row.
export function signatureOf(item, context) {
  switch (item.kind) {
    case "message":
      return `${item.grouped}|${context.found === item.event.id}|${context.asLog}|${context.namesKey}`;
    case "pending":
      return `${item.message.why}|${item.message.stored}|${context.namesKey}`;
    case "gap":
      return String(context.loading === item.gap.end);
    case "run":
      return String(item.events.length);
    case "day":
      return dayWords(item.at);
    case "presence":
      return String(context.asLog);
    default:
      return "";
  }
}

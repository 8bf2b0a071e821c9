// The page: what is shown, and who does what when something happens.

import { call, notificationObstacle, setNotifications, setSound, showUnread, wantsNotifications, wantsSound } from "./alerts.js";
import { announce, setAnnouncements, wantsAnnouncements } from "./announce.js";
import { Composer } from "./composer.js";
import { $, button, make, named } from "./dom.js";
import { Find } from "./find.js";
import { isCalled } from "./forms.js";
import { boundsOf, History } from "./history.js";
import { logOf, offsetOf } from "./ids.js";
import { itemsOf } from "./items.js";
import { isDurable, Keep, leftovers, settings } from "./keep.js";
import { Link } from "./link.js";
import { Login } from "./login.js";
import { newMessage, Outbox } from "./outbox.js";
import { drawWall, isProjecting, project } from "./projector.js";
import { copyText } from "./rows.js";
import { language, messagesOf, t } from "./strings.js";
import { Tabs } from "./tabs.js";
import { dayOf, lengthOf } from "./times.js";
import { Transcript } from "./transcript.js";
import { ask, askHealth, Refused } from "./wire.js";

// Events of one range.
const RANGE = 100;
// The silence after which somebody is called quiet, in seconds.
const IDLE = 300;

const page = {
  log: null,
  keep: null,
  session: null,
  key: "",
  history: new History(),
  outbox: new Outbox(),
  members: new Map(),
  membersAt: 0,
  heard: null,
  read: null,
  unreadFrom: null,
  unread: 0,
  called: 0,
  settled: false,
  state: { kind: "connecting" },
  loading: null,
  failed: new Set(),
  unfolded: new Set(),
  found: null,
  link: null,
  tabs: null,
};

let isDrawing = false;
let countdown = 0;

const transcript = new Transcript({ scrolled, gap: loadGap });
const composer = new Composer({ send, draft: (text) => page.keep?.set("draft", text), walk: (step) => transcript.focus(step) });
const login = new Login(entered);
const find = new Find({
  search: (text, before) => {
    const query = new URLSearchParams({ find: text, limit: RANGE, ...(before ? { before } : {}) });
    return ask("GET", `/messages?${query}`, { token: page.session.token });
  },
  show: (event) => goTo(event),
  close: () => {
    page.found = null;
    draw();
  },
});

// Arriving.

async function arrive() {
  let health;
  try {
    health = await askHealth();
  } catch {
    setTimeout(arrive, 2000);
    return;
  }
  page.log = health.id;
  page.keep = new Keep(page.log);
  page.key = page.keep.get("key") ?? "";
  page.hasKey = health.key === true;
  page.version = health.page;
  nameRoom(page.keep.get("room") ?? health.room ?? "");
  const token = page.keep.get("token");
  const name = page.keep.get("name");
  if (token && name) return enter({ token, name, room: page.keep.get("room") });
  askName();
}

function askName(why) {
  const asked = new URLSearchParams(location.hash.slice(1)).get("name");
  login.open({ name: asked ?? page.keep.get("name") ?? settings.get("name"), key: page.key, needsKey: page.hasKey, why });
  $("room").hidden = true;
}

function entered(session, key) {
  page.key = key;
  for (const [name, value] of Object.entries({ token: session.token, name: session.name, room: session.room, key })) page.keep.set(name, value);
  settings.set("name", session.name);
  page.tabs?.send({ type: "session" });
  enter(session);
}

function enter(session) {
  page.session = session;
  page.outbox = new Outbox(page.keep.messages());
  page.outbox.refuseOthers(session.name, t("notAs"));
  page.read = page.keep.get("read");
  nameRoom(session.room ?? "");
  login.close();
  $("room").hidden = false;
  composer.text = page.keep.get("draft") ?? "";
  drawAside();
  composer.focus();
  page.link?.stop();
  page.link = new Link({ log: page.log, token: session.token }, page.outbox, {
    state: setState,
    members: (members) => {
      page.tabs.send({ type: "members", members });
      setMembers(members);
    },
    events: (events) => {
      page.tabs.send({ type: "events", after: page.heard, events });
      take(events);
    },
    sent: (key, { id }) => (page.heard && offsetOf(id) <= offsetOf(page.heard) ? settle(key) : store(key)),
    refused: (key, why) => refuse(key, why ?? t("unknown")),
    tried: (key) => {
      page.outbox.sent(key, page.heard);
      page.keep.setMessage(page.outbox.get(key));
    },
    heard: () => page.heard,
    version: (version) => {
      page.isOld = version !== page.version;
      renew();
    },
  });
  if (!page.tabs) page.tabs = new Tabs(page.log, { lead: () => page.link.start(), follow: () => page.link.stop(), heard: hearTab });
  if (page.tabs.isLeading) page.link.start();
  else page.tabs.take();
  draw();
}

async function logOut() {
  const waiting = page.outbox.messages.length;
  if (waiting && !confirm(t("logOutAsk", messagesOf(waiting)))) return;
  const { token } = page.session;
  page.link.stop();
  for (const { key } of page.outbox.messages) page.keep.removeMessage(key);
  page.keep.forget();
  page.key = "";
  page.tabs.send({ type: "out" });
  page.tabs.close();
  await ask("DELETE", "/session", { token }).catch(() => {});
  location.reload();
}

function nameRoom(room) {
  for (const title of document.querySelectorAll("[data-room]")) title.textContent = room || "chatroom";
  page.room = room;
}

// The connection.

async function setState(state) {
  page.state = state;
  if (state.kind === "over") return comeBack(state);
  if (state.kind === "elsewhere") return location.reload();
  page.tabs?.send({ type: "state", state });
  draw();
}

// The session is over: logs in again by itself where that is possible.
async function comeBack(state) {
  try {
    if (await login.again(page.session.name, page.key)) return;
  } catch {
    setTimeout(() => comeBack(state), 2000);
    return;
  }
  page.keep.set("token", null);
  askName(state.why);
}

function hearTab(message) {
  switch (message.type) {
    case "events":
      if (page.heard === message.after) take(message.events);
      else catchUp();
      break;
    case "state":
      page.state = message.state;
      draw();
      break;
    case "members":
      setMembers(message.members);
      break;
    case "outbox":
      page.outbox.messages = page.keep.messages();
      page.link?.wake();
      draw();
      break;
    case "read":
      page.read = page.keep.get("read");
      countUnread();
      draw();
      break;
    case "session":
    case "out":
      location.reload();
      break;
  }
}

// Another tab knows more: reads what this one missed.
async function catchUp() {
  if (!page.heard) return;
  const { token } = page.session;
  const range = await ask("GET", `/messages?since=${page.heard}&limit=1000`, { token }).catch(() => null);
  if (range) take(range.events);
}

// A page of an older server loads the new one, when nobody looks and nothing is typed.
function renew() {
  if (page.isOld && document.visibilityState === "hidden" && !composer.text) location.reload();
}

// What the room says.

function take(events) {
  for (const event of events) {
    switch (event.type) {
      case "hello":
        page.ahead = Date.parse(event.now) - Date.now();
        page.history.streamFrom(event.id ?? null);
        page.heard = event.id ?? page.heard;
        break;
      case "gap":
      case "reset":
      case "bye":
        break;
      default:
        if (event.id) takeEvent(event);
    }
  }
  page.tabs?.alive();
  page.history.trim(transcript.atEnd ? Infinity : offsetOf(transcript.lowest ?? page.heard ?? "0-0-0"));
  look();
  draw();
}

function takeEvent(event) {
  page.heard = event.id;
  if (event.type === "join") page.members.set(event.name, { name: event.name, since: event.at, heard: Date.parse(event.at) });
  if (event.type === "leave") page.members.delete(event.name);
  if (event.type === "opened") page.members.clear();
  if (!page.history.push(event)) return;
  if (event.type !== "message") return;
  const member = page.members.get(event.from);
  if (member) member.heard = Date.parse(event.at);
  if (event.key && page.outbox.remove(event.key)) page.keep.removeMessage(event.key);
  if (event.from === page.session.name) return;
  const calls = isCalled(event.text, page.session.name);
  if (page.settled) announce(event.from, event.text);
  if (isReading()) return;
  if (calls && page.settled && !document.hasFocus() && page.tabs.isLeading) call(event.from, event.text);
  page.unreadFrom ??= offsetOf(event.id);
  page.unread++;
  if (calls) page.called++;
}

function setMembers(members) {
  page.members = new Map(members.members.map(({ name, since, idle }) => [name, { name, since, heard: Date.now() - idle * 1e3 }]));
  if (!page.heard) {
    page.history.streamFrom(members.id);
    page.heard = members.id;
    open();
  }
  draw();
}

// The first ranges: what is unread, or the newest, and some that was read before it.
async function open() {
  const known = page.read && logOf(page.read) === page.log ? page.read : null;
  if (known) {
    await load({ after: known }, null);
    page.unreadFrom = offsetOf(known) + 1;
    await load({ before: known }, null);
  } else await load({}, null);
  page.settled = true;
  countUnread();
  if (!page.unread) page.unreadFrom = null;
  draw.now();
  if (page.unreadFrom === null || !transcript.goTo("unread")) transcript.toEnd();
  look();
  draw();
  goToLink();
}

// Shows the message that the address names: /#m=ID.
async function goToLink() {
  const id = /^#m=([\w-]+)$/.exec(location.hash)?.[1];
  if (!id) return;
  const event = await ask("GET", `/messages/${id}`, { token: page.session.token }).catch(() => null);
  if (event) goTo(event);
}

// Loads a range; `gapEnd` names the gap that it fills.
async function load(asked, gapEnd) {
  const query = asked.after ? `since=${asked.after}` : asked.before ? `before=${asked.before}` : "";
  page.loading = gapEnd;
  draw();
  try {
    const range = await ask("GET", `/messages?${query}&limit=${RANGE}`.replace("?&", "?"), { token: page.session.token });
    const [start, end] = boundsOf(asked, range, page.history.end, gapEnd);
    if (!page.history.insert(start, end, range.events.filter(({ id }) => id))) page.failed.add(gapEnd);
  } catch (error) {
    if (!(error instanceof Refused)) page.failed.add(gapEnd);
  } finally {
    page.loading = null;
    draw();
  }
}

async function loadGap(gap, fromAbove, isAsked) {
  if (page.loading !== null || !page.settled || (page.failed.has(gap.end) && !isAsked)) return;
  const asked = fromAbove && gap.above ? { after: gap.above } : gap.below ? { before: gap.below } : gap.above ? { after: gap.above } : {};
  await load(asked, gap.end);
  page.history.trim(offsetOf(transcript.lowest ?? page.heard));
}

// Reads what is around an event, and shows it.
async function goTo(event) {
  page.found = event.id;
  if (!page.history.get(event.id)) {
    page.history.insert(offsetOf(event.id), offsetOf(event.id) + 1, [event]);
    await load({ before: event.id }, null);
    await load({ after: event.id }, null);
  }
  transcript.atEnd = false;
  draw.now();
  transcript.goTo(`${event.type}${event.id}`, "center");
  page.history.trim(offsetOf(event.id));
  draw();
}

// Goes to the first event of a local day, or the first one after it.
async function goToDay(day) {
  const since = new Date(`${day}T00:00`).toISOString();
  const range = await ask("GET", `/messages?since=${since}&limit=${RANGE}`, { token: page.session.token }).catch(() => null);
  const first = range?.events.find(({ type }) => type === "message") ?? range?.events[0];
  if (first) goTo(first);
}

// Reading.

const isReading = () => document.visibilityState === "visible" && document.hasFocus() && transcript.atEnd && page.settled;

function look() {
  if (!isReading() || !page.history.isWholeAtEnd || page.read === page.heard) return;
  page.read = page.heard;
  [page.unread, page.called] = [0, 0];
  page.keep.set("read", page.read);
  page.tabs.send({ type: "read" });
}

// Counts the messages of others after the place that was read.
function countUnread() {
  const from = page.read ? offsetOf(page.read) : page.heard ? offsetOf(page.heard) : 0;
  [page.unread, page.called] = [0, 0];
  for (const event of page.history.after(from)) {
    if (event.type !== "message" || event.from === page.session.name) continue;
    page.unread++;
    if (isCalled(event.text, page.session.name)) page.called++;
  }
}

function scrolled() {
  look();
  draw();
}

// Writing.

function send(text) {
  const message = newMessage(text, page.session.name, Date.now() + Math.random());
  page.keep.setMessage(message);
  page.outbox.add(message);
  page.unreadFrom = null;
  transcript.atEnd = true;
  changedOutbox();
}

function changedOutbox() {
  page.tabs.send({ type: "outbox" });
  page.link.wake();
  draw();
}

function settle(key) {
  page.outbox.remove(key);
  page.keep.removeMessage(key);
  changedOutbox();
}

// The room has the message, which the stream has not brought yet.
function store(key) {
  page.outbox.stored(key);
  page.keep.removeMessage(key);
  draw();
}

function refuse(key, why) {
  page.outbox.refuse(key, why);
  page.keep.setMessage(page.outbox.get(key));
  changedOutbox();
}

function retry(key) {
  page.keep.removeMessage(key);
  page.keep.setMessage(page.outbox.retry(key, page.session.name));
  changedOutbox();
}

function remove(key) {
  settle(key);
}

// Drawing: once a frame, whatever happens in it.

function draw() {
  if (isDrawing) return;
  isDrawing = true;
  const frame = document.visibilityState === "visible" ? requestAnimationFrame : (go) => setTimeout(go, 250);
  frame(() => isDrawing && draw.now());
}

draw.now = () => {
  isDrawing = false;
  if (!page.session) return;
  const namesKey = [...page.members.keys()].sort().join("\n");
  if (namesKey !== page.namesKey) [page.namesKey, page.names] = [namesKey, namesKey ? namesKey.split("\n") : []];
  const context = {
    me: page.session.name,
    names: page.names,
    namesKey,
    found: page.found,
    loading: page.loading,
    load: (gap) => loadGap(gap, false, true),
    unfold: (id) => {
      page.unfolded.add(id);
      draw();
    },
    menu: messageMenu,
    asLog: settings.get("log") === true,
    retry,
    remove,
  };
  const items = itemsOf(page.history, { unreadFrom: page.unreadFrom, unfolded: page.unfolded, pending: page.outbox.messages, day: dayOf });
  transcript.show(items, context);
  drawStrip();
  drawMore();
  drawMembers();
  showUnread(page.room || "chatroom", page.unread, page.called);
  if (isProjecting()) drawWall([...page.history.after(-1)].filter(({ type }) => type === "message"), page.ahead ?? 0, draw);
};

function drawMore() {
  const more = $("more");
  more.hidden = transcript.atEnd;
  more.textContent = page.unread ? `↓ ${t("newCount", page.unread)}` : "↓";
  more.setAttribute("aria-label", page.unread ? t("newCount", page.unread) : t("newest"));
}

function drawStrip() {
  clearTimeout(countdown);
  const { kind, why, again } = page.state;
  const isShown = kind === "offline" || kind === "held" || (kind === "connecting" && $("strip").hidden === false);
  $("strip").hidden = !isShown;
  if (!isShown) return;
  const seconds = Math.max(0, Math.ceil(((again ?? 0) - Date.now()) / 1e3));
  const words = [];
  if (kind === "held") words.push(t("held", why, seconds));
  else {
    words.push(t("offline"));
    if (why) words.push(why);
    if (page.outbox.waiting) words.push(t("waiting", page.outbox.waiting));
    words.push(kind === "connecting" ? t("connecting") : t("offlineTry", seconds));
  }
  $("strip-words").textContent = words.join(" ");
  if (again && document.visibilityState === "visible") countdown = setTimeout(drawStrip, 1000);
}

// What is kept for another room, and what this browser cannot keep.
function drawAside() {
  const left = [...leftovers(page.log)];
  const rows = left.map(([log, count]) => {
    const other = new Keep(log);
    const texts = other.messages().map(({ text }) => text);
    const drop = () => {
      for (const { key } of other.messages()) other.removeMessage(key);
      drawAside();
    };
    return make("p", {}, t("leftover", messagesOf(count)), " ", button(t("copy"), () => copyText(texts.join("\n\n"))), button(t("deleteIt"), drop));
  });
  if (!isDurable()) rows.push(make("p", {}, t("noMemory")));
  $("aside").hidden = !rows.length;
  $("aside").replaceChildren(...rows);
}

function drawMembers() {
  $("here").textContent = t("here", page.members.size);
  const list = $("members");
  if (list.hidden) return;
  const now = Date.now();
  const rows = [...page.members.values()]
    .sort((a, b) => a.name.localeCompare(b.name, language))
    .map(({ name, heard }) => {
      const quiet = Math.floor((now - heard) / 1e3);
      const idle = quiet >= IDLE ? make("span", { class: "idle" }, t("idle", lengthOf(quiet))) : null;
      return make("li", {}, named(name), name === page.session.name ? ` (${t("you")})` : "", idle);
    });
  const all = make("ul", {}, ...rows);
  const old = list.querySelector("ul");
  // The button stays: it may have the focus, or a finger on it.
  if (old) old.replaceWith(all);
  else list.append(make("h2", {}, t("members")), all, button(t("logOut"), logOut, { class: "plain" }));
}

// What the reader does.

for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
for (const element of document.querySelectorAll("[data-label]")) {
  element.setAttribute("aria-label", t(element.dataset.label));
  if (element.localName === "textarea") element.placeholder = t(element.dataset.label);
}

$("more").addEventListener("click", async () => {
  if (!page.history.isWholeAtEnd) await load({}, null);
  page.unreadFrom = null;
  draw.now();
  transcript.toEnd();
  look();
  draw();
});
function toggleMembers() {
  const list = $("members");
  list.hidden = !list.hidden;
  $("here").setAttribute("aria-expanded", String(!list.hidden));
  $("here").focus();
  draw();
}
$("here").addEventListener("click", toggleMembers);
$("try").addEventListener("click", () => page.link?.now());

// The menu.

let opener = null;

function closeMenu() {
  $("menu-list").hidden = true;
  $("menu").setAttribute("aria-expanded", "false");
  opener?.focus();
  opener = null;
}

const close = (then) => () => {
  closeMenu();
  then();
};

function openMenu(from, ...choices) {
  const list = $("menu-list");
  opener = from;
  list.hidden = false;
  list.replaceChildren(...choices);
  const { bottom } = from.getBoundingClientRect();
  list.style.top = `${Math.max(8, Math.min(bottom + 4, innerHeight - list.offsetHeight - 8))}px`;
  list.querySelector("button").focus();
}

// What can be done with a message.
function messageMenu({ id, text }, from) {
  const link = `${location.origin}/#m=${id}`;
  openMenu(
    from,
    button(t("copy"), close(() => copyText(text))),
    button(t("copyLink"), close(() => copyText(link))),
    button(t("quote"), () => {
      closeMenu();
      composer.text = `${text.replace(/^/gm, "> ")}\n${composer.text}`;
      $("draft").focus();
    }),
  );
}

function menu() {
  if (!$("menu-list").hidden) return closeMenu();
  $("menu").setAttribute("aria-expanded", "true");
  const toggle = (name, is, set) => button(t(name), close(() => set(!is)), { role: "switch", "aria-checked": String(is) });
  const day = make("input", { type: "date", max: new Date().toISOString().slice(0, 10), change: () => day.value && close(() => goToDay(day.value))() });
  const obstacle = notificationObstacle();
  const notify = obstacle ? make("p", { class: "idle" }, obstacle) : toggle("notify", wantsNotifications(), setNotifications);
  openMenu(
    $("menu"),
    make("label", {}, t("jump"), day),
    toggle("sound", wantsSound(), setSound),
    notify,
    toggle("announce", wantsAnnouncements(), setAnnouncements),
    toggle("asInLog", settings.get("log") === true, (wanted) => {
      settings.set("log", wanted);
      draw();
    }),
    button(t("projector"), close(() => showWall(true))),
    button(t("logOut"), close(logOut)),
  );
}

$("menu").addEventListener("click", menu);
// Escape closes what is open, the uppermost first.
addEventListener("keydown", ({ key, isComposing }) => {
  if (key !== "Escape" || isComposing) return;
  if (!$("menu-list").hidden) closeMenu();
  else if (isProjecting()) showWall(false);
  else if (!$("find-bar").hidden) find.toggle();
  else if (!$("members").hidden) toggleMembers();
});
document.addEventListener("pointerdown", ({ target }) => {
  if (!$("menu-list").hidden && !target.closest("#menu-list, #menu")) closeMenu();
});

// Others join at the page's own address, unless that is of the server's machine alone, and at those that the
// server knows; behind a proxy it knows none.
async function showWall(wanted) {
  const own = `${location.origin}/`;
  project(wanted, page.addresses ?? [own]);
  $(wanted ? "wall-leave" : "menu").focus();
  draw();
  if (!wanted) return;
  const { addresses = [] } = await askHealth(undefined, page.session.token).catch(() => ({}));
  const known = location.protocol === "https:" ? [] : addresses;
  const isAlone = known.length && /^(localhost|127\.|\[::1)/.test(location.hostname);
  page.addresses = [...new Set(isAlone ? known : [own, ...known])];
  if (isProjecting()) project(true, page.addresses);
}
$("wall-leave").addEventListener("click", () => showWall(false));

// Coming back to the tab: this tab leads, and its connection is tried afresh.
function back() {
  if (document.visibilityState !== "visible" || !page.link) return;
  if (page.tabs.isLeading) page.link.now(Date.now() - page.hiddenAt > 10e3);
  else page.tabs.take();
  look();
  draw();
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") {
    page.hiddenAt = Date.now();
    // A hidden tab has no frames: one that is planned would never come.
    if (isDrawing) draw.now();
    renew();
    if (transcript.atEnd && page.unread === 0) page.unreadFrom = null;
  } else back();
});
addEventListener("pageshow", ({ persisted }) => persisted && back());
addEventListener("pagehide", () => page.tabs?.leave());
addEventListener("online", () => page.link?.now(true));
addEventListener("focus", () => {
  look();
  draw();
});
addEventListener("hashchange", () => (page.session ? goToLink() : askName()));

$("old").remove();
arrive();

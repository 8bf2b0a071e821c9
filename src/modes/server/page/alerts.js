// What calls a reader who looks elsewhere: the tab's title and icon, a sound, a notification.

import { $ } from "./dom.js";
import { settings } from "./keep.js";
import { t } from "./strings.js";

let audio = null;

// A browser allows sound after a gesture alone.
function prepare() {
  audio ??= new (globalThis.AudioContext ?? globalThis.webkitAudioContext)();
  if (audio.state === "suspended") audio.resume();
}
for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, () => settings.get("sound") && prepare());

export const wantsSound = () => settings.get("sound") === true;

export function setSound(wanted) {
  settings.set("sound", wanted);
  if (!wanted) return;
  prepare();
  ring();
}

function ring() {
  if (!audio || audio.state !== "running") return;
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  const now = audio.currentTime;
  tone.frequency.setValueAtTime(660, now);
  tone.frequency.setValueAtTime(880, now + 0.09);
  volume.gain.setValueAtTime(0.0001, now);
  volume.gain.exponentialRampToValueAtTime(0.2, now + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, now + 0.35);
  tone.connect(volume).connect(audio.destination);
  tone.start(now);
  tone.stop(now + 0.4);
}

// Why this browser shows no notifications here, or null if it may.
export function notificationObstacle() {
  if (!globalThis.Notification || !globalThis.isSecureContext) return t("notifyInsecure");
  return Notification.permission === "denied" ? t("notifyDenied") : null;
}

export const wantsNotifications = () => settings.get("notify") === true && notificationObstacle() === null && Notification.permission === "granted";

export async function setNotifications(wanted) {
  settings.set("notify", wanted && (await Notification.requestPermission()) === "granted");
}

// Somebody speaks to the reader, who looks elsewhere.
export function call(from, text) {
  if (wantsSound()) ring();
  if (!wantsNotifications()) return;
  const notification = new Notification(from, { body: text.slice(0, 200), tag: "chatroom" });
  notification.addEventListener("click", () => {
    focus();
    notification.close();
  });
}

// The tab's title and icon: how much is new, and whether somebody speaks to the reader.
export function showUnread(room, unread, called) {
  document.title = unread ? `(${called ? `${called}! ` : ""}${unread}) ${room}` : room;
  const dot = called ? "#b3261e" : "#e0a100";
  const badge = unread ? `<circle cx='24' cy='8' r='8' fill='${dot}'/>` : "";
  const icon = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><path d='M4 4h24v18H14l-6 6v-6H4z' fill='#2456d6'/>${badge}</svg>`;
  const address = `data:image/svg+xml,${encodeURIComponent(icon)}`;
  if ($("icon").getAttribute("href") !== address) $("icon").setAttribute("href", address);
}

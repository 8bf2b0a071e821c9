// Elements. Nothing from outside is ever more than text: there is no way from a string to markup here.

export const $ = (id) => document.getElementById(id);

// Makes an element: its class, its attributes, and children, which are elements or texts.
export function make(tag, { class: name, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const button = (label, click, more = {}) => make("button", { type: "button", click, ...more }, label);

const HUES = 12;

// FNV-1a, finished: the slot of a name's colour.
export function hueOf(name) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) % HUES;
}

export const named = (name) => make("bdi", { class: `name h${hueOf(name)}` }, name);

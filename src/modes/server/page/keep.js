// What this browser keeps of a room, under the id of its log: another room at the same address gets nothing.
//
// Each message of the outbox has an entry of its own, so that two tabs never overwrite each other's.

const PREFIX = "chatroom/";

// Blocked or full storage loses what is kept, and nothing else: `isDurable` says so.
class BrowserStorage {
  constructor() {
    this.memory = new Map();
    this.isDurable = true;
  }

  get(name) {
    try {
      return localStorage.getItem(name) ?? this.memory.get(name) ?? null;
    } catch {
      this.isDurable = false;
      return this.memory.get(name) ?? null;
    }
  }

  set(name, value) {
    try {
      localStorage.setItem(name, value);
      this.memory.delete(name);
    } catch {
      this.isDurable = false;
      this.memory.set(name, value);
    }
  }

  remove(name) {
    this.memory.delete(name);
    try {
      localStorage.removeItem(name);
    } catch {
      this.isDurable = false;
    }
  }

  names() {
    const names = new Set(this.memory.keys());
    try {
      for (let n = 0; n < localStorage.length; n++) names.add(localStorage.key(n));
    } catch {
      this.isDurable = false;
    }
    return [...names];
  }
}

const storage = new BrowserStorage();

export const isDurable = () => storage.isDurable;

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

export class Keep {
  constructor(log) {
    this.at = `${PREFIX}${log}/`;
  }

  get(name) {
    return parsed(storage.get(this.at + name));
  }

  set(name, value) {
    if (value === null || value === undefined || value === "") storage.remove(this.at + name);
    else storage.set(this.at + name, JSON.stringify(value));
  }

  // The messages that were not sent yet.
  messages() {
    const ours = storage.names().filter((name) => name.startsWith(`${this.at}out/`));
    const messages = ours.map((name) => parsed(storage.get(name))).filter((message) => message && message.key && typeof message.text === "string");
    return messages.sort((a, b) => a.number - b.number);
  }

  setMessage(message) {
    storage.set(`${this.at}out/${message.key}`, JSON.stringify(message));
  }

  removeMessage(key) {
    storage.remove(`${this.at}out/${key}`);
  }

  // Forgets all that lets somebody in.
  forget() {
    for (const name of ["token", "key"]) this.set(name, null);
  }
}

// The logs of other rooms of which messages are still here, with the number of them.
export function leftovers(log) {
  const left = new Map();
  for (const name of storage.names()) {
    const found = /^chatroom\/([^/]+)\/out\//.exec(name);
    if (found && found[1] !== log) left.set(found[1], (left.get(found[1]) ?? 0) + 1);
  }
  return left;
}

// What holds in every room at this address.
export const settings = {
  get: (name) => parsed(storage.get(PREFIX + name)),
  set: (name, value) => storage.set(PREFIX + name, JSON.stringify(value)),
};

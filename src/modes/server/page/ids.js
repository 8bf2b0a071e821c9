// Ids of events (LOG-OFFSET-CHECK), and keys of messages.

export const logOf = (id) => id.split("-")[0];

export const offsetOf = (id) => Number(id.split("-")[1]);

// `crypto.randomUUID` is missing on a plain address of a network; this is not.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

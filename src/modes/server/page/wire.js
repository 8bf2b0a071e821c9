// Requests to the room, and its event stream, with deadlines of our own: a browser has none.

// The time to an answer, and to the head of a stream, in milliseconds.
const ANSWER = 15e3;
const HEAD = 5e3;
// Two heartbeats of 15 s, and some patience.
const SILENCE = 33e3;

// The room cannot be reached, or stopped answering.
export class Broken extends Error {}

// The room refuses: `status`, its word `error`, its sentence, and `again`, the seconds to wait if it named some.
export class Refused extends Error {
  constructor(response, body) {
    super(body.message || `${response.status} ${response.statusText}`);
    this.status = response.status;
    this.body = body;
    this.error = body.error ?? "";
    this.limit = body.limit;
    const again = Number(response.headers.get("Retry-After"));
    this.again = again > 0 ? again : null;
  }

  // The same request may be accepted later.
  get isForNow() {
    return this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

const withToken = (token, headers = {}) => (token ? { ...headers, Authorization: `Bearer ${token}` } : headers);

const options = (more) => ({ cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", redirect: "error", ...more });

// An AbortController that gives up after a time; `touch` gives it another.
function deadline(signal) {
  const controller = new AbortController();
  let timer = 0;
  const stop = () => controller.abort();
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  return {
    signal: controller.signal,
    touch(time) {
      clearTimeout(timer);
      timer = setTimeout(stop, time);
    },
    end() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      controller.abort();
    },
  };
}

// Sends a request; the answer's JSON, or null where it has none.
//
// Throws Refused, or Broken.
export async function ask(method, path, { token, headers, body, signal } = {}) {
  const limit = deadline(signal);
  limit.touch(ANSWER);
  try {
    const request = { method, body, headers: withToken(token, headers), signal: limit.signal };
    const response = await fetch(path, options(request));
    const text = await response.text();
    let answer = null;
    try {
      answer = JSON.parse(text);
    } catch {
      if (response.ok && response.status !== 204) throw new Broken(path);
    }
    if (!response.ok) throw new Refused(response, answer ?? {});
    return answer;
  } catch (error) {
    throw error instanceof Refused ? error : new Broken(String(error));
  } finally {
    limit.end();
  }
}

// Asks for the state of the server, which answers also while nothing can be stored.
export async function askHealth(signal, token) {
  try {
    return await ask("GET", "/health", { signal, token });
  } catch (error) {
    if (error.body?.id) return error.body;
    throw error;
  }
}

// Listens to the event stream: gives events in batches to `take`, as they come, until the stream ends.
//
// Throws Refused, or Broken; a stream that is silent for two heartbeats is broken.
export async function listen(path, { token, last, take, opened, signal }) {
  const limit = deadline(signal);
  limit.touch(HEAD);
  try {
    const headers = withToken(token, { Accept: "application/x-ndjson", ...(last ? { "Last-Event-ID": last } : {}) });
    const response = await fetch(path, options({ headers, signal: limit.signal }));
    if (!response.ok) throw new Refused(response, await response.json().catch(() => ({})));
    opened?.();
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      limit.touch(SILENCE);
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop();
      const events = lines.filter((line) => line).map((line) => JSON.parse(line));
      await take(events);
    }
  } catch (error) {
    throw error instanceof Refused ? error : new Broken(String(error));
  } finally {
    limit.end();
  }
}

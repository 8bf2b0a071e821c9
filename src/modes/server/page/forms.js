// What a text shows besides itself: fenced and inline code, quotes, links, names. Pure; the twin is
// src/text_forms.rs, and both are held to the same cases.

// Links end before punctuation that belongs to the sentence.
const LINK = /\bhttps?:\/\/[^\s<>"“”«»`]+/giu;
const TRAILING = /[.,;:!?'’…]+$/u;

// The blocks of a text: { kind: "text" | "quote" | "code", text }, in order.
export function blocksOf(text) {
  const blocks = [];
  const put = (kind, line) => {
    const last = blocks[blocks.length - 1];
    if (last && last.kind === kind && !last.closed) last.lines.push(line);
    else blocks.push({ kind, lines: [line] });
  };
  const lines = text.split("\n");
  for (let n = 0; n < lines.length; n++) {
    const line = lines[n];
    const fence = /^(`{3,})[^`]*$/.exec(line);
    const end = fence ? lines.findIndex((other, m) => m > n && other.trimEnd() === fence[1]) : -1;
    if (end > 0) {
      blocks.push({ kind: "code", lines: lines.slice(n + 1, end), closed: true });
      n = end;
    } else if (/^> ?/.test(line) && line !== ">") put("quote", line.replace(/^> ?/, ""));
    else put("text", line);
  }
  return blocks.map(({ kind, lines }) => ({ kind, text: lines.join("\n") }));
}

// The spans of a line or paragraph: { kind: "text" | "code" | "link" | "name", text }. `names` are those of
// who is here; a name counts where it stands alone, with or without @.
export function spansOf(text, names) {
  const spans = [];
  let rest = 0;
  const put = (start, end, kind) => {
    if (start > rest) spans.push({ kind: "text", text: text.slice(rest, start) });
    spans.push({ kind, text: text.slice(start, end) });
    rest = end;
  };
  for (const [start, end, kind] of found(text, names)) if (start >= rest) put(start, end, kind);
  if (rest < text.length) spans.push({ kind: "text", text: text.slice(rest) });
  return spans;
}

function found(text, names) {
  const all = [];
  for (const match of text.matchAll(/`([^`\n]+)`/gu)) all.push([match.index, match.index + match[0].length, "code"]);
  for (const match of text.matchAll(LINK)) {
    const url = closed(match[0].replace(TRAILING, ""));
    if (url.length > 8) all.push([match.index, match.index + url.length, "link"]);
  }
  if (names.length) {
    const named = patternOf(names);
    // Not a part of a word, nor of an address: some browsers of the floor have no lookbehind.
    const before = /[\p{L}\p{N}_@]$/u;
    for (const match of text.matchAll(named)) {
      const ahead = text.slice(Math.max(0, match.index - 2), match.index);
      if (!before.test(ahead)) all.push([match.index, match.index + match[0].length, "name"]);
    }
  }
  return all.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
}

// The last pattern: the names are the same for many texts.
let pattern = null;
let patternNames = null;

function patternOf(names) {
  if (names !== patternNames) {
    const any = names.map((name) => name.replace(/[\^$\\.*+?()[\]{}|/-]/g, "\\$&")).sort((a, b) => b.length - a.length);
    pattern = new RegExp(`@?(?:${any.join("|")})(?![\\p{L}\\p{N}_])`, "giu");
    patternNames = names;
  }
  return pattern;
}

// A bracket that was opened before the link ends outside of it.
function closed(url) {
  const pairs = { ")": "(", "]": "[", "}": "{" };
  let end = url;
  for (let last = end.slice(-1); pairs[last]; last = end.slice(-1)) {
    if (end.split(pairs[last]).length >= end.split(last).length) break;
    end = end.slice(0, -1).replace(TRAILING, "");
  }
  return end;
}

// The forms of a text: code, quotes, links and names; nothing else in it is interpreted. Pure; the twin of
// src/text_forms.rs and src/urls.rs, and held to the same cases.

// Between runs of equally many backticks, within a line.
const CODE = /(^|[^`])(`+)[^`\n](?:.*?[^`])??\2(?!`)/g;
// What no link goes beyond: spaces, and punctuation but for what titles have in them.
const BEYOND = "[\\0- \\x7f-\\xa0\\s\"<>`|〜＜＞\\u202a-\\u202e]|(?![!-~·・])[\\p{Po}\\p{Pi}\\p{Pf}\\p{Ps}\\p{Pe}]";
// Scripts whose words do not end with a space.
const UNSPACED = "[\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3041-\\ud7a3\\uf900-\\ufaff\\u{20000}-\\u{3ffff}]";
const LETTER = `(?!${UNSPACED})[\\p{Alpha}\\p{N}]`;
const WORD = `(?:${LETTER}|_)`;
const HOST = "[a-z\\d\\x80-\\u{10ffff}-]";
const DOTTED = `(?:${HOST}+\\.)+[a-z]{2}${HOST}*`;
// A link ends before punctuation, and before a bracket that it did not open; where a script without spaces goes on
// after a letter or the host, too.
const PARTS = new RegExp(`(?:(?!${BEYOND})(?:[a-z\\d](?!${UNSPACED})|[^a-z\\d]))*[a-z\\d]?`, "giu");
const LINK = new RegExp(
  `((?:^|[^a-z\\d@])(?=http)|(?:^|[^\\p{L}\\p{N}/.@_\\\\-]|${UNSPACED})(?=www))` +
    `((?:https?://(?:[\\w.~:-]+@)?(?!-)(?:${DOTTED}|\\d+(?:\\.\\d+){3}|${HOST}*(?!\\d)${HOST}+)|www\\.${DOTTED})` +
    `(?::\\d+)?(?![!$&-,;=.]*(?:${HOST}|[_~]))` +
    `(?:/(?=${UNSPACED})|(?=[/?])(?:[?!.,:;*'(\\[{]*?(?:\\([^()]*\\)|\\[[^\\[\\]]*\\]|\\{[^{}]*\\}|[^()\\[\\]{}?!.,:;*']))*)?)`,
  "giu",
);
const short = new RegExp(`^(?:${LETTER}){1,2}$`, "u");
const wordAtEnd = new RegExp(`${WORD}$`, "u");
const wordAtStart = new RegExp(`^${WORD}`, "u");

// The blocks of a text: { kind: "text" | "quote" | "code", text }, in order.
export function blocksOf(text) {
  const blocks = [];
  const lines = text.split("\n");
  // The fewest backticks that no later line closes.
  let unclosed = Infinity;
  for (let n = 0; n < lines.length; n++) {
    const line = lines[n];
    const ticks = /^(`{3,})[^`]*$/.exec(line)?.[1].length;
    if (ticks < unclosed) {
      const closes = (other, m) => m > n && /^`{3,}\s*$/.test(other) && other.trimEnd().length >= ticks;
      const end = lines.findIndex(closes);
      if (end > 0) {
        blocks.push({ kind: "code", text: lines.slice(n + 1, end).join("\n") });
        n = end;
        continue;
      }
      unclosed = ticks;
    }
    const last = blocks[blocks.length - 1];
    const isQuote = line.startsWith("> ") || (last?.kind === "quote" && line.trimEnd() === ">");
    const kind = isQuote ? "quote" : "text";
    const words = isQuote ? line.slice(2) : line;
    if (last?.kind === kind) last.text += `\n${words}`;
    else blocks.push({ kind, text: words });
  }
  return blocks;
}

// The spans of a block that is not code: { kind: "text" | "code" | "link" | "name", text }. `names` are those that
// count, where they stand alone, with or without @.
export function spansOf(text, names) {
  const spans = [];
  let rest = 0;
  const all = namesIn(text, names);
  for (const { 0: whole, 1: ahead, 2: ticks, index } of text.matchAll(CODE)) all.push([index + ahead.length, index + whole.length, "code", ticks.length]);
  for (const part of text.matchAll(PARTS)) {
    for (const { 1: ahead, 2: link, index } of part[0].matchAll(LINK)) {
      const start = part.index + index + ahead.length;
      all.push([start, start + link.length, "link"]);
    }
  }
  for (const [start, end, kind, ticks = 0] of all.sort((a, b) => a[0] - b[0] || b[1] - a[1])) {
    if (start < rest) continue;
    if (start > rest) spans.push({ kind: "text", text: text.slice(rest, start) });
    spans.push({ kind, text: text.slice(start + ticks, end - ticks) });
    rest = end;
  }
  if (rest < text.length) spans.push({ kind: "text", text: text.slice(rest) });
  return spans;
}

// The address that a link opens.
export const targetOf = (link) => (/^www/i.test(link) ? `http://${link}` : link);

// Whether a text speaks to somebody.
export const isCalled = (text, me) =>
  me !== null && blocksOf(text).some((block) => block.kind !== "code" && spansOf(block.text, [me]).some(({ kind }) => kind === "name"));

// The newest patterns: the names are the same for many texts.
const patterns = new Map();

// A name of one or two letters is a word as well: it is meant after @, and at the beginning of a line before a colon.
function patternOf(names) {
  const key = names.join("\n");
  if (!patterns.has(key)) {
    const kinds = [[], [], []];
    for (const name of [...names].sort((a, b) => b.length - a.length)) {
      const quoted = name.trim().replace(/[\^$\\.*+?()[\]{}|/-]/g, "\\$&");
      const kind = short.test(name) ? 2 : Number(!wordAtStart.test(name));
      if (quoted) kinds[kind].push(wordAtEnd.test(name) ? `${quoted}(?!${WORD})` : quoted);
    }
    const [plain, odd, brief] = kinds.map((kind) => `(?:${kind.join("|") || "(?!)"})`);
    const before = `(^|[^\\p{Alpha}\\p{N}_@]|${UNSPACED})`;
    // Not before what belongs to the letter before it.
    const after = "(?![\\p{M}\\p{Emoji_Modifier}\\u200d])";
    if (patterns.size > 3) patterns.clear();
    patterns.set(key, new RegExp(`(?:${before}(?:@?${plain}|@${brief})|@?${odd}|(^[^\\S\\n]*)${brief}(?=\\s*[:：]))${after}`, "gimu"));
  }
  return patterns.get(key);
}

const namesIn = (text, names) =>
  [...text.matchAll(patternOf(names))].map(({ 0: whole, 1: ahead, 2: blank, index }) => [index + (ahead ?? blank ?? "").length, index + whole.length, "name"]);

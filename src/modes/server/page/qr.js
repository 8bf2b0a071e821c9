// QR codes (ISO/IEC 18004) of short texts: byte mode, error correction level M, versions 1 to 6.

// For each version: data codewords, blocks, error correction codewords of a block.
const VERSIONS = [[16, 1, 10], [28, 1, 16], [44, 1, 26], [64, 2, 18], [86, 2, 24], [108, 4, 16]];
// Level M, mask 0, with its error correction (table C.1).
const FORMAT = 0b101010000010010;

// The field of 256 elements (modulo x^8 + x^4 + x^3 + x^2 + 1).
function times(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> bit) & 1) * a);
  return product;
}

function correction(data, length) {
  const divisor = new Array(length).fill(0);
  divisor[length - 1] = 1;
  for (let n = 0, root = 1; n < length; n++, root = times(root, 2)) {
    for (let m = 0; m < length; m++) divisor[m] = times(divisor[m], root) ^ (divisor[m + 1] ?? 0);
  }
  const rest = new Array(length).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    divisor.forEach((coefficient, n) => (rest[n] ^= times(coefficient, factor)));
  }
  return rest;
}

function codewords(bytes, [capacity, blocks, length]) {
  const bits = [];
  const put = (value, count) => {
    for (let n = count - 1; n >= 0; n--) bits.push((value >> n) & 1);
  };
  put(4, 4);
  put(bytes.length, 8);
  for (const byte of bytes) put(byte, 8);
  put(0, Math.min(4, capacity * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  const data = [];
  for (let n = 0; n < bits.length; n += 8) data.push(parseInt(bits.slice(n, n + 8).join(""), 2));
  for (let pad = 0xec; data.length < capacity; pad ^= 0xec ^ 0x11) data.push(pad);
  // All blocks of these versions are of one length, or the last ones are longer by one.
  const short = Math.floor(capacity / blocks);
  const longer = capacity % blocks;
  const parts = [];
  for (let n = 0, at = 0; n < blocks; n++) {
    const size = short + (n >= blocks - longer ? 1 : 0);
    parts.push(data.slice(at, (at += size)));
  }
  const woven = [];
  const weave = (lists) => {
    for (let n = 0; n <= short + length; n++) for (const list of lists) if (n < list.length) woven.push(list[n]);
  };
  weave(parts);
  weave(parts.map((part) => correction(part, length)));
  return woven;
}

// The rows of dark (true) and light modules; null for a text that is too long.
export function qrOf(text) {
  const bytes = [...new TextEncoder().encode(text)];
  const version = VERSIONS.findIndex(([capacity]) => bytes.length + 2 <= capacity);
  if (version < 0) return null;
  const size = 21 + 4 * version;
  const rows = Array.from({ length: size }, () => new Array(size).fill(null));
  const square = (top, left, rings) => {
    for (let y = -4; y <= 4; y++) {
      for (let x = -4; x <= 4; x++) {
        const ring = Math.max(Math.abs(x), Math.abs(y));
        const row = rows[top + y];
        if (row && left + x >= 0 && left + x < size && ring < rings.length) row[left + x] = rings[ring];
      }
    }
  };
  const finder = [true, true, false, true, false];
  for (const [top, left] of [[3, 3], [3, size - 4], [size - 4, 3]]) square(top, left, finder);
  for (let n = 8; n < size - 8; n++) rows[6][n] = rows[n][6] = n % 2 === 0;
  if (version) square(size - 7, size - 7, [true, false, true]);
  for (let n = 0; n < 15; n++) {
    const dark = ((FORMAT >> n) & 1) === 1;
    const up = n < 6 ? n : n < 8 ? n + 1 : size - 15 + n;
    const along = n < 8 ? size - 1 - n : n < 9 ? 7 : 14 - n;
    rows[up][8] = dark;
    rows[8][along] = dark;
  }
  rows[size - 8][8] = true;
  const words = codewords(bytes, VERSIONS[version]);
  let bit = 0;
  for (let right = size - 1, upward = true; right > 0; right -= 2, upward = !upward) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      const y = upward ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (rows[y][x] !== null) continue;
        const dark = (((words[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
        rows[y][x] = dark !== ((x + y) % 2 === 0);
        bit++;
      }
    }
  }
  return rows;
}

// The code as a drawing, with the quiet zone that scanners need.
export function drawingOf(text) {
  const rows = qrOf(text);
  if (!rows) return null;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `-4 -4 ${rows.length + 8} ${rows.length + 8}`);
  svg.setAttribute("class", "qr");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", text);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", rows.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")).join("")).join(""));
  svg.append(path);
  return svg;
}

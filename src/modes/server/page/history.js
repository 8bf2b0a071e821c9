// The loaded part of the room's log, as segments with gaps between them.
//
// What always holds: within a segment nothing is missing; segments are in order and do not touch; the
// stream writes to the last one. The twin of src/modes/gui/transcript/history.rs.

import { logOf, offsetOf } from "./ids.js";

// Most events in the document; the server has the whole log.
const MOST = 600;
// Events on either side of the reader that are kept in any case.
const NEAR = 150;

const segmentAt = (offset) => ({ start: offset, end: offset, events: [] });

export class History {
  constructor() {
    this.log = null;
    this.segments = [segmentAt(0)];
    this.count = 0;
  }

  get live() {
    return this.segments[this.segments.length - 1];
  }

  // The offset up to which the stream was read.
  get end() {
    return this.live.end;
  }

  // Nothing is missing before the end.
  get isWholeAtEnd() {
    return this.live.events.length > 0 || this.live.start === 0;
  }

  // The stream continues after this event, or at the log's beginning.
  streamFrom(id) {
    const from = id ? offsetOf(id) + 1 : 0;
    if (id && this.log && this.log !== logOf(id)) Object.assign(this, new History());
    if (id) this.log = logOf(id);
    if (this.live.end < from) {
      if (this.live.events.length) this.segments.push(segmentAt(from));
      else Object.assign(this.live, segmentAt(from));
    }
    this.#join();
  }

  // Adds an event of the stream; false if it is known already.
  push(event) {
    const offset = offsetOf(event.id);
    if (offset < this.live.end) return false;
    this.log = logOf(event.id);
    this.live.events.push(event);
    this.live.end = offset + 1;
    this.count++;
    return true;
  }

  // Adds a range in which nothing is missing from `start` up to before `end`; false if it adds nothing.
  insert(start, end, events) {
    // What is newer than the stream's newest is left to the stream.
    const live = this.end;
    end = Math.min(end, live);
    if (start >= end) return false;
    const all = segmentAt(start);
    all.end = end;
    all.events = events.filter((event) => offsetOf(event.id) >= start && offsetOf(event.id) < end);
    const others = [];
    for (const segment of this.segments) {
      if (segment.end < all.start || all.end < segment.start) {
        others.push(segment);
        continue;
      }
      all.start = Math.min(all.start, segment.start);
      all.end = Math.max(all.end, segment.end);
      all.events = all.events.concat(segment.events);
    }
    const byOffset = new Map(all.events.map((event) => [offsetOf(event.id), event]));
    all.events = [...byOffset.keys()].sort((a, b) => a - b).map((offset) => byOffset.get(offset));
    others.push(all);
    others.sort((a, b) => a.start - b.start);
    if (others[others.length - 1].end < live) others.push(segmentAt(live));
    this.segments = others;
    this.#join();
    this.#recount();
    return true;
  }

  // The events and gaps, in order: { event } or { gap: { above, below, end } }, ids of the neighbours.
  *parts() {
    let above = null;
    for (const { start, events } of this.segments) {
      const below = events.length ? events[0].id : null;
      if (start > 0) yield { gap: { above, below, end: start } };
      for (const event of events) yield { event };
      if (events.length) above = events[events.length - 1].id;
    }
  }

  get(id) {
    const offset = offsetOf(id);
    const segment = this.segments.find((one) => one.start <= offset && offset < one.end);
    return segment && segment.events.find((event) => event.id === id);
  }

  // The loaded events after an offset.
  *after(offset) {
    for (const { events } of this.segments) {
      for (const event of events) if (offsetOf(event.id) > offset) yield event;
    }
  }

  // Drops the events furthest from the offset `near` if there are too many.
  trim(near) {
    if (this.count <= MOST) return;
    let above = 0;
    for (const { events } of this.segments) for (const event of events) above += offsetOf(event.id) < near;
    while (this.count > MOST * 0.9 && Math.max(above, this.count - above) > NEAR) {
      if (above > this.count - above) {
        this.#dropOldest();
        above--;
      } else this.#dropNewest();
    }
    const live = this.live;
    this.segments = this.segments.filter((segment) => segment === live || segment.events.length);
  }

  #dropOldest() {
    while (this.segments.length > 1 && !this.segments[0].events.length) this.segments.shift();
    const event = this.segments[0].events.shift();
    this.segments[0].start = offsetOf(event.id) + 1;
    this.count--;
  }

  #dropNewest() {
    const end = this.end;
    while (this.segments.length > 1 && !this.live.events.length) this.segments.pop();
    const event = this.live.events.pop();
    this.live.end = offsetOf(event.id);
    this.count--;
    this.segments.push(segmentAt(end));
  }

  #join() {
    const joined = [];
    for (const segment of this.segments) {
      const before = joined[joined.length - 1];
      if (before && before.end >= segment.start) {
        before.end = Math.max(before.end, segment.end);
        before.events = before.events.concat(segment.events);
      } else joined.push(segment);
    }
    this.segments = joined;
  }

  #recount() {
    this.count = this.segments.reduce((sum, segment) => sum + segment.events.length, 0);
  }
}

// The bounds of a range within which nothing is missing, by what was asked: { before: id }, { after: id },
// or neither, for the newest. `range` is the answer, `live` the end of the stream, `gapEnd` the end of the
// gap that was asked for.
export function boundsOf(asked, range, live, gapEnd) {
  const offsets = range.events.filter((event) => event.id).map((event) => offsetOf(event.id));
  const next = range.next === null ? null : offsetOf(range.next);
  const first = offsets.length ? Math.min(...offsets) : null;
  const behind = offsets.length ? Math.max(...offsets) + 1 : 0;
  if (asked.after) {
    const end = next === null ? Math.max(behind, gapEnd ?? live) : Math.max(behind, next + 1);
    return [offsetOf(asked.after) + 1, end];
  }
  const start = next === null ? 0 : Math.min(next, first ?? next);
  return [start, asked.before ? offsetOf(asked.before) : behind || live];
}

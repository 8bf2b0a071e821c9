"use strict";
// The search. Texts are only ever read and compared here; nothing is made of them.
(() => {
  const form = document.getElementById("search");
  const [box, back, on] = form.querySelectorAll("input, button");
  const count = form.querySelector("output");
  const root = document.documentElement;
  const AT_ONCE = 10; // ms of work before the page may move again
  const FEW = 3000; // so many messages can be laid out at once
  const pause = () => new Promise((go) => setTimeout(go));

  let texts = null; // [message, its name and text]
  let names = new Map(); // the name above a group, by group
  let hits = [];
  let now = -1;
  let turn = 0; // the newest search; older ones end
  let pattern = null;
  let timer = 0;
  let left = null; // what was at the top before the search

  const nameOf = (message) => {
    const group = message.parentNode;
    if (!names.has(group)) {
      const name = group.firstElementChild;
      names.set(group, name && name.className.startsWith("n ") ? name : null);
    }
    return names.get(group);
  };

  // Calls work(item) for each, without keeping the page from moving; false if a newer search began.
  async function each(items, mine, work) {
    let until = performance.now() + AT_ONCE;
    for (let i = 0; i < items.length; i++) {
      work(items[i]);
      if ((i & 127) === 127 && performance.now() > until) {
        await pause();
        if (mine !== turn) return false;
        until = performance.now() + AT_ONCE;
      }
    }
    return mine === turn;
  }

  async function read(mine) {
    if (texts) return true;
    const found = [];
    const all = document.querySelectorAll("main [id]");
    const whole = await each(all, mine, (message) => {
      const name = nameOf(message);
      found.push([message, (name ? name.textContent + "\n" : "") + message.textContent.slice(0, -message.lastChild.textContent.length)]);
    });
    if (whole) texts = found;
    return whole;
  }

  const parts = (message) => [message, message.parentNode, message.closest(".k"), message.closest("section")];
  const mark = (message) => parts(message).forEach((part) => part && part !== document.body && part.classList.add("y"));
  const unmark = (message) => parts(message).forEach((part) => part && part.classList.remove("y"));

  async function search() {
    const mine = ++turn;
    const words = box.value.normalize("NFC").trim();
    if (!words) return end(hits[now]);
    const wanted = words.replace(/[\^$\\.*+?()[\]{}|\/]/g, "\\$&").replace(/\s+/g, "\\s+");
    const fits = new RegExp(wanted, "iu");
    count.value = "…";
    if (!(await read(mine))) return;
    const found = [];
    if (!(await each(texts, mine, ([message, text]) => fits.test(text) && found.push(message)))) return;
    if (!left) left = atTop();
    const old = hits;
    hits = found;
    now = -1;
    document.querySelector(".now")?.classList.remove("now");
    if (!(await each(old, mine, unmark)) || !(await each(hits, mine, mark))) return;
    pattern = new RegExp(wanted, "giu");
    root.classList.toggle("few", hits.length <= FEW);
    root.classList.add("finding");
    scrollTo(0, 0);
    say();
    light();
  }

  // The whole conversation again, where `message` is.
  function end(message) {
    turn++;
    const stay = message ?? left;
    const old = hits;
    hits = [];
    now = -1;
    left = pattern = null;
    box.value = "";
    root.classList.remove("finding", "few");
    document.querySelector(".now")?.classList.remove("now");
    if (message) message.classList.add("now");
    if (stay) show(stay, message ? "center" : "start");
    say();
    light();
    each(old, turn, unmark);
  }

  // What lies between is laid out only when it comes into sight, and then pushes this away.
  function show(message, block) {
    let frames = 4;
    const settle = () => {
      message.scrollIntoView({ block });
      if (frames-- > 0) requestAnimationFrame(settle);
    };
    settle();
  }

  const atTop = () => document.elementFromPoint(innerWidth / 2, 130)?.closest("main p, .m, .g") ?? null;
  const number = (n) => n.toLocaleString("en-GB");

  function say() {
    const some = hits.length > 0;
    back.disabled = on.disabled = !some;
    if (!pattern) count.value = "";
    else if (!some) count.value = "none";
    else count.value = now < 0 ? number(hits.length) + " found" : number(now + 1) + " of " + number(hits.length);
  }

  function go(step) {
    if (!hits.length) return;
    hits[now]?.classList.remove("now");
    now = now < 0 ? (step > 0 ? 0 : hits.length - 1) : (now + step + hits.length) % hits.length;
    hits[now].classList.add("now");
    show(hits[now], "center");
    say();
    light();
  }

  // What was found is lit where it can be seen, by ranges: the page itself is not changed.
  const seen = new Set();
  const watch = new IntersectionObserver((changes) => {
    for (const { target, isIntersecting } of changes) {
      if (isIntersecting) seen.add(target);
      else seen.delete(target);
    }
    light();
  }, { rootMargin: "200px" });
  let planned = false;

  function light() {
    if (planned || !globalThis.Highlight || !CSS.highlights) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      const found = new Highlight();
      const current = new Highlight();
      current.priority = 1;
      if (pattern) {
        for (const part of seen) {
          for (const message of part.querySelectorAll("p.y, .m.y")) {
            const to = message === hits[now] ? current : found;
            ranges(message, to);
            const name = nameOf(message);
            if (name) ranges(name, found);
          }
        }
      }
      CSS.highlights.set("found", found);
      CSS.highlights.set("now", current);
    });
  }

  function ranges(element, to) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.parentNode.localName === "time") continue;
      for (const match of node.data.matchAll(pattern)) {
        const range = new Range();
        range.setStart(node, match.index);
        range.setEnd(node, match.index + match[0].length);
        to.add(range);
      }
    }
  }

  document.querySelectorAll(".k").forEach((part) => watch.observe(part));
  form.hidden = false;
  root.classList.add("live");
  say();
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 120);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(1);
  });
  back.addEventListener("click", () => go(-1));
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") end(hits[now]);
    else if (event.key === "Enter" && event.shiftKey) {
      event.preventDefault();
      go(-1);
    }
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target === box) return;
    event.preventDefault();
    box.focus();
    box.select();
  });
  // A message's own link shows it where it was said.
  document.querySelector("main").addEventListener("click", (event) => {
    const link = event.target.closest("[id] > a[href^='#']");
    if (link && pattern) end(link.parentNode);
  });
})();

//! The page's modules in a browser, held to the cases that the window's model is held to in the unit tests:
//! `data/golden.json`.

use serde_json::{Value, json};

use super::address_of;
use super::browser::Browser;
use support::program::Folder;

/// The pure modules, and in one scope as build.rs puts them.
const MODULES: [&str; 5] = [
    include_str!("../../src/modes/server/page/ids.js"),
    include_str!("../../src/modes/server/page/forms.js"),
    include_str!("../../src/modes/server/page/items.js"),
    include_str!("../../src/modes/server/page/history.js"),
    include_str!("../../src/modes/server/page/outbox.js"),
];

/// What the modules make of a case, as the cases have it.
const TOLD: &str = r#"
const idOf = (offset) => (offset === null || offset === undefined ? null : `1-${offset}-0`);
const partOf = ({ kind, text }) => (kind === "text" ? text : { [kind]: text });
const told = {
  forms({ text, names = [] }) {
    const blocks = blocksOf(text).map(({ kind, text }) => ({ [kind]: kind === "code" ? text : spansOf(text, names).map(partOf) }));
    return { blocks, calls: isCalled(text, names[0] ?? null) };
  },
  items({ events, unread = null, unfolded = [], pending = 0, since }) {
    const history = new History();
    history.streamFrom(idOf(since));
    const start = Date.parse("2026-11-23T23:00:00Z");
    for (const { offset, minute, type, name, text } of events) {
      const at = new Date(start + Math.round(minute * 60e3)).toISOString();
      history.push({ id: idOf(offset), at, type, text, [type === "message" ? "from" : "name"]: name });
    }
    const more = { unreadFrom: unread, unfolded: new Set(unfolded.map(idOf)), pending: Array(pending).fill({ key: "" }) };
    const day = (at) => new Date(at).toISOString().slice(0, 10);
    const items = itemsOf(history, { ...more, day });
    let waiting = 0;
    return items.map((item) => {
      const [kind, offset] = [item.kind, item.event && offsetOf(item.event.id)];
      if (kind === "gap") return `gap ${item.gap.end}`;
      if (kind === "day") return `day ${day(item.at)}`;
      if (kind === "pause") return `pause ${item.minutes}`;
      if (kind === "run") return `run ${offsetOf(item.events[0].id)}-${offsetOf(item.events[item.events.length - 1].id)}`;
      if (kind === "pending") return `pending ${waiting++}`;
      if (item.grouped) return `grouped ${offset}`;
      return item.event ? `${kind} ${offset}` : kind;
    });
  },
  history({ steps }) {
    const history = new History();
    return steps.map(({ do: order }) => {
      if (order.insert) history.insert(order.from, order.to, order.insert.map((offset) => ({ id: idOf(offset) })));
      else if (order.push !== undefined) history.push({ id: idOf(order.push) });
      else history.streamFrom(idOf(order.after));
      return [...history.parts()].map(({ gap, event }) => (gap ? "~" : offsetOf(event.id))).join(" ");
    });
  },
  outbox({ steps }) {
    const outbox = new Outbox();
    return steps.map(({ do: order }, number) => {
      if (order.add) outbox.add({ ...newMessage("hi", "bob", number), key: order.add });
      else if (order.sent) outbox.sent(order.sent, idOf(order.after));
      else if (order.clear) outbox.clear(order.clear);
      else outbox.remove(order.remove);
      const doubts = outbox.messages.filter(({ tried, after }) => tried && after);
      return { next: outbox.next?.key ?? null, doubts: doubts.map(({ key, after }) => [key, offsetOf(after)]) };
    });
  },
};
"#;

/// A page of these modules alone.
fn page_of_modules(folder: &Folder) -> std::path::PathBuf {
    let lines = MODULES.iter().flat_map(|module| module.lines());
    let lines = lines.filter(|line| !line.starts_with("import "));
    let script: Vec<&str> = lines
        .map(|line| line.strip_prefix("export ").unwrap_or(line))
        .collect();
    let script = script.join("\n");
    folder.file(
        "modules.html",
        format!("<!doctype html><meta charset=utf-8><script>{script}{TOLD}</script>"),
    )
}

/// What a case wants, in the form that the script tells.
fn wanted(section: &str, case: &Value) -> Value {
    let of_steps = |of: &dyn Fn(&Value) -> Value| {
        let steps = case["steps"].as_array().expect("steps");
        steps.iter().map(of).collect::<Vec<Value>>().into()
    };
    match section {
        "forms" => json!({"blocks": case["blocks"], "calls": case["calls"] == true}),
        "items" => case["items"].clone(),
        "history" => of_steps(&|step| step["shown"].clone()),
        _ => of_steps(&|step| json!({"next": step["next"], "doubts": step["doubts"]})),
    }
}

#[test]
fn the_page_shows_what_the_window_shows() {
    let cases: Value = serde_json::from_str(include_str!("data/golden.json")).expect("JSON");
    let folder = Folder::new();
    let file = page_of_modules(&folder);
    let mut browser = Browser::start(390, 844, 1.0, false);
    browser.open(&file, "");
    let sections = cases.as_object().expect("sections");
    assert_eq!(sections.len(), 4);
    for (section, cases) in sections {
        let told = browser.find(&format!("({cases}).map(told.{section})"));
        let told = told.as_array().expect("one for each case");
        let cases = cases.as_array().expect("cases");
        assert_eq!(told.len(), cases.len());
        for (case, told) in cases.iter().zip(told) {
            assert_eq!(*told, wanted(section, case), "{section}: {case}");
        }
    }
    assert_eq!(browser.trouble(&address_of(&file)), Vec::<Value>::new());
}

#[test]
fn no_text_keeps_the_page_waiting() {
    let folder = Folder::new();
    let file = page_of_modules(&folder);
    let mut browser = Browser::start(390, 844, 1.0, false);
    browser.open(&file, "");
    // 64 KiB of each: with work that grew as the square, minutes would pass.
    let parts = [
        "a://",
        "http://",
        "http://a",
        "http://a.b/(",
        "http://a.bc/([{",
        "www.",
        "www.a.bc\\\"",
        "a.",
        "a-",
        "1.",
        "`",
        "`a",
        "`` ` ",
        "```a\\n",
        "> ",
        ">\\n",
        "@uthira",
        "uthir",
        "ok ",
        "ok:\\n",
        "\\nok  ",
        " ",
        "を",
        "http://a。",
        "?",
        "/?",
        "\u{301}",
    ];
    for part in parts {
        let script = format!(
            "isCalled(\"{part}\".repeat(65536 / \"{part}\".length), \"uthira\") + isCalled(\"{part}\".repeat(65536 / \"{part}\".length), \"ok\")"
        );
        browser.find(&script);
    }
}

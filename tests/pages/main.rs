//! The page of `chatroom replay --output html` in a browser (Chromium), and its pictures; the room's page is in
//! [`room`], its modules alone in [`golden`]. With `CHATROOM_PICTURES` naming a folder (`make pictures`) the pictures are kept there.

mod browser;
mod golden;
mod room;
mod terminal;

use std::path::{Path, PathBuf};
use std::time::Instant;

use browser::Browser;
use chatroom::event::{Body, Event, Stamp};
use chatroom::line;
use serde_json::Value;
use support::program::Folder;

const SAMPLE: &[u8] = include_bytes!("../../log.txt");

fn says(second: i64, from: &str, text: &str) -> Vec<u8> {
    let body = Body::message(from, text).elapsed(7);
    let at = Stamp::from_micros(1_795_473_297_000_000 + second * 1_000_000);
    let mut out = Vec::new();
    line::to_line(&Event { at, body }, &mut out);
    out
}

/// The folder that pictures are put into: the test's own, unless they are wanted.
fn pictures_folder(own: &Folder) -> PathBuf {
    let wanted = std::env::var_os("CHATROOM_PICTURES");
    wanted.map_or_else(|| own.path().to_path_buf(), PathBuf::from)
}

/// The page of a log.
fn page(folder: &Folder, log: &[u8]) -> PathBuf {
    folder.file("log.txt", log);
    let run = folder
        .run(&["replay", "log.txt", "--output", "html"])
        .code(0);
    folder.file("page.html", run.output.stdout)
}

/// The address of a file, with which those of its places begin.
fn address_of(file: &Path) -> String {
    format!("file://{}", file.display())
}

/// Searches for something, and waits for the result.
fn search(browser: &mut Browser, words: &str) {
    if browser.find("document.activeElement.localName") != "input" {
        browser.press("/", 191, false);
    }
    browser.write(words);
    browser.until("/found|none/.test(document.querySelector('output').value)");
}

const SHOWN: &str = "[...document.querySelectorAll('main [id]')].filter(p => p.checkVisibility())";

#[test]
fn matches_are_found_and_stepped_through() {
    let folder = Folder::new();
    let mut log = Vec::new();
    for n in 0..2_000 {
        let text = match n % 500 {
            7 => format!("the Toaster (no. {n}) burns"),
            _ => format!("nothing {n}"),
        };
        log.extend(says(n * 60, if n % 2 == 0 { "mira" } else { "bob" }, &text));
    }
    let file = page(&folder, &log);
    let mut browser = Browser::start(900, 700, 1.0, false);
    browser.open(&file, "");
    let count = "document.querySelector('output').value";
    assert_eq!(browser.find(count), "");
    search(&mut browser, "toaster (NO.");
    assert_eq!(browser.find(count), "4 found");
    assert_eq!(browser.find(&format!("{SHOWN}.length")), 4);
    browser.until("CSS.highlights.get('found').size === 4");
    let lit = "[...CSS.highlights.get('found')].map(range => range.toString()).join()";
    assert_eq!(
        browser.find(lit),
        "Toaster (no.,Toaster (no.,Toaster (no.,Toaster (no."
    );
    let now = "document.querySelector('.now').textContent.split(' burns')[0]";
    for (shift, wanted, place) in [
        (false, "1 of 4", "the Toaster (no. 7)"),
        (false, "2 of 4", "the Toaster (no. 507)"),
        (true, "1 of 4", "the Toaster (no. 7)"),
        (true, "4 of 4", "the Toaster (no. 1507)"),
    ] {
        browser.press("Enter", 13, shift);
        assert_eq!(browser.find(count), wanted);
        assert_eq!(browser.find(now), place);
    }
    browser.until("CSS.highlights.get('now').size === 1");
    // Back among the others, at the place that was found.
    browser.press("Escape", 27, false);
    assert_eq!(browser.find(count), "");
    browser.until(&format!("{SHOWN}.length === 2000"));
    let seen = "(r => r.top > 100 && r.bottom < innerHeight)(document.querySelector('.now').getBoundingClientRect())";
    browser.until(seen);
    // Names are found too, and nothing is found where there is nothing.
    browser.write("bob");
    browser.until("document.querySelector('output').value === '1,000 found'");
    browser.press("Escape", 27, false);
    browser.write("no such thing");
    browser.until("document.querySelector('output').value === 'none'");
    assert_eq!(browser.find(&format!("{SHOWN}.length")), 0);
    browser.press("Escape", 27, false);
    // A message's own address leads to it.
    let id = browser.find("document.querySelectorAll('main [id]')[1500].id");
    browser.open(&file, &format!("#{}", id.as_str().expect("an id")));
    browser.until("(r => r.top >= 0 && r.bottom < innerHeight)(document.querySelector(':target').getBoundingClientRect())");
    assert_eq!(browser.trouble(&address_of(&file)), Vec::<Value>::new());
}

/// Texts that try to be more than text.
pub(crate) const ATTACKS: [&str; 17] = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\"><svg onload=alert(1)>",
    "</p></div></section></main></body><script src=http://127.0.0.1:9/x.js></script>",
    "<style>@import 'http://127.0.0.1:9/x.css';</style><link rel=stylesheet href=http://127.0.0.1:9/>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "http://127.0.0.1:9/\" onmouseover=\"document.title='owned'",
    "javascript:document.title='owned'",
    "<!--",
    "]]>",
    "-->",
    "</script>",
    "</style>",
    "</title>",
    "\0\u{202e}\u{2028}\u{1b}]0;x\u{7}",
    "${document.title='owned'}",
    "{{constructor.constructor('alert(1)')()}}",
];

#[test]
fn code_and_quotes_are_found_as_anything_else() {
    let folder = Folder::new();
    let log = [
        says(0, "mira", "before"),
        says(
            1,
            "mira",
            "> a toaster?\nyes:\n```\nlet toaster = `1`;\n```",
        ),
        says(2, "bob", "`toaster` it is"),
    ]
    .concat();
    let file = page(&folder, &log);
    let mut browser = Browser::start(390, 844, 1.0, false);
    browser.open(&file, "");
    search(&mut browser, "toaster");
    assert_eq!(
        browser.find("document.querySelector('output').value"),
        "2 found"
    );
    assert_eq!(browser.find(&format!("{SHOWN}.length")), 2);
    browser.until("CSS.highlights.get('found').size === 3");
    browser.press("Enter", 13, false);
    assert_eq!(
        browser.find("document.querySelector('.now').className"),
        "m s y now"
    );
    // The time is not in it, and two lines are not one.
    for (words, wanted) in [
        ("toaster?yes", "none"),
        ("toaster? yes", "1 found"),
        ("22:34", "none"),
    ] {
        browser.press("Escape", 27, false);
        search(&mut browser, words);
        assert_eq!(
            browser.find("document.querySelector('output').value"),
            wanted,
            "{words}"
        );
    }
    browser.press("Escape", 27, false);
    let face = |what: &str| {
        format!("getComputedStyle(document.querySelector('{what}')).fontFamily.includes('mono')")
    };
    for what in ["pre code", "p code"] {
        assert_eq!(browser.find(&face(what)), true, "{what}");
    }
    assert_eq!(browser.find(&face("blockquote")), false);
    assert_eq!(browser.trouble(&address_of(&file)), Vec::<Value>::new());
}

#[test]
fn a_hostile_log_does_nothing() {
    let folder = Folder::new();
    let mut log = Vec::new();
    // Also out of code and quotes.
    let blocks = [
        "```\n</code></pre><script>document.title='owned'</script>\n```",
        "> </blockquote><img src=x onerror=\"document.title='owned'\">",
        "`</code><svg onload=alert(1)>`",
    ];
    let attacks: Vec<&str> = ATTACKS.into_iter().chain(blocks).collect();
    for (n, attack) in attacks.iter().enumerate() {
        log.extend(says(n as i64, attack, attack));
        log.extend(says(n as i64, "mira", &format!("/me {attack}")));
    }
    let file = page(&folder, &log);
    let mut browser = Browser::start(390, 844, 1.0, false);
    browser.open(&file, "");
    let count = format!("{SHOWN}.length");
    assert_eq!(browser.find(&count), 2 * attacks.len());
    // Also not by way of the search, or of what is pressed.
    for words in ["<script>", "<img", "\"><svg", ".*", "\\", "document.title"] {
        search(&mut browser, words);
        browser.press("Enter", 13, false);
        browser.press("Escape", 27, false);
    }
    browser.find("document.querySelectorAll('main *').forEach(e => { for (const kind of ['mouseover', 'focus', 'error', 'load']) e.dispatchEvent(new Event(kind)) })");
    assert_eq!(browser.find("document.title"), "log.txt");
    let own = "document.scripts.length + document.styleSheets.length + document.images.length";
    assert_eq!(browser.find(own), 2);
    assert_eq!(browser.trouble(&address_of(&file)), Vec::<Value>::new());
    // And if something did get in, it would not be allowed to do anything.
    let tried = "try { document.body.innerHTML += '<img src=http://127.0.0.1:9/x onerror=1>'; 'set' } catch { 'refused' }";
    assert_eq!(browser.find(tried), "refused");
}

#[test]
fn it_fits_a_phone() {
    let folder = Folder::new();
    let mut log = SAMPLE.to_vec();
    let last = 1_000_000;
    log.extend(says(last, &"n".repeat(300), &"w".repeat(2_000)));
    log.extend(says(
        last,
        "mira",
        &format!("http://example.org/{}", "a/".repeat(400)),
    ));
    log.extend(says(last, "نورا", "مرحبا http://example.org/ كيف الحال"));
    let file = page(&folder, &log);
    for width in [320, 390, 1024] {
        let mut browser = Browser::start(width, 844, 1.0, false);
        browser.open(&file, "");
        search(&mut browser, "e");
        for _ in 0..2 {
            assert_eq!(browser.find("document.documentElement.scrollWidth"), width);
            let out = "[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)).map(e => e.outerHTML.slice(0, 80))";
            assert_eq!(browser.find(out), serde_json::json!([]), "{width}");
            browser.press("Escape", 27, false);
        }
        let small = "[...document.querySelectorAll('button, input')].filter(e => e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44).length + [...document.querySelectorAll('a, summary')].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 16).length";
        assert_eq!(browser.find(small), 0);
        let size = "parseFloat(getComputedStyle(document.querySelector('main [id]')).fontSize)";
        assert!(browser.find(size).as_f64() >= Some(16.0));
    }
}

#[test]
fn without_script_everything_is_there() {
    let folder = Folder::new();
    let file = page(&folder, SAMPLE);
    let mut browser = Browser::start(390, 844, 1.0, false);
    let off = serde_json::json!({"value": true});
    browser.order("Emulation.setScriptExecutionDisabled", off);
    browser.open(&file, "");
    let there = browser.order("DOM.getDocument", serde_json::json!({"depth": 0}));
    let root = there["root"]["nodeId"].clone();
    let all = serde_json::json!({"nodeId": root, "selector": "main [id]"});
    let found = browser.order("DOM.querySelectorAll", all);
    let messages = SAMPLE
        .split(|b| *b == b'\n')
        .filter(|l| l.get(28) == Some(&b'['))
        .count();
    assert_eq!(found["nodeIds"].as_array().map(Vec::len), Some(messages));
    let first = serde_json::json!({"nodeId": found["nodeIds"][0]});
    browser.order("DOM.getBoxModel", first);
    let form = serde_json::json!({"nodeId": root, "selector": "form:not([hidden])"});
    assert_eq!(browser.order("DOM.querySelector", form)["nodeId"], 0);
}

#[test]
fn a_hundred_thousand_messages_keep_it_moving() {
    let folder = Folder::new();
    let words = [
        "kettle", "toaster", "lamp", "spanner", "glue", "table", "socket", "bench",
    ];
    let mut log = Vec::new();
    for n in 0..100_000_usize {
        let said: Vec<&str> = (0..3 + n % 11)
            .map(|w| words[(n * 7 + w * w * 3 + n / 13) % 8])
            .collect();
        let rare = if n % 20_011 == 17 { " zeppelin" } else { "" };
        log.extend(says(
            n as i64 * 20,
            words[n / 3 % 8],
            &format!("{n} {}{rare}", said.join(" ")),
        ));
    }
    let file = page(&folder, &log);
    let mut browser = Browser::start(390, 844, 1.0, false);
    let from = Instant::now();
    browser.open(&file, "");
    let loaded = from.elapsed();
    browser.find("globalThis.longest = 0; new PerformanceObserver(list => { for (const e of list.getEntries()) longest = Math.max(longest, e.duration) }).observe({type: 'longtask'})");
    let mut figures = format!("loaded in {} ms", loaded.as_millis());
    for (words, wanted) in [
        ("zeppelin", "5 found"),
        ("e", "100,000 found"),
        ("kettle", ""),
    ] {
        let from = Instant::now();
        search(&mut browser, words);
        if !wanted.is_empty() {
            assert_eq!(
                browser.find("document.querySelector('output').value"),
                wanted
            );
        }
        browser.find(
            "new Promise(go => requestAnimationFrame(() => requestAnimationFrame(() => go(1))))",
        );
        let took = from.elapsed().as_millis();
        browser.press("Enter", 13, false);
        browser.until("/ of /.test(document.querySelector('output').value)");
        browser.press("Escape", 27, false);
        browser.find("new Promise(go => setTimeout(go, 200))");
        let longest = browser.find("[longest, longest = 0][0]");
        figures += &format!(
            "; {words:?} found in {took} ms, the page stood still for {longest} ms at most"
        );
    }
    println!("100,000 messages: {figures}");
    // By a clock on which each look at it is the end of a turn: how much is done in one.
    browser.find(
        "let at = 0; performance.now = () => at += 1000; const wait = setTimeout; globalThis.turns = 0; \
         globalThis.setTimeout = (go, time) => { turns += !time; return wait(go, time) }; 0",
    );
    search(&mut browser, "e");
    let turns = browser.find("turns").as_u64().expect("a number");
    assert!(turns >= 100_000 / 128, "{turns} turns");
}

#[test]
fn pictures() {
    let folder = Folder::new();
    let to = pictures_folder(&folder);
    let file = page(&folder, SAMPLE);
    for (name, width, height, scale, dark, words) in [
        ("page-phone", 390, 844, 2.0, false, None),
        ("page-desktop", 1100, 800, 1.0, false, None),
        ("page-dark", 390, 844, 2.0, true, None),
        ("page-search", 390, 844, 2.0, false, Some("the")),
    ] {
        let mut browser = Browser::start(width, height, scale, dark);
        browser.open(&file, "");
        if let Some(words) = words {
            search(&mut browser, words);
            browser.press("Enter", 13, false);
            browser.press("Enter", 13, false);
            browser.until("CSS.highlights.get('now').size > 0");
        }
        browser.find(
            "new Promise(go => requestAnimationFrame(() => requestAnimationFrame(() => go(1))))",
        );
        std::fs::write(to.join(format!("{name}.png")), browser.picture()).expect("written");
    }
}

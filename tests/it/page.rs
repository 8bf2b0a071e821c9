//! `chatroom replay --output html`, parsed by the rules of HTML: it has no error, and the log contributes nothing but
//! text. `tests/pages` opens it in a browser.

use std::rc::Rc;

use chatroom::event::Body;
use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

use crate::forms::{HOSTILE, line_of, piped, says};
use support::program::{Folder, Run};

/// An element of a page.
#[derive(Clone)]
struct Element(Handle);

impl Element {
    fn name(&self) -> String {
        match &self.0.data {
            NodeData::Element { name, .. } => name.local.to_string(),
            _ => String::new(),
        }
    }

    fn attribute(&self, wanted: &str) -> Option<String> {
        self.attributes()
            .into_iter()
            .find_map(|(name, value)| (name == wanted).then_some(value))
    }

    fn attributes(&self) -> Vec<(String, String)> {
        match &self.0.data {
            NodeData::Element { attrs, .. } => attrs
                .borrow()
                .iter()
                .map(|a| (a.name.local.to_string(), a.value.to_string()))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn text(&self) -> String {
        match &self.0.data {
            NodeData::Text { contents } => contents.borrow().to_string(),
            _ => {
                let children = self.0.children.borrow();
                children
                    .iter()
                    .map(|c| Element(Rc::clone(c)).text())
                    .collect()
            }
        }
    }

    /// The element itself and all elements in it.
    fn all(&self) -> Vec<Element> {
        let mut found = vec![self.clone()];
        for child in self.0.children.borrow().iter() {
            found.extend(Element(Rc::clone(child)).all());
        }
        found
    }

    fn named(&self, name: &str) -> Vec<Element> {
        let all = self.all().into_iter();
        all.filter(|element| element.name() == name).collect()
    }

    fn of_class(&self, class: &str) -> Vec<Element> {
        let is = |value: String| value.split(' ').any(|word| word == class);
        let all = self.all().into_iter();
        all.filter(|element| element.attribute("class").is_some_and(is))
            .collect()
    }

    /// The messages in order, without their times.
    fn messages(&self) -> Vec<String> {
        let all = self.all().into_iter();
        all.filter(|p| ["p", "div"].contains(&&*p.name()) && p.attribute("id").is_some())
            .map(|p| {
                let text = p.text();
                text[..text.len() - " 22:34".len()].to_string()
            })
            .collect()
    }
}

/// The page written by a run, which must be HTML without an error.
#[track_caller]
fn parsed(run: &Run) -> Element {
    let page = run.said();
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(page.as_str());
    let errors = dom.errors.borrow();
    assert!(errors.is_empty(), "{errors:?} in\n{page}");
    Element(Rc::clone(&dom.document))
}

#[track_caller]
fn page_of(log: &[u8], more: &[&str]) -> Element {
    let folder = Folder::new();
    folder.file("log.txt", log);
    let args = [&["replay", "log.txt", "--output", "html"], more].concat();
    parsed(&folder.run(&args).code(0))
}

fn comes(second: i64, name: &str) -> Vec<u8> {
    line_of(second, Body::join(name))
}

#[test]
fn the_page_says_what_was_said() {
    let log = [
        comes(0, "mira"),
        says(1, "mira", "one\n  two\tthree"),
        says(2, "mira", "again"),
        says(2, "eve", "hello"),
        says(3, "bob", "/me waves"),
        says(80_000, "bob", "next day"),
        line_of(80_001, Body::notice("tea")),
        line_of(80_002, Body::leave("mira")),
        line_of(80_003, Body::Closed),
    ]
    .concat();
    let page = page_of(&log, &[]);
    assert_eq!(
        page.messages(),
        [
            "one\n  two\tthree",
            "again",
            "hello",
            "bob waves",
            "next day",
            "tea"
        ]
    );
    assert_eq!(page.named("title")[0].text(), "log.txt");
    let days: Vec<String> = page.named("h2").iter().map(Element::text).collect();
    assert_eq!(
        days,
        ["Monday, 23 November 2026", "Tuesday, 24 November 2026"]
    );
    // Consecutive messages of one sender have its name once.
    let names: Vec<String> = page.of_class("n").iter().map(|n| n.text()).collect();
    assert_eq!(names, ["mira", "eve", "bob"]);
    let passing: Vec<String> = page.of_class("e").iter().map(|e| e.text()).collect();
    assert_eq!(
        passing,
        [
            "mira came in 22:34",
            "mira left 20:48",
            "The room closed 20:48"
        ]
    );
    let time = &page.of_class("g")[0].named("time")[0];
    assert_eq!(
        time.attribute("datetime").as_deref(),
        Some("2026-11-23T22:34:58.000000Z")
    );
    assert_eq!(
        time.attribute("title").as_deref(),
        Some("2026-11-23 22:34:58 +00:00")
    );
    let end = page.named("footer")[0].text();
    assert!(
        end.contains(
            "5 messages and 2 joins and leaves, from 23 November 2026, 22:34 to 24 \
                      November 2026, 20:48."
        ),
        "{end}"
    );
    assert!(end.contains("Times are UTC."), "{end}");
    // Every message has a link to itself.
    for message in page
        .named("p")
        .iter()
        .filter(|p| p.attribute("id").is_some())
    {
        let link = message.named("a").pop().expect("a link");
        let id = message.attribute("id").expect("an id");
        assert_eq!(link.attribute("href"), Some(format!("#{id}")));
        assert_eq!(message.attribute("dir").as_deref(), Some("auto"));
    }
}

#[test]
fn nothing_from_a_log_is_markup() {
    let names = [
        "<b>",
        "\"><img src=x onerror=alert(1)>",
        "a&amp;b",
        "\u{202e}evil",
        "]\n)",
    ];
    let texts = [
        HOSTILE,
        "</p></main><script>alert(1)</script>",
        "<!-- <img src=x onerror=alert(1)>",
        "javascript:alert(1) data:text/html,<script>1</script>",
        "http://a.test/\"onmouseover=\"alert(1) https://b.test/?a=1&b=<i>",
        "https://evil.test/\u{202e}moc.good",
        "&lt;kept&gt; &#x3c; \u{fffe}\u{fdd0}",
        "{{7*7}} ${1} <%= 1 %>",
    ];
    let mut log = Vec::new();
    for (n, name) in names.iter().enumerate() {
        log.extend(comes(n as i64, name));
        for text in texts {
            log.extend(says(n as i64, name, text));
            log.extend(says(n as i64, name, &format!("/me {text}")));
        }
        log.extend(line_of(n as i64, Body::notice(HOSTILE)));
    }
    let plain = page_of(&says(0, "mira", "hi"), &[]);
    let page = page_of(&log, &[]);
    // The elements and attributes are those of any page.
    for element in page.all() {
        let known = [
            "", "html", "head", "meta", "title", "style", "script", "body", "header", "h1", "h2",
            "bdi", "a", "search", "form", "input", "output", "button", "main", "section", "div",
            "b", "p", "time", "footer",
        ];
        assert!(known.contains(&&*element.name()), "{}", element.name());
        for (name, value) in element.attributes() {
            assert!(
                !name.starts_with("on") && name != "style" && name != "src",
                "{name}"
            );
            if name == "href" {
                let good = value.starts_with('#') || value.starts_with("http");
                assert!(good, "{value}");
            }
        }
    }
    assert_eq!(page.named("script").len(), 1);
    assert_eq!(
        page.named("script")[0].text(),
        plain.named("script")[0].text()
    );
    assert_eq!(page.named("title")[0].text(), "log.txt");
    // All of it is readable, and invisible characters are named.
    let said = page.messages();
    assert_eq!(said.len(), names.len() * (2 * texts.len() + 1));
    assert!(said[0].starts_with("<script>document.title='x'</script>\\u{1b}[31m\\u{202e}\\u{0}"));
    assert!(said[0].ends_with("</p>&amp;\n\"'`"), "{:?}", said[0]);
    assert_eq!(said[12], "&lt;kept&gt; &#x3c; \\u{fffe}\\u{fdd0}");
    assert_eq!(page.of_class("n")[0].text(), "<b>");
    assert!(
        page.of_class("n")
            .iter()
            .any(|n| n.text() == "\\u{202e}evil")
    );
    // Only web addresses become links, unchanged.
    let links: Vec<String> = page.of_class("g")[4]
        .named("a")
        .iter()
        .filter_map(|a| a.attribute("href"))
        .filter(|href| !href.starts_with('#'))
        .collect();
    assert_eq!(links, Vec::<String>::new());
    let outside = page.named("a").into_iter();
    let outside = outside.filter(|a| a.attribute("href").is_some_and(|h| h.starts_with("http")));
    for link in outside.clone() {
        assert_eq!(
            link.attribute("rel").as_deref(),
            Some("noopener noreferrer")
        );
        assert_eq!(link.attribute("href").as_deref(), Some(&*link.text()));
    }
    let addresses: Vec<String> = outside.take(2).map(|a| a.text()).collect();
    assert_eq!(addresses, ["http://a.test/", "https://b.test/?a=1&b="]);
}

#[test]
fn code_and_quotes_have_elements_of_their_own() {
    let texts = [
        "see `a < b` at http://a.test/`c`",
        "> so <b>\n> it is `x`\nno\n```js\n\n</code></pre><script>1</script>\n\thttp://b.test\n```\nend",
        "> <img src=x onerror=alert(1)>",
        "```\nnever closed",
    ];
    let log: Vec<u8> = texts
        .iter()
        .flat_map(|text| says(0, "mira", text))
        .collect();
    let page = page_of(&log, &[]);
    let main = &page.named("main")[0];
    let texts_of = |of: &Element, name: &str| -> Vec<String> {
        of.named(name).iter().map(Element::text).collect()
    };
    let code = "\n</code></pre><script>1</script>\n\thttp://b.test";
    assert_eq!(texts_of(main, "code"), ["a < b", "c", "x", code]);
    assert_eq!(texts_of(main, "pre"), [code]);
    let quotes = ["so <b>\nit is x", "<img src=x onerror=alert(1)>"];
    assert_eq!(texts_of(main, "blockquote"), quotes);
    let links = main.named("a").into_iter();
    let links = links.filter_map(|link| link.attribute("href").filter(|to| !to.starts_with('#')));
    assert_eq!(links.collect::<Vec<_>>(), ["http://a.test/"]);
    assert!(main.named("img").is_empty() && main.named("script").is_empty());
    // Each is a message with its place, time and direction.
    assert_eq!(page.messages().len(), texts.len());
    assert_eq!(page.messages()[3], texts[3]);
    let blocks = &main.of_class("m");
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let id = block.attribute("id").expect("an id");
        let link = block.named("a").pop().expect("a link");
        assert_eq!(link.attribute("href"), Some(format!("#{id}")));
    }
    let parts: Vec<String> = blocks[0]
        .0
        .children
        .borrow()
        .iter()
        .map(|part| Element(Rc::clone(part)).name())
        .collect();
    let parts: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(parts, ["blockquote", "div", "pre", "div", "a"]);
    for name in ["blockquote", "pre"] {
        assert_eq!(
            main.named(name)[0].attribute("dir").as_deref(),
            Some("auto")
        );
    }
}

#[test]
fn a_browser_is_told_to_allow_nothing_else() {
    let page = page_of(&says(0, "mira", HOSTILE), &[]);
    let metas = page.named("meta").into_iter();
    let policy = metas
        .filter(|m| m.attribute("http-equiv").is_some())
        .find_map(|m| m.attribute("content"))
        .expect("a policy");
    for rule in [
        "default-src 'none'; ",
        "script-src 'sha256-",
        "style-src 'sha256-",
        "base-uri 'none'",
        "form-action 'none'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(
        !policy.contains("unsafe") && !policy.contains('*'),
        "{policy}"
    );
    // Nothing in it can load anything from elsewhere.
    for name in ["link", "img", "iframe", "object", "base", "svg"] {
        assert!(page.named(name).is_empty(), "{name}");
    }
    let style = page.named("style")[0].text();
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[test]
fn many_comings_and_goings_take_one_line() {
    let few: Vec<u8> = (0..3).flat_map(|n| comes(n, &format!("n{n}"))).collect();
    assert!(page_of(&few, &[]).named("details").is_empty());
    let many: Vec<u8> = (0..1_200)
        .flat_map(|n| comes(n / 60, &format!("n{n}")))
        .collect();
    let log = [many, says(60, "n1", "quiet here")].concat();
    let page = page_of(&log, &[]);
    let groups = page.named("details");
    assert_eq!(groups.len(), 3, "some hundred each");
    assert_eq!(
        groups[0].named("summary")[0].text(),
        "500 joins and leaves: n0, n1, n2, n3, n4, n5 and others"
    );
    assert_eq!(page.of_class("e").len(), 1_200);
}

#[test]
fn damage_is_named_in_its_place_and_choices_hold() {
    let lines = [
        says(0, "mira", "one"),
        says(1, "mira", "two"),
        says(2, "bob", "three"),
    ];
    let mut log = lines.concat();
    log[lines[0].len() + 30] = b'X';
    let page = page_of(&log, &[]);
    let shown: Vec<String> = page.named("main")[0]
        .named("p")
        .iter()
        .map(|p| p.text())
        .collect();
    assert_eq!(shown.len(), 3);
    assert!(shown[1].starts_with(&format!("The log is damaged at byte {}", lines[0].len())));
    assert!(page.named("footer")[0].text().contains("1 line is damaged"));
    assert_eq!(page_of(&log, &["--user", "bob"]).messages(), ["three"]);
    let late = page_of(&log, &["--from", "2026-11-23T22:34:59Z"]);
    assert_eq!(late.messages(), ["three"]);
    // The page reports it, as the exit code does.
    let none = piped(
        &Folder::new(),
        &["--output", "html", "--grep", "nobody"],
        &log,
    )
    .code(1);
    let none = parsed(&none);
    assert_eq!(none.messages(), Vec::<String>::new());
    assert!(
        none.named("main")[0]
            .text()
            .contains("Nothing in this log is selected.")
    );
    // Even the first line, which has no day before it.
    log[30] = b'X';
    assert_eq!(page_of(&log, &[]).messages(), ["three"]);
}

#[test]
fn a_pipe_makes_the_same_page() {
    let folder = Folder::new();
    let log: Vec<u8> = (0..3_000).flat_map(|n| says(n, "mira", "hello")).collect();
    folder.file("log.txt", &log);
    let of_file = folder
        .run(&["replay", "log.txt", "--output", "html"])
        .code(0);
    let of_pipe = piped(&folder, &["--output", "html"], &log).code(0);
    let (of_file, of_pipe) = (parsed(&of_file), parsed(&of_pipe));
    assert_eq!(of_file.messages().len(), 3_000);
    assert_eq!(
        of_file.named("main")[0].text(),
        of_pipe.named("main")[0].text()
    );
    // A browser lays out a few messages at a time, so the name of a long-winded sender is repeated.
    assert!(of_file.of_class("k").len() >= 15);
}

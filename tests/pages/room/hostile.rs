//! Texts, names, addresses and a room's name that try to be more than text.

use std::sync::Arc;

use serde_json::{Value, json};
use support::program::Folder;
use support::server::Server;

use super::{ALL_SENT, DESKTOP, Visitor};
use crate::{ATTACKS, says};

/// More of them, for a page that makes elements of texts.
const MORE: [&str; 46] = [
    "<b onpointerover=owned()>b</b>",
    "<iframe srcdoc=\"<script>parent.owned=1</script>\"></iframe>",
    "<iframe src=javascript:parent.owned=1></iframe>",
    "<object data=http://127.0.0.1:9/x></object>",
    "<embed src=http://127.0.0.1:9/x>",
    "<base href=http://127.0.0.1:9/>",
    "<form action=http://127.0.0.1:9/><input name=x autofocus onfocus=owned=1>",
    "<a href=javascript:owned=1>a</a>",
    "<math><mi xlink:href=\"javascript:owned=1\">x</mi></math>",
    "<svg><animate onbegin=owned=1 attributeName=x dur=1s></svg>",
    "<svg><use href=\"http://127.0.0.1:9/x#y\"/></svg>",
    "<video src=http://127.0.0.1:9/x onerror=owned=1></video>",
    "<details open ontoggle=owned=1>x</details>",
    "<template><script>owned=1</script></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=owned=1>\">",
    "<link rel=prefetch href=http://127.0.0.1:9/x>",
    "<meta name=referrer content=unsafe-url>",
    "<div style=\"background:url(http://127.0.0.1:9/x)\">x</div>",
    "<textarea><script>owned=1</script></textarea>",
    "<xmp><script>owned=1</script></xmp>",
    "<plaintext>",
    "<![CDATA[<script>owned=1</script>]]>",
    "<?xml version='1.0'?>",
    "&lt;script&gt;owned=1&lt;/script&gt;",
    "&#60;script&#62;owned=1",
    "\\u003cscript\\u003eowned=1",
    "%3Cscript%3Eowned=1%3C/script%3E",
    "data:text/html,<script>owned=1</script>",
    "vbscript:owned=1",
    "JaVaScRiPt:owned=1",
    "java\tscript:owned=1",
    "blob:http://127.0.0.1:9/1",
    "file:///etc/passwd",
    "view-source:http://127.0.0.1:9/",
    "http://127.0.0.1:9/<script>owned=1</script>",
    "http://user:password@127.0.0.1:9/",
    "https://127.0.0.1:9/'onclick='owned=1",
    "http://127.0.0.1:9/?x=\u{202e}gnp.exe",
    "http://javascript:owned=1/",
    "'-owned=1-'",
    "\";owned=1;//",
    "`;owned=1;//",
    "__proto__",
    "constructor",
    "{0} {1} {2}",
    "$& $` $' $1",
];

#[test]
fn nothing_hostile_is_more_than_text() {
    let folder = Folder::new();
    let attacks = || ATTACKS.iter().chain(&MORE);
    let mut log = Vec::new();
    for (n, attack) in attacks().enumerate() {
        log.extend(says(n as i64 * 2, attack, attack));
        log.extend(says(n as i64 * 2 + 1, "mira", &format!("/me {attack}")));
    }
    folder.file("log.txt", log);
    let room = "<img src=x onerror=owned=1>{0}$&";
    let args = ["--room", room, "--max-rate", "0"];
    let server = Server::start_in(Arc::new(folder), "127.0.0.1:0", &args);
    let mut visitor = Visitor::at(&server.address, DESKTOP);
    // As a name that is refused, by a link.
    visitor.open("#name=%3Cscript%3Eowned=1%3C/script%3E%3Cimg%20src=x%3E");
    visitor
        .browser
        .until("document.activeElement?.id === 'name'");
    let name = visitor.browser.find("document.activeElement.value");
    assert_eq!(name, "<script>owned=1</script><img src=x>");
    visitor.browser.press("Enter", 13, false);
    visitor
        .browser
        .until("document.getElementById('refusal').textContent !== ''");
    visitor.open("");
    visitor.log_in("eva");
    assert_eq!(visitor.text_of("#title h1"), room);
    visitor
        .browser
        .until(&format!("document.title.endsWith({})", json!(room)));
    // Live ones, from others and from here.
    let bob = server.log_in("bob");
    for attack in attacks().step_by(3) {
        server.say(
            &bob,
            &format!("> {attack}\n```\n{attack}\n```\n{attack} eva"),
        );
    }
    for attack in attacks()
        .filter(|attack| !attack.contains(['\0', '\t']))
        .step_by(5)
    {
        visitor.say(attack);
    }
    visitor.browser.until(ALL_SENT);
    // Read back from below to the beginning: each text and each name, as the room gives them.
    let events = server.events("since=all");
    let said: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "message")
        .collect();
    visitor.browser.find(
        "globalThis.top = setInterval(() => document.getElementById('scroll').scrollTop = 0, 20)",
    );
    visitor.browser.until(&format!(
        "document.querySelectorAll('#list .message').length === {}",
        said.len()
    ));
    visitor
        .browser
        .until("Boolean(document.querySelector('.start'))");
    visitor.browser.find("clearInterval(top)");
    let shown = "[...document.querySelectorAll('#list .message')].map(row => [row.querySelector('.who .name').textContent, row.querySelector('.text').textContent])";
    let shown: Vec<(String, String)> =
        serde_json::from_value(visitor.browser.find(shown)).expect("rows");
    for (event, (name, text)) in said.iter().zip(&shown) {
        let (from, wanted) = (
            event["from"].as_str().expect("a name"),
            event["text"].as_str().expect("a text"),
        );
        assert_eq!(name, from);
        if let Some(action) = wanted
            .strip_prefix("/me ")
            .filter(|action| !action.trim().is_empty())
        {
            assert_eq!(text, &format!("{from} {action}"));
        } else if wanted.starts_with("> ") {
            let quoted = wanted.lines().next().expect("a line");
            assert!(text.starts_with(&quoted[2..]), "{text:?} of {wanted:?}");
        } else {
            assert_eq!(
                text,
                &wanted.replace(
                    '`',
                    if wanted.matches('`').count() > 1 {
                        ""
                    } else {
                        "`"
                    }
                )
            );
        }
    }
    // Every link that was made leads to a web page, and shows where.
    let links = "[...document.querySelectorAll('#list a')].filter(a => !/^https?:[/][/]/i.test(a.getAttribute('href')) || a.textContent !== a.getAttribute('href')).map(a => a.outerHTML)";
    assert_eq!(visitor.browser.find(links), json!([]));
    // Found, pointed at, focused: still nothing.
    visitor.click("#find");
    visitor.browser.write("<script>");
    visitor.browser.press("Enter", 13, false);
    visitor
        .browser
        .until("/ of /.test(document.getElementById('find-count').textContent)");
    visitor.browser.press("Escape", 27, false);
    visitor.browser.find("document.querySelectorAll('body *').forEach(one => { for (const kind of ['pointerover', 'mouseover', 'focus', 'error', 'load', 'toggle']) one.dispatchEvent(new Event(kind)) })");
    let foreign = "document.querySelectorAll('iframe, object, embed, base, img, video, form:not([id]), svg, math, details, template, [style*=url], [onerror], [onload], [onclick]').length";
    assert_eq!(visitor.browser.find(foreign), 0);
    assert_eq!(
        visitor
            .browser
            .find("[document.scripts.length, document.styleSheets.length, typeof owned]"),
        json!([1, 1, "undefined"])
    );
    visitor.open("#m=%3Cimg%20src=x%20onerror=owned=1%3E");
    visitor.wait_for_room();
    visitor.is_well();
    // And if something did get in, it would not be allowed to do anything.
    let tried = "try { document.body.innerHTML += '<img src=http://127.0.0.1:9/x onerror=1>'; 'set' } catch { 'refused' }";
    assert_eq!(visitor.browser.find(tried), "refused");
    assert!(!visitor.trouble().is_empty(), "violations are heard of");
}

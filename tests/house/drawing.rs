//! The drawing of the modules in ARCHITECTURE.md.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::PLAN;
use super::source::{House, root, split};

/// The modules of `part` from top to bottom, each with those that it imports.
fn draw(house: &House, part: &str, modules: &[&str]) -> String {
    let parent = split(part);
    let arrows = house.arrows(&parent);
    let mut drawing = format!("{}\n", if part.is_empty() { "chatroom" } else { part });
    let order: Vec<String> = if modules.is_empty() {
        floors(house, &parent)
    } else {
        modules.iter().map(|module| module.to_string()).collect()
    };
    for module in &order {
        let below: Vec<_> = order
            .iter()
            .filter(|other| arrows.contains_key(&(module.as_str(), other.as_str())))
            .map(String::as_str)
            .collect();
        let arrow = if below.is_empty() { "" } else { " -> " };
        let row = format!("    {module:11}{arrow}{}", below.join(" "));
        let _ = writeln!(drawing, "{}", row.trim_end());
    }
    drawing
}

/// The children of `parent`: those that import most come first, each before all that it imports.
fn floors(house: &House, parent: &[String]) -> Vec<String> {
    let arrows = house.arrows(parent);
    let mut left: BTreeSet<&str> = house
        .modules
        .keys()
        .filter_map(|module| module.strip_prefix(parent)?.first())
        .map(String::as_str)
        .collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let free = left
            .iter()
            .copied()
            .filter(|module| {
                !left
                    .iter()
                    .any(|other| other != module && arrows.contains_key(&(*other, *module)))
            })
            .collect::<Vec<_>>();
        assert!(!free.is_empty(), "a circle among {left:?}");
        for module in free {
            left.remove(module);
            order.push(module.to_string());
        }
    }
    order
}

#[test]
fn the_drawing_is_fresh() {
    let house = House::read();
    let mut drawing = String::new();
    for (part, modules) in PLAN {
        drawing.push_str(&draw(house, part, modules));
    }
    println!("{drawing}");
    let page = root().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(&page).expect("ARCHITECTURE.md");
    let (start, end) = (
        "<!-- the drawing -->\n```text\n",
        "```\n<!-- the drawing ends -->",
    );
    let from = text.find(start).expect("the drawing begins") + start.len();
    let to = from + text[from..].find(end).expect("the drawing ends");
    if std::env::var_os("CHATROOM_RENEW").is_some() {
        std::fs::write(&page, format!("{}{drawing}{}", &text[..from], &text[to..]))
            .expect("written");
        return;
    }
    assert_eq!(
        &text[from..to],
        drawing,
        "The drawing in ARCHITECTURE.md is stale. Look at what changed; `make drawing` draws it anew."
    );
}

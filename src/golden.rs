//! The cases to which both the window's model and the page's modules are held (tests/pages/golden.rs).

use serde_json::Value;

/// Returns the cases of a section; there are some.
pub(crate) fn cases(section: &str) -> Vec<Value> {
    let all: Value =
        serde_json::from_str(include_str!("../tests/pages/data/golden.json")).expect("JSON");
    let found = all[section]
        .as_array()
        .expect("the cases of that section")
        .clone();
    assert!(!found.is_empty());
    found
}

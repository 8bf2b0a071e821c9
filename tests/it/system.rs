//! Code for one operating system is in one folder.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder and its module file.
const FOLDER: [&str; 2] = ["src/system", "src/system.rs"];

/// Words of a single system: its parts of the standard library, crates for its calls, its files.
const WORDS: [&str; 11] = [
    "cfg(unix",
    "target_os",
    "std::os::",
    "rustix",
    "signal_hook",
    "libc::",
    "socket2",
    "x11rb",
    "/proc/",
    "/dev/tty",
    "/tmp/.X11",
];

/// All sources below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn nothing_else_names_what_only_one_operating_system_knows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    sources(&root.join("src"), &mut all);
    let (inside, outside): (Vec<&PathBuf>, Vec<&PathBuf>) = all
        .iter()
        .partition(|path| FOLDER.iter().any(|part| path.starts_with(root.join(part))));
    let text = |path: &PathBuf| fs::read_to_string(path).expect("a source");
    let mut faults = Vec::new();
    for path in outside {
        for (at, line) in text(path).lines().enumerate() {
            if let Some(word) = WORDS.iter().find(|word| line.contains(**word)) {
                let path = path.strip_prefix(root).unwrap_or(path).display();
                faults.push(format!("{path}:{}: {word}", at + 1));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "give it a name in src/system, of what it does:\n{}",
        faults.join("\n")
    );
    // The words are right: most of them occur there.
    let there: String = inside.into_iter().map(text).collect();
    let missing = WORDS.iter().filter(|word| !there.contains(**word));
    let missing: Vec<_> = missing.collect();
    assert!(missing.len() <= 3, "{missing:?} stand nowhere at all");
}

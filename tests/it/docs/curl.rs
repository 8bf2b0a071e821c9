//! The curl lines for users: any text that they type reaches the room unchanged.

use std::path::Path;

use regex::Regex;

use super::root;
use support::program::{Folder, Run};
use support::server::Server;

/// Every file below `folder` that may contain a line to paste.
fn texts(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            texts(&path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            found.push((path.display().to_string(), text));
        }
    }
}

#[test]
fn no_line_of_curl_takes_a_mention_for_a_file() {
    let mut found = Vec::new();
    for folder in ["docs", "man", "src", "scripts", "tests/it/docs"] {
        texts(&root().join(folder), &mut found);
    }
    let readme = std::fs::read_to_string(root().join("README.md"));
    found.push(("README.md".into(), readme.expect("the README")));
    let reads_files = Regex::new(
        r#"(?m)\bcurl\b.* (?:-[a-zA-Z]*d|--data|--data-ascii|--data-binary)[ =]['"]?([^ `,)])"#,
    );
    let reads_files = reads_files.expect("a pattern");
    let mut lines = 0;
    for (path, text) in &found {
        lines += text.matches("--data-raw").count();
        for line in text.replace("\\\n", "").lines() {
            let wrong = reads_files.captures(line).filter(|found| &found[1] != "@");
            assert!(wrong.is_none(), "{path}: {line}: write --data-raw");
        }
    }
    assert!(lines > 15, "only {lines} lines were looked at");
}

#[test]
fn the_line_to_paste_posts_a_mention_unchanged() {
    let server = Server::start(&[]);
    let told = server.get("/").text();
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("Send a message:"));
    let line = line.expect("a line to say something").trim();
    let line = line.replace("'hello'", "'@secret.txt'");
    assert!(line.contains("@secret.txt"), "{line}");
    let folder = Folder::new();
    folder.file("secret.txt", "nobody is to read this");
    let mut shell = std::process::Command::new("sh");
    folder.settle(&mut shell);
    Run::of(shell.args(["-c", &line])).code(0);
    let said = server.said();
    assert_eq!(said.last().expect("it"), "[YOU]: 0:00:00:@secret.txt");
}

//! Tests of the documents: every line of shell in them is run, every example's output is compared, every error and
//! flag of the program is in them, and every link leads somewhere.

mod alerts;
mod bots;
mod curl;
mod follow;
mod joining;
mod markdown;
mod nightly;
mod proxy;
pub mod shell;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

use chatroom::cli::Cli;
use chatroom::wire::endpoint::{Endpoint, Parameters};
use clap::CommandFactory;

use follow::Reader;
use markdown::{Document, Step};

use support::program::CHATROOM;

/// The documents, without those that only show pictures or figures.
const DOCUMENTS: [&str; 11] = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/README.md",
    "docs/bots.md",
    "docs/http.md",
    "docs/joining.md",
    "docs/log.md",
    "docs/operating.md",
    "docs/replay/README.md",
    "docs/server.md",
    "docs/window/README.md",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Follows a document with these files of the repository in its folder.
fn follow(path: &'static str, files: &[(&str, &str)]) {
    let document = Document::read(path);
    let mut reader = Reader::of(&document);
    let assets = reader.shell.here().join("assets");
    std::os::unix::fs::symlink(root().join("assets"), assets).expect("a link");
    for (from, to) in files {
        std::fs::copy(root().join(from), reader.shell.here().join(to)).expect("copied");
    }
    reader.follow(&document);
}

#[test]
fn the_readme_is_run() {
    let document = Document::read("README.md");
    let mut reader = Reader::of(&document);
    // As after a download: under any name, and not executable.
    let downloaded = reader.shell.here().join("chatroom-0.1.0-x86_64-linux");
    std::fs::copy(CHATROOM, &downloaded).expect("copied");
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&downloaded, mode).expect("set");
    reader.follow(&document);
}

#[test]
fn the_page_of_the_http_api_is_run() {
    follow("docs/http.md", &[]);
}

#[test]
fn the_page_about_bots_is_run() {
    follow("docs/bots.md", &[]);
}

#[test]
fn the_page_about_the_log_is_run() {
    follow("docs/log.md", &[("log.txt", "log.txt")]);
}

#[test]
fn the_page_about_operating_is_run() {
    follow("docs/operating.md", &[("log.txt", "evening.txt")]);
}

#[test]
fn the_page_about_the_server_is_run() {
    follow("docs/server.md", &[]);
}

#[test]
fn the_page_about_replay_is_run() {
    let files = [("log.txt", "log.txt"), ("tests/it/data/day.txt", "irc.log")];
    follow("docs/replay/README.md", &files);
}

#[test]
fn the_page_about_the_window_is_run() {
    follow("docs/window/README.md", &[]);
}

/// Every document of the repository, also those that only show pictures or figures.
fn all() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(end) if end == "md" => found.push(path),
                _ => (),
            }
        }
    }
    found
}

#[test]
fn no_line_of_shell_is_left_out() {
    let mut not_run = Vec::new();
    let makefile = std::fs::read_to_string(root().join("Makefile")).expect("the Makefile");
    let target = |line: &str| {
        let name = line.split_whitespace().nth(1).unwrap_or_default();
        assert!(
            makefile.contains(&format!("\n{name}:")),
            "{line}: the Makefile has no such target"
        );
    };
    for path in all() {
        let path = path.strip_prefix(root()).expect("below").to_owned();
        let path: &'static str = Box::leak(path.display().to_string().into_boxed_str());
        let document = Document::read(path);
        let steps = document.steps();
        assert!(
            DOCUMENTS.contains(&path)
                || !steps
                    .iter()
                    .any(|(_, s)| matches!(s, Step::Run(_) | Step::See(..))),
            "{path} has shell in it: have a test follow it, and name it in DOCUMENTS"
        );
        for (line, step) in steps {
            match step {
                Step::Not(text, _) if text.starts_with("make ") => target(&text),
                Step::Not(text, why) => not_run.push(format!("{path}:{line}: {why}: {text}")),
                _ => (),
            }
        }
        // Lines indented by four spaces are for make, and their targets exist.
        let mut before = "";
        for line in document.text.lines() {
            if let Some(code) = line.strip_prefix("    ").filter(|_| before.is_empty()) {
                match code.split(' ').next() {
                    Some("make") => target(code),
                    Some("chatroom" | "curl" | "cargo" | "sudo" | "$") => {
                        panic!("{path}: {code}: write it as a block of sh, so that it is run")
                    }
                    _ => (),
                }
            }
            before = line;
        }
    }
    assert!(
        not_run.len() <= 3,
        "a handful of blocks may be left out, not these:\n{}",
        not_run.join("\n")
    );
}

/// The error codes that the source answers with.
fn words(folder: &Path, found: &mut BTreeSet<String>) {
    // A status and a code: `(409, "name_taken")`, `BadRequest::new(408, "timeout", ...`.
    let word = Regex::new(r#"(?s)\(\s*\d{3},\s*"([a-z0-9]+(?:_[a-z0-9]+)*)""#);
    let word = word.expect("a pattern");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            words(&path, found);
        } else {
            let text = std::fs::read_to_string(&path).expect("a source file");
            let text = text
                .split("#[cfg(test)]")
                .next()
                .unwrap_or_default()
                .to_string();
            found.extend(word.captures_iter(&text).map(|found| found[1].to_string()));
        }
    }
}

#[test]
fn every_error_and_every_request_is_on_the_http_page() {
    let page = Document::read("docs/http.md").text;
    let mut found = BTreeSet::new();
    words(&root().join("src/modes/server"), &mut found);
    words(&root().join("src/http"), &mut found);
    let http = std::fs::read_to_string(root().join("src/http.rs")).expect("http.rs");
    let call = Regex::new(r#"BadRequest::new\(\s*\d+,\s*"(\w+)""#).expect("a pattern");
    found.extend(call.captures_iter(&http).map(|found| found[1].to_string()));
    // This checks the search itself: it finds some in each place.
    for known in [
        "name_taken",
        "name_empty",
        "name_forbidden",
        "text_too_long",
        "bad_since",
        "id_unknown",
        "bad_framing",
        "timeout",
        "session_over",
        "key_wrong",
        "host_unknown",
        "range_unsatisfiable",
        "room_full",
        "not_utf8",
        "head_too_large",
    ] {
        assert!(found.contains(known), "{known} is not found in {found:?}");
    }
    for word in &found {
        assert!(
            page.contains(&format!("`{word}`")),
            "{word} is not in docs/http.md"
        );
    }
    let table = page
        .split("| status |")
        .nth(1)
        .expect("the table of errors");
    let table = table.split("\n\n").next().expect("its end");
    for word in Regex::new(r"`([a-z]+(?:_[a-z0-9]+)+)`")
        .expect("a pattern")
        .captures_iter(table)
    {
        assert!(
            found.contains(&word[1]),
            "{} is in docs/http.md only",
            &word[1]
        );
    }
    for endpoint in Endpoint::ALL {
        let (method, path) = (endpoint.method().as_str(), endpoint.path());
        assert!(
            page.contains(&format!("`{method} {path}`")),
            "{method} {path} is not in docs/http.md"
        );
        let Parameters::Known(parameters) = endpoint.parameters() else {
            continue;
        };
        for name in parameters {
            let told = [format!("`{name}="), format!("`{name}`")];
            assert!(
                told.iter().any(|told| page.contains(told)),
                "{name}= of {method} {path} is not in docs/http.md"
            );
        }
    }
}

#[test]
fn every_flag_and_variable_is_in_its_modes_page() {
    for (mode, page) in [
        ("server", "docs/server.md"),
        ("gui", "docs/window/README.md"),
        ("replay", "docs/replay/README.md"),
        ("backup", "docs/operating.md"),
    ] {
        let text = Document::read(page).text;
        let command = Cli::command();
        let mode = command.find_subcommand(mode).expect("a mode");
        for argument in mode.get_arguments() {
            if let Some(flag) = argument.get_long().filter(|flag| *flag != "help") {
                assert!(
                    text.contains(&format!("--{flag}")),
                    "--{flag} is not in {page}"
                );
            }
            if let Some(name) = argument.get_env() {
                let name = name.to_string_lossy();
                assert!(text.contains(&*name), "{name} is not in {page}");
            }
        }
    }
}

/// The source with all sentences for users, each on one line.
fn sentences(folder: &Path, all: &mut String) {
    let broken = Regex::new(r"\\\n\s*").expect("a pattern");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => sentences(&path, all),
            false => {
                let text = std::fs::read_to_string(&path).expect("a source file");
                all.push_str(&broken.replace_all(&text, ""));
            }
        }
    }
}

#[test]
fn every_sentence_that_is_explained_is_one_that_is_said() {
    let mut source = String::new();
    sentences(&root().join("src"), &mut source);
    let page = Document::read("docs/operating.md").text;
    let page = page.split("## Log and error messages").nth(1);
    let mut looked_at = 0;
    for row in page
        .expect("the part")
        .lines()
        .filter(|line| line.starts_with("| `"))
    {
        let cell = row.split('|').nth(1).expect("a cell");
        for said in cell.split('`').skip(1).step_by(2) {
            let parts = said
                .split("...")
                .map(|part| part.trim().trim_end_matches(':'));
            for part in parts.filter(|part| part.len() > 1) {
                looked_at += 1;
                assert!(source.contains(part), "{said}: nothing says {part:?}");
            }
        }
    }
    assert!(looked_at > 20, "{looked_at}");
}

/// A heading's name in links, as GitHub makes it.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| {
        line.trim_start_matches('#')
            .strip_prefix(' ')
            .filter(|_| line.starts_with('#'))
    });
    headings
        .map(|heading| {
            let kept = heading.to_lowercase().replace(' ', "-");
            kept.chars()
                .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
                .collect()
        })
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").expect("a pattern");
    for path in all() {
        let text = std::fs::read_to_string(&path).expect("a document");
        for found in link.captures_iter(&text) {
            let target = &found[1];
            if target.contains("://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let there = match file {
                "" => path.clone(),
                file => path.parent().expect("a folder").join(file),
            };
            assert!(
                there.exists(),
                "{}: {target}: there is nothing",
                path.display()
            );
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&there).expect("a document");
                assert!(
                    anchors(&text).contains(anchor),
                    "{}: {target}: no such heading",
                    path.display()
                );
            }
        }
    }
}

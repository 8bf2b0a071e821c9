//! Tells the program which commit it is built from; src/version.rs says it to the user.
//!
//! `CHATROOM_COMMIT` is the short hash and the day of the commit, `a1b2c3d, 2026-11-23`, with `changed`
//! behind the hash where the tree differs from it. It is taken from what the environment says
//! (`CHATROOM_COMMIT`, for who packs a source without its history), else from git, else from what
//! `cargo package` left (`.cargo_vcs_info.json`), and is empty where nobody knows.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=CHATROOM_COMMIT");
    let commit = env::var("CHATROOM_COMMIT").ok();
    let commit = commit.or_else(of_git).or_else(of_package);
    println!(
        "cargo:rustc-env=CHATROOM_COMMIT={}",
        commit
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default()
    );
}

fn of_git() -> Option<String> {
    // Of this project's own history, not of one that its folder happens to lie in.
    let ours = git(&["rev-parse", "--show-prefix"])?.is_empty();
    if !ours {
        return None;
    }
    // What the answer depends on: where HEAD is, and whether a source is changed. (Not the index: it is
    // written anew by git commands that change nothing, and each time all would be compiled again.)
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    for path in SOURCES.iter().filter(|path| Path::new(path).exists()) {
        println!("cargo:rerun-if-changed={path}");
    }
    let commit = git(&["log", "-1", "--format=%h", "--abbrev=7"])?;
    let day = git(&["log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d"])?;
    let mut status = vec!["status", "--porcelain", "--untracked-files=no", "--"];
    status.extend(SOURCES);
    let changed = if git(&status)?.is_empty() {
        ""
    } else {
        " changed"
    };
    Some(format!("{commit}{changed}, {day}"))
}

/// What the executable is made from.
const SOURCES: [&str; 6] = [
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
    "assets",
    "man",
    "src",
];

fn git(arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    // No lock is taken for an answer, and the day is the same wherever it is built.
    git.args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("TZ", "UTC");
    let answer = git.output().ok().filter(|answer| answer.status.success())?;
    Some(
        String::from_utf8(answer.stdout)
            .ok()?
            .trim_end()
            .to_string(),
    )
}

fn of_package() -> Option<String> {
    let told = fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = told.split_once("\"sha1\"")?;
    let hash = rest.split('"').nth(1)?;
    let is_hash = hash.len() >= 7 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let changed = if rest.contains("\"dirty\": true") {
        " changed"
    } else {
        ""
    };
    is_hash.then(|| format!("{}{changed}", &hash[..7]))
}

//! Tells the program which commit it is built from (src/version.rs says it to the user), and puts the web
//! page together.
//!
//! `CHATROOM_COMMIT` is the short hash and the day of the commit, `a1b2c3d, 2026-11-23`, with `changed`
//! behind the hash where the tree differs from it. It is taken from what the environment says
//! (`CHATROOM_COMMIT`, for who packs a source without its history), else from git, else from what
//! `cargo package` left (`.cargo_vcs_info.json`), and is empty where nobody knows.

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::iter::Peekable;
use std::path::Path;
use std::process::Command;
use std::str::Chars;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    commit();
    page()
}

fn commit() {
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

/// The web page's sources, which [`page`] puts together.
const PAGE: &str = "src/modes/server/page";

/// Puts the web page together from its modules: one document for each language of `strings.js`, without
/// comments, indentation and what else means nothing to a browser, compressed once. `OUT_DIR/page.rs` lists them.
fn page() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PAGE}");
    let read = |name: &str| fs::read_to_string(Path::new(PAGE).join(name));
    let html = read("page.html")?;
    let style = set_solid(&stripped(&read("page.css")?));
    let mut modules = Vec::new();
    modules_of("main.js", &read, &mut modules)?;
    let out = env::var("OUT_DIR")?;
    let mut list = String::from("&[\n");
    for language in LANGUAGES {
        let script = script(&modules, language)?;
        let document = stripped(&html)
            .replace("{{language}}", language)
            .replace("{{style}}", &style)
            .replace("{{script}}", &script);
        let mut packed = Vec::new();
        zopfli::compress(
            zopfli::Options::default(),
            zopfli::Format::Gzip,
            document.as_bytes(),
            &mut packed,
        )?;
        let name = |end: &str| format!("{out}/page.{language}.html{end}");
        fs::write(name(""), &document)?;
        fs::write(name(".gz"), &packed)?;
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
        list += &format!(
            "Document {{ language: {language:?}, plain: include_bytes!({:?}), packed: include_bytes!({:?}), \
             hash: {:?}, style: {:?}, script: {:?} }},\n",
            name(""),
            name(".gz"),
            &hash(&document)[..16],
            hash(&style),
            hash(&script),
        );
    }
    fs::write(format!("{out}/page.rs"), list + "]")?;
    Ok(())
}

/// The languages that the page speaks: the names of the tables in `strings.js`.
const LANGUAGES: [&str; 2] = ["en", "de"];

/// Appends a module after those that it imports; each once.
fn modules_of(
    name: &str,
    read: &impl Fn(&str) -> io::Result<String>,
    modules: &mut Vec<(String, String)>,
) -> Result<(), Box<dyn Error>> {
    if modules.iter().any(|(known, _)| known == name) {
        return Ok(());
    }
    let text = read(name).map_err(|error| format!("{PAGE}/{name}: {error}"))?;
    for line in text.lines().filter(|line| line.starts_with("import ")) {
        let imported = line
            .split('"')
            .nth(1)
            .and_then(|path| path.strip_prefix("./"));
        let imported = imported
            .ok_or_else(|| format!("{PAGE}/{name}: not an import of a module beside it: {line}"))?;
        modules_of(imported, read, modules)?;
    }
    if modules.iter().any(|(known, _)| known == name) {
        return Err(format!("{PAGE}/{name}: imports itself in a circle").into());
    }
    modules.push((name.to_string(), text));
    Ok(())
}

/// The modules as one script: imports and exports are gone, since all names are in one scope; each name is
/// one module's alone.
fn script(modules: &[(String, String)], language: &str) -> Result<String, Box<dyn Error>> {
    let mut owners: HashMap<String, &str> = HashMap::new();
    let mut script = String::new();
    for (name, text) in modules {
        let text = match name.as_str() {
            "strings.js" => one_language(text, language)?,
            _ => text.clone(),
        };
        let lines = text.lines().filter(|line| !line.starts_with("import "));
        for line in lines {
            let line = line.strip_prefix("export ").unwrap_or(line);
            if let Some(defined) = defined(line)
                && let Some(other) = owners.insert(defined.to_string(), name)
            {
                return Err(
                    format!("{PAGE}: {defined} is defined in {other} and in {name}").into(),
                );
            }
            script += line;
            script += "\n";
        }
    }
    let script = set_tight(&stripped(&script));
    for forbidden in ["</script", "<!--", "{{"] {
        if script.contains(forbidden) {
            return Err(format!("{PAGE}: {forbidden} in a script").into());
        }
    }
    Ok(script)
}

/// The name that a line at the left margin defines.
fn defined(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let (word, rest) = line.split_once(' ')?;
    let is_definition = matches!(word, "const" | "let" | "class" | "function" | "function*");
    is_definition.then(|| rest.split([' ', '(', ';']).next().unwrap_or_default())
}

/// The table of strings with one language: `const EN = {` to `};` stays, the other tables go.
fn one_language(text: &str, language: &str) -> Result<String, Box<dyn Error>> {
    let (mut kept, mut goes) = (String::new(), false);
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix("const ")
            .and_then(|rest| rest.strip_suffix(" = {"))
        {
            goes = name.len() == 2 && name.to_lowercase() != language;
        }
        if !goes {
            kept += line;
            kept += "\n";
        }
        if line == "};" {
            goes = false;
        }
    }
    let table = format!("const {} = {{", language.to_uppercase());
    match kept.contains(&table) {
        true => Ok(kept.replace("= TABLE;", &format!("= {};", language.to_uppercase()))),
        false => Err(format!("{PAGE}/strings.js: no table {table}").into()),
    }
}

/// A script without the spaces and line breaks that mean nothing, and with `let` for `const`. No text, template or
/// pattern in it goes over lines.
fn set_tight(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    for line in script.lines() {
        tighten(&mut line.chars().peekable(), false, &mut out);
        if !line.ends_with([';', '{', ',', '(', '[']) {
            out.push('\n');
        }
    }
    out
}

/// Copies code up to the end of the line, or of the template's expression that it is, without the spaces beside what
/// ends a word anyway.
fn tighten(chars: &mut Peekable<Chars<'_>>, in_template: bool, out: &mut String) {
    let ends_word = |c: char| "=<>&|?:,;(){}[]!*\n".contains(c);
    let mut open = 0;
    while let Some(c) = chars.next() {
        let before = out.chars().next_back().unwrap_or('\n');
        match c {
            ' ' => {
                if let Some(rest) = out.strip_suffix("const")
                    && rest.ends_with(|c: char| !c.is_alphanumeric())
                {
                    out.replace_range(rest.len().., "let");
                }
                if !ends_word(before) && !chars.peek().copied().is_some_and(ends_word) {
                    out.push(c);
                }
                continue;
            }
            '{' => open += 1,
            '}' if open == 0 && in_template => return,
            '}' if open > 0 => open -= 1,
            '"' | '\'' | '`' => {
                literal(c, chars, out);
                continue;
            }
            // A pattern: what is divided ends a word, or a bracket.
            '/' if ends_word(before) && !")]}".contains(before) || out.ends_with("return ") => {
                literal(c, chars, out);
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
}

/// Copies a text, template or pattern that this mark began, to its end.
fn literal(mark: char, chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push(mark);
    let mut in_class = false;
    while let Some(c) = chars.next() {
        out.push(c);
        match c {
            '\\' => out.extend(chars.next()),
            '[' | ']' if mark == '/' => in_class = c == '[',
            '{' if mark == '`' && out.ends_with("${") => {
                tighten(chars, true, out);
                out.push('}');
            }
            _ if c == mark && !in_class => return,
            _ => {}
        }
    }
}

/// A style without the spaces and line breaks between its rules.
fn set_solid(style: &str) -> String {
    let pairs = [
        (" {", "{"),
        ("{ ", "{"),
        (" }", "}"),
        (";}", "}"),
        ("; ", ";"),
        (": ", ":"),
        (", ", ","),
    ];
    let lines: String = style.lines().map(|line| format!("{line} ")).collect();
    let solid = pairs
        .iter()
        .fold(lines, |style, (from, to)| style.replace(from, to));
    solid.replace("} ", "}").replace(";}", "}")
}

/// A text without indentation, empty lines and lines that are comments.
fn stripped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_comment = false;
    for line in text.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if !in_comment && !line.is_empty() && !line.starts_with("//") {
            out += line;
            out.push('\n');
        }
        in_comment &= !line.ends_with("*/");
    }
    out
}

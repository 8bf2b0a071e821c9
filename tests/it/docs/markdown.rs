//! The documents as tasks for a reader: every fenced block, in order, with its line.
//!
//! A block must have a language that is known here, so that no line of shell passes as something else: `sh` is run;
//! `console` is run and compared with the output shown (`$ ` precedes typed lines, `...` stands for variable parts);
//! all others are not run. A comment on the line before can say more:
//!
//! - `<!-- file: PATH -->`: the block is the file of that name.
//! - `<!-- not run: WHY -->`: it is not run here.

use std::path::Path;
use std::process::Command;

/// The languages of blocks that are not for a shell.
const SHOWN: [&str; 10] = [
    "text",
    "json",
    "nginx",
    "caddyfile",
    "python",
    "ini",
    "http",
    "sse",
    "desktop",
    "toml",
];

/// A task that a block gives its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Lines to type.
    Run(String),
    /// Lines to type, with their output.
    See(String, String),
    /// A file with this name and content.
    File(String, String),
    /// A block that is not run, and the reason.
    Not(String, String),
}

/// A document of the repository.
#[derive(Debug)]
pub struct Document {
    /// Its path from the repository's root.
    pub path: &'static str,
    /// Its text.
    pub text: String,
}

impl Document {
    /// Reads one.
    pub fn read(path: &'static str) -> Document {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let text = std::fs::read_to_string(&file);
        let text = text.unwrap_or_else(|error| panic!("{path} cannot be read: {error}"));
        Document { path, text }
    }

    /// The tasks of its blocks, each with its line.
    pub fn steps(&self) -> Vec<(usize, Step)> {
        let mut steps = Vec::new();
        let mut lines = self.text.lines().enumerate();
        let mut before = "";
        while let Some((at, line)) = lines.next() {
            let Some(language) = line.strip_prefix("```") else {
                if !line.trim().is_empty() {
                    before = line;
                }
                continue;
            };
            let first = at + 2;
            let body: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| *line != "```")
                .collect();
            let text = body.join("\n") + "\n";
            if let Some(path) = comment(before, "file") {
                steps.push((first, Step::File(path, text)));
            } else if let Some(why) = comment(before, "not run") {
                steps.push((first, Step::Not(text, why)));
            } else {
                match language {
                    "sh" => commands(first, &body, &mut steps),
                    "console" => dialogue(first, &body, &mut steps),
                    shown if SHOWN.contains(&shown) => (),
                    other => panic!(
                        "{}:{}: a block of language {other:?}: say sh, console, or one of {SHOWN:?}",
                        self.path,
                        at + 1
                    ),
                }
            }
            before = "";
        }
        steps
    }

    /// The file of that name that the document has in a block.
    pub fn file(&self, name: &str) -> String {
        let files = self.steps().into_iter().filter_map(|(_, step)| match step {
            Step::File(path, text) if path == name => Some(text),
            _ => None,
        });
        let mut files: Vec<String> = files.collect();
        assert_eq!(files.len(), 1, "{} has one {name}", self.path);
        files.remove(0)
    }
}

/// The value of `word` in a comment before a block.
fn comment(line: &str, word: &str) -> Option<String> {
    let inside = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    let rest = inside.strip_prefix(word)?.strip_prefix(": ")?;
    Some(rest.to_string())
}

/// Splits a block into commands as the shell does.
fn commands(first: usize, body: &[&str], steps: &mut Vec<(usize, Step)>) {
    let (mut from, mut text) = (first, String::new());
    for (at, line) in body.iter().enumerate() {
        if text.is_empty() {
            from = first + at;
        }
        text.push_str(line);
        text.push('\n');
        let nothing = text.trim().is_empty() || text.trim_start().starts_with('#');
        if nothing {
            text.clear();
        } else if at + 1 == body.len() || is_whole(&text) {
            let whole = std::mem::take(&mut text);
            match whole.strip_prefix("make ") {
                Some(_) => steps.push((from, Step::Not(whole, "builds or tests all of it".into()))),
                None => steps.push((from, Step::Run(whole))),
            }
        }
    }
}

/// Returns whether the shell accepts it as a whole command.
fn is_whole(text: &str) -> bool {
    if text.ends_with("\\\n") || text.ends_with("|\n") {
        return false;
    }
    let output = Command::new("bash").args(["-n", "-c", text]).output();
    let output = output.expect("bash runs");
    output.status.success() && !String::from_utf8_lossy(&output.stderr).contains("here-document")
}

fn dialogue(first: usize, body: &[&str], steps: &mut Vec<(usize, Step)>) {
    let mut turns: Vec<(usize, String, String)> = Vec::new();
    for (at, line) in body.iter().enumerate() {
        match (line.strip_prefix("$ "), turns.last_mut()) {
            (Some(typed), _) => turns.push((first + at, format!("{typed}\n"), String::new())),
            (None, Some((_, typed, seen))) if seen.is_empty() && typed.ends_with("\\\n") => {
                let more = line.strip_prefix("> ").unwrap_or(line);
                typed.push_str(&format!("{more}\n"));
            }
            (None, Some((_, _, seen))) => seen.push_str(&format!("{line}\n")),
            (None, None) => panic!("line {}: a console begins with `$ `", first + at),
        }
    }
    let turns = turns.into_iter();
    steps.extend(turns.map(|(at, typed, seen)| (at, Step::See(typed, seen))));
}

#[test]
fn blocks_are_taken_apart_as_a_shell_does() {
    let text = "\
words

```sh
one   # with a remark
for x in 1 2; do
    echo $x
done
cat <<END
text
END
make test
```

<!-- file: a.conf -->
```nginx
server {}
```

```console
$ echo hi \\
> there
hi there
$ true
```
";
    let document = Document {
        path: "here",
        text: text.into(),
    };
    let run = |text: &str| Step::Run(text.into());
    let see = |typed: &str, seen: &str| Step::See(typed.into(), seen.into());
    assert_eq!(
        document.steps(),
        [
            (4, run("one   # with a remark\n")),
            (5, run("for x in 1 2; do\n    echo $x\ndone\n")),
            (8, run("cat <<END\ntext\nEND\n")),
            (
                11,
                Step::Not("make test\n".into(), "builds or tests all of it".into())
            ),
            (16, Step::File("a.conf".into(), "server {}\n".into())),
            (20, see("echo hi \\\nthere\n", "hi there\n")),
            (23, see("true\n", "")),
        ]
    );
}

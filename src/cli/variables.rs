//! Environment variables that look as if they were meant for this program but are unknown to it. A
//! misspelt flag ends a run; without this check a misspelt variable would be ignored silently, and a
//! room that was to have a key would be open.

use std::ffi::OsString;

use clap::{Command, CommandFactory};

use super::Cli;
use crate::line::escaped;

const PREFIX: &str = "CHATROOM_";

/// Common names in other programs, each with the variable that has that purpose here.
const ELSEWHERE: [(&str, &str); 5] = [
    ("CHATROOM_PORT", "CHATROOM_LISTEN"),
    ("CHATROOM_BIND", "CHATROOM_LISTEN"),
    ("CHATROOM_PASSWORD", "CHATROOM_KEY"),
    ("CHATROOM_SECRET", "CHATROOM_KEY"),
    ("CHATROOM_USER", "CHATROOM_NAME"),
];

/// A warning for each unknown variable with this program's prefix.
pub fn strays(environment: impl Iterator<Item = (OsString, OsString)>) -> Vec<String> {
    let known = known(&Cli::command());
    let mut strays: Vec<String> = environment
        .filter_map(|(name, value)| {
            stray(&name.to_string_lossy(), &value.to_string_lossy(), &known)
        })
        .collect();
    strays.sort();
    strays
}

fn stray(name: &str, value: &str, known: &[String]) -> Option<String> {
    let own = name.to_ascii_uppercase().starts_with(PREFIX) && !known.iter().any(|k| k == name);
    if !own || value.is_empty() || is_an_orchestrators(name, value) {
        return None;
    }
    let told = format!(
        "The variable {} is not known and has no effect",
        escaped(name)
    );
    Some(match nearest(&name.to_ascii_uppercase(), known) {
        Some(right) => format!("{told}; did you mean {right}?"),
        None => format!("{told}. `chatroom --help` and the manual list those that are."),
    })
}

/// Recognises the variables that Kubernetes and Docker set for a service called `chatroom`.
fn is_an_orchestrators(name: &str, value: &str) -> bool {
    name.contains("_SERVICE_") || name.contains("_PORT_") || value.contains("://")
}

/// The variables of all flags, and those without a flag.
fn known(program: &Command) -> Vec<String> {
    let of_flags = program
        .get_subcommands()
        .flat_map(Command::get_arguments)
        .filter_map(|arg| arg.get_env())
        .map(|name| name.to_string_lossy().into_owned());
    // CHATROOM_GUI_FRAMES is read only by the window.
    let others = [crate::room_key::VARIABLE, "CHATROOM_GUI_FRAMES"].map(str::to_string);
    of_flags.chain(others).collect()
}

fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    if let Some((_, right)) = ELSEWHERE.iter().find(|(other, _)| *other == name) {
        return Some(right);
    }
    let bare = |name: &str| name.trim_start_matches(PREFIX).replace('_', "");
    let wrong = bare(name);
    let near = |right: &&String| {
        let steps = distance(&wrong, &bare(right));
        // More steps than a third of the name would be a guess.
        (steps <= wrong.len().div_ceil(3)).then_some(steps)
    };
    let found = known
        .iter()
        .filter_map(|right| Some((near(&right)?, right)));
    found.min().map(|(_, right)| right.as_str())
}

/// The edit distance: the number of letters inserted, left out, or replaced.
pub fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (y, a) in one.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], y + 1);
        for (x, b) in other.iter().enumerate() {
            let step = (before + usize::from(a != *b))
                .min(row[x] + 1)
                .min(row[x + 1] + 1);
            before = std::mem::replace(&mut row[x + 1], step);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(variables: &[(&str, &str)]) -> Vec<String> {
        let pairs = variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        strays(pairs)
    }

    #[test]
    fn a_misspelt_variable_is_named_with_the_one_that_was_meant() {
        for (wrong, right) in [
            ("CHATROOM_LISTN", "CHATROOM_LISTEN"),
            ("CHATROOM_KEYFILE", "CHATROOM_KEY_FILE"),
            ("CHATROOM_KEYS", "CHATROOM_KEY"),
            ("CHATROOM_HOSTNAME", "CHATROOM_HOST_NAME"),
            ("CHATROOM_PORT", "CHATROOM_LISTEN"),
            ("CHATROOM_MAXNAME", "CHATROOM_MAX_NAME"),
            ("CHATROOM_ANNOUNCE", "CHATROOM_NO_ANNOUNCE"),
            ("CHATROOM_ADRESS", "CHATROOM_ADDRESS"),
            ("chatroom_listen", "CHATROOM_LISTEN"),
            ("CHATROOM_PASSWORD", "CHATROOM_KEY"),
        ] {
            let said = told(&[(wrong, "x")]);
            let wanted = format!(
                "The variable {wrong} is not known and has no effect; did you mean {right}?"
            );
            assert_eq!(said, [wanted]);
        }
        let said = told(&[("CHATROOM_FROBNICATE", "1")]);
        assert!(
            said[0].contains("has no effect. `chatroom --help`"),
            "{said:?}"
        );
    }

    #[test]
    fn what_is_known_or_anothers_is_passed_over() {
        let fine = [
            ("CHATROOM_KEY", "open sesame"),
            ("CHATROOM_KEY_FILE", "key"),
            ("CHATROOM_GUI_FRAMES", "frames"),
            ("CHATROOM_LISTEN", "127.0.0.1:1"),
            ("CHATROOM_LISTN", ""),
            ("CHATROOM_SERVICE_HOST", "10.0.0.1"),
            ("CHATROOM_PORT_1337_TCP_ADDR", "10.0.0.1"),
            ("CHATROOM_PORT", "tcp://10.0.0.1:1337"),
            ("CHATROOMS", "1"),
            ("PATH", "/bin"),
        ];
        assert_eq!(told(&fine), Vec::<String>::new());
    }
}

//! The parser of the command line, and better error sentences: which mode a flag belongs to, what a
//! file or an address alone was meant for, which variable is wrong.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::builder::{Resettable, StyledStr};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory, Error, FromArgMatches};

use super::{Cli, Mode};
use crate::address::Address;

/// Parses the command line, whose first word is the program's name. Flags override the environment,
/// and the environment overrides defaults; an empty variable is treated as unset.
///
/// # Errors
/// The error of clap (help and version count as errors, too), with a guess at what was meant.
pub fn parse(mut words: Vec<OsString>) -> Result<Mode, Error> {
    // Browsers and desktops pass a link as the only argument.
    if words.get(1).is_some_and(|word| is_link(word)) {
        words.insert(1, "gui".into());
    }
    let mut command = heed_no_empty_variable(Cli::command());
    match command.try_get_matches_from_mut(&words) {
        Ok(matches) => Ok(Cli::from_arg_matches(&matches)?.mode),
        Err(error) => Err(explain(error, &command, &words)),
    }
}

fn is_link(word: &OsStr) -> bool {
    let word = word.to_string_lossy().to_ascii_lowercase();
    word.starts_with("chatroom://")
}

fn heed_no_empty_variable(command: Command) -> Command {
    let unset = |arg: Arg| {
        if value_of(&arg).is_some_and(|value| value.is_empty()) {
            arg.env(Resettable::Reset)
        } else {
            arg
        }
    };
    command.mut_subcommands(|mode| mode.mut_args(unset))
}

fn value_of(arg: &Arg) -> Option<OsString> {
    env::var_os(arg.get_env()?)
}

/// Adds a better explanation to an error of clap.
fn explain(mut error: Error, command: &Command, words: &[OsString]) -> Error {
    let mode = words.get(1).and_then(|word| command.find_subcommand(word));
    match error.kind() {
        ErrorKind::UnknownArgument => {
            if let Some(tip) = said(&error, ContextKind::InvalidArg)
                .and_then(|word| unknown_word(&word, command, mode, words))
            {
                suggest(&mut error, tip);
            }
            error
        }
        ErrorKind::InvalidSubcommand => {
            let word = said(&error, ContextKind::InvalidSubcommand).unwrap_or_default();
            if let Some(tip) = no_mode(&word, words) {
                suggest(&mut error, tip);
            } else if error.get(ContextKind::SuggestedSubcommand).is_none() {
                suggest(
                    &mut error,
                    "put server, gui, replay, backup or rotate first".to_string(),
                );
            }
            error
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            if let Some(variable) = said(&error, ContextKind::InvalidArg)
                .and_then(|flag| culprit(mode?, words, |arg| arg.to_string() == flag))
            {
                error.insert(ContextKind::InvalidArg, ContextValue::String(variable));
            }
            error
        }
        ErrorKind::InvalidUtf8 => {
            let broken = |arg: &Arg| value_of(arg).is_some_and(|value| value.to_str().is_none());
            match mode.and_then(|mode| culprit(mode, words, broken)) {
                Some(variable) => command.clone().error(
                    ErrorKind::InvalidUtf8,
                    format!("the environment variable {variable} is not UTF-8; set it again"),
                ),
                None => error,
            }
        }
        _ => error,
    }
}

fn said(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// Replaces clap's suggestions by a better one.
fn suggest(error: &mut Error, tip: String) {
    for guess in [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedCommand,
        ContextKind::SuggestedSubcommand,
        ContextKind::TrailingArg,
    ] {
        error.remove(guess);
    }
    let tip = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
    error.insert(ContextKind::Suggested, tip);
}

/// Explains a flag that this mode does not have, or a surplus word.
fn unknown_word(
    word: &str,
    command: &Command,
    mode: Option<&Command>,
    words: &[OsString],
) -> Option<String> {
    let name = mode.map(Command::get_name);
    if let Some(tip) = port(word, name, words) {
        return Some(tip);
    }
    if let Some(flag) = word.strip_prefix("--") {
        let flag = flag.split('=').next()?;
        let owners: Vec<&str> = command
            .get_subcommands()
            .filter(|other| Some(other.get_name()) != name && has_flag(other, flag))
            .map(Command::get_name)
            .collect();
        let (first, more) = owners.split_first()?;
        return Some(match (name, more) {
            (None, []) => format!("--{flag} follows the mode: {}", with_mode(first, words)),
            (Some(_), []) => format!("--{flag} is a flag of 'chatroom {first}'"),
            _ => {
                let owners: Vec<String> =
                    owners.iter().map(|o| format!("'chatroom {o}'")).collect();
                format!("--{flag} is a flag of {}", owners.join(" and "))
            }
        });
    }
    match name {
        None if word == "-v" => Some(VERSION.to_string()),
        Some("gui") => name_before_address(words),
        Some("server") if is_log(word) => Some(format!(
            "to keep the room's log there: chatroom server --log {}",
            typed(word)
        )),
        Some("server") if is_address(word) => Some(format!(
            "to listen there: chatroom server --listen {}",
            typed(word)
        )),
        _ => None,
    }
}

/// Explains a port given alone, as other servers accept it.
fn port(word: &str, mode: Option<&str>, words: &[OsString]) -> Option<String> {
    let flag = word
        .split('=')
        .next()
        .filter(|flag| matches!(*flag, "--port" | "-p"))?;
    if mode != Some("server") {
        return None;
    }
    let given = words.iter().map(|word| word.to_string_lossy());
    let mut given = given.skip_while(|word| word != flag && !word.starts_with(&format!("{flag}=")));
    let first = given.next()?;
    let value = match first.split_once('=') {
        Some((_, value)) => value.to_string(),
        None => given.next().unwrap_or_default().to_string(),
    };
    let port = value
        .parse::<u16>()
        .map_or("PORT".to_string(), |port| port.to_string());
    Some(format!(
        "to listen on that port: chatroom server --listen {port}"
    ))
}

/// The tip for a misspelt request for the version.
const VERSION: &str = "to see the version: chatroom --version";

/// Recognises `gui uthira 192.168.1.20`, or the other way round, with nothing else.
fn name_before_address(words: &[OsString]) -> Option<String> {
    let [_, _, one, other] = words else {
        return None;
    };
    let (one, other) = (one.to_string_lossy(), other.to_string_lossy());
    let (name, address) = match (is_address(&one), is_address(&other)) {
        (false, true) => (one, other),
        (true, false) => (other, one),
        _ => return None,
    };
    let is_word = !name.is_empty() && !name.starts_with('-');
    is_word.then(|| {
        format!(
            "a name follows --name: chatroom gui --name {} {}",
            typed(&name),
            typed(&address)
        )
    })
}

fn has_flag(mode: &Command, flag: &str) -> bool {
    mode.get_arguments().any(|arg| arg.get_long() == Some(flag))
}

/// Explains a first word that is not a mode.
fn no_mode(word: &str, words: &[OsString]) -> Option<String> {
    if word == "version" {
        Some(VERSION.to_string())
    } else if is_log(word) {
        Some(format!("to play it back: {}", with_mode("replay", words)))
    } else if is_address(word) {
        Some(format!(
            "to join the room there: {}",
            with_mode("gui", words)
        ))
    } else {
        None
    }
}

fn is_log(word: &str) -> bool {
    Path::new(word).is_file() || word.ends_with(".txt") || word.ends_with(".log")
}

/// Tells whether the word is an address that cannot be a misspelt mode.
fn is_address(word: &str) -> bool {
    word.contains(['.', ':']) && Address::parse(word).is_ok()
}

/// The command line as typed, with the mode inserted.
fn with_mode(mode: &str, words: &[OsString]) -> String {
    let typed = words
        .iter()
        .skip(1)
        .map(|word| typed(&word.to_string_lossy()));
    ["chatroom".to_string(), mode.to_string()]
        .into_iter()
        .chain(typed)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Quotes a word for a shell, if it has to be quoted.
pub fn typed(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=./:,@%+[]".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The variable of the flag that an error is about, if the value came from it because the flag is not
/// on the command line.
fn culprit(mode: &Command, words: &[OsString], meant: impl Fn(&Arg) -> bool) -> Option<String> {
    let arg = mode.get_arguments().find(|arg| meant(arg))?;
    value_of(arg)?;
    let flag = format!("--{}", arg.get_long()?);
    let given = words.iter().any(|word| {
        let word = word.to_string_lossy();
        word == flag || word.starts_with(&format!("{flag}="))
    });
    let variable = arg.get_env()?.to_string_lossy().into_owned();
    (!given).then_some(variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        parse(words).expect_err(line).to_string()
    }

    #[test]
    fn a_flag_of_another_mode_says_whose_it_is() {
        for (line, tip) in [
            (
                "chatroom server --speed 2",
                "tip: --speed is a flag of 'chatroom replay'\n",
            ),
            (
                "chatroom gui --room=x",
                "tip: --room is a flag of 'chatroom server'\n",
            ),
            (
                "chatroom --name x",
                "tip: --name follows the mode: chatroom gui --name x\n",
            ),
            (
                "chatroom man --key-file x",
                "tip: --key-file is a flag of 'chatroom server' and 'chatroom gui'",
            ),
        ] {
            let said = refused(line);
            assert!(said.contains(tip), "{line}: {said}");
            assert_eq!(said.matches("tip:").count(), 1, "{line}: {said}");
        }
    }

    #[test]
    fn a_port_by_itself_is_one_to_listen_on() {
        for (line, right) in [
            (
                "chatroom server --port 8080",
                "chatroom server --listen 8080\n",
            ),
            (
                "chatroom server --room x --port=81",
                "chatroom server --listen 81\n",
            ),
            ("chatroom server -p 8080", "chatroom server --listen 8080\n"),
            ("chatroom server --port", "chatroom server --listen PORT\n"),
        ] {
            let said = refused(line);
            assert!(said.contains(right), "{line}: {said}");
            assert_eq!(said.matches("tip:").count(), 1, "{line}: {said}");
        }
    }

    #[test]
    fn what_is_misspelt_is_guessed() {
        for (line, right) in [
            ("chatroom sevrer", "'server'"),
            ("chatroom xyz", "server, gui, replay, backup or rotate"),
            ("chatroom server --listne x", "'--listen'"),
            ("chatroom gui --nmae x", "'--name'"),
            ("chatroom server --console htp", "'http'"),
            ("chatroom completions bahs", "'bash'"),
            ("chatroom man repaly", "'replay'"),
        ] {
            let said = refused(line);
            assert!(
                said.contains("tip:") && said.contains(right),
                "{line}: {said}"
            );
        }
    }

    #[test]
    fn a_file_or_an_address_alone_is_told_its_mode() {
        for (line, right) in [
            ("chatroom Cargo.toml", "chatroom replay Cargo.toml\n"),
            (
                "chatroom gone.txt --times",
                "chatroom replay gone.txt --times\n",
            ),
            (
                "chatroom 192.168.1.20:1337",
                "chatroom gui 192.168.1.20:1337\n",
            ),
            ("chatroom chat.local", "chatroom gui chat.local\n"),
            (
                "chatroom server 0.0.0.0:80",
                "chatroom server --listen 0.0.0.0:80\n",
            ),
            (
                "chatroom server room.txt",
                "chatroom server --log room.txt\n",
            ),
        ] {
            let said = refused(line);
            assert!(said.contains(right), "{line}: {said}");
        }
    }

    #[test]
    fn what_other_programs_have_is_understood_far_enough_to_say_ours() {
        for (line, right) in [
            ("chatroom version", "chatroom --version\n"),
            ("chatroom -v", "chatroom --version\n"),
            (
                "chatroom gui uthira 192.168.7.1",
                "chatroom gui --name uthira 192.168.7.1\n",
            ),
            (
                "chatroom gui 192.168.7.1:80 uthira",
                "chatroom gui --name uthira 192.168.7.1:80\n",
            ),
        ] {
            let said = refused(line);
            assert!(said.contains(right), "{line}: {said}");
            assert_eq!(said.matches("tip:").count(), 1, "{line}: {said}");
        }
        for line in ["chatroom gui one two", "chatroom gui --nme 192.168.7.1"] {
            let said = refused(line);
            assert!(!said.contains("a name follows"), "{line}: {said}");
        }
    }

    #[test]
    fn a_link_alone_opens_the_window() {
        for link in ["chatroom://192.168.1.20:1337", "CHATROOM://host/"] {
            let words = ["chatroom", link, "--name", "x"].map(OsString::from);
            match parse(words.to_vec()) {
                Ok(Mode::Gui(args)) => assert_eq!(args.address.as_deref(), Some(link)),
                other => panic!("{link}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_command_that_is_suggested_can_be_typed() {
        assert_eq!(typed("log.txt"), "log.txt");
        assert_eq!(typed("my log.txt"), "'my log.txt'");
        assert_eq!(typed("it's"), r"'it'\''s'");
    }
}

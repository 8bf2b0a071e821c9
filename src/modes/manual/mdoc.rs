//! A mode's flags as mdoc(7), from clap's definitions of them.
//!
//! A flag's help becomes prose: text between backticks is literal; names of flags, variables and this flag's
//! values are marked up as such.

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command};
use regex::Regex;

/// The lines of the section SYNOPSIS.
pub fn synopsis(mode: &Command) -> String {
    let mut lines = format!(".Nm chatroom\n.Cm {}\n", mode.get_name());
    let flags = arguments(mode).filter(|arg| !arg.is_positional());
    for flag in flags {
        let dots = match flag.get_action() {
            ArgAction::Append => " ...",
            _ => "",
        };
        lines += &format!(".Op {}{dots}\n", head(flag));
    }
    for positional in arguments(mode).filter(|arg| arg.is_positional()) {
        let optional = if positional.is_required_set() {
            ""
        } else {
            "Op "
        };
        lines += &format!(".{optional}{}\n", head(positional));
    }
    lines
}

/// The lists of the section OPTIONS, one for each heading.
pub fn options(mode: &Command) -> String {
    let mut headings: Vec<Option<&str>> = Vec::new();
    for arg in arguments(mode) {
        if !headings.contains(&arg.get_help_heading()) {
            headings.push(arg.get_help_heading());
        }
    }
    let mut lines = String::new();
    for heading in headings {
        if let Some(heading) = heading {
            lines += &format!(".Ss {heading}\n");
        }
        lines += ".Bl -tag -width Ds\n";
        for arg in arguments(mode).filter(|arg| arg.get_help_heading() == heading) {
            lines += &format!(".It {}\n{}", head(arg), body(arg));
        }
        lines += ".El\n";
    }
    lines
}

/// The variables of all modes, for the section ENVIRONMENT.
pub fn environment(program: &Command) -> String {
    let mut variables: Vec<(String, Vec<String>)> = Vec::new();
    for mode in program.get_subcommands() {
        for arg in arguments(mode) {
            let Some(variable) = arg.get_env() else {
                continue;
            };
            let variable = variable.to_string_lossy().into_owned();
            let user = format!(".Cm {} {}", mode.get_name(), bare_head(arg));
            match variables.iter_mut().find(|(known, _)| *known == variable) {
                Some((_, users)) => users.push(user),
                None => variables.push((variable, vec![user])),
            }
        }
    }
    variables.sort();
    let line = |(variable, users): &(String, Vec<String>)| {
        format!(
            ".It Ev {variable}\nThe default of\n{} .\n",
            users.join("\nand\n")
        )
    };
    variables.iter().map(line).collect()
}

/// The arguments without those that clap adds, which are described by hand, once for all modes.
fn arguments(mode: &Command) -> impl Iterator<Item = &Arg> {
    mode.get_arguments()
        .filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"))
}

fn bare_head(arg: &Arg) -> String {
    match arg.get_long() {
        Some(long) => format!("Fl Fl {long}"),
        None => values(arg),
    }
}

/// The flag with its values: `Fl Fl speed Ar n | Cm max`.
fn head(arg: &Arg) -> String {
    let mut head = bare_head(arg);
    if let Some(short) = arg.get_short() {
        head = format!("Fl {short} , {head}");
    }
    if arg.is_positional() || !arg.get_action().takes_values() {
        return head;
    }
    if arg.is_require_equals_set() {
        format!("{head} Ns Op = Ns {}", values(arg))
    } else {
        format!("{head} {}", values(arg))
    }
}

/// The possible values: `Cm` for literal ones, `Ar` for placeholders.
fn values(arg: &Arg) -> String {
    let mut said = String::new();
    let mut last = "";
    for value in alternatives(arg) {
        if !said.is_empty() {
            said += " | ";
        }
        let kind = if value == value.to_uppercase() {
            "Ar"
        } else {
            "Cm"
        };
        if kind != last {
            said += &format!("{kind} ");
        }
        said += &value.to_lowercase();
        last = kind;
    }
    said
}

fn alternatives(arg: &Arg) -> Vec<String> {
    let possible = arg.get_possible_values();
    if arg.get_action().takes_values() && !possible.is_empty() {
        return possible.iter().map(|v| v.get_name().to_string()).collect();
    }
    let names = arg.get_value_names().unwrap_or_default();
    let names = names.iter().flat_map(|name| name.split('|'));
    names.map(str::to_string).collect()
}

fn body(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let words = alternatives(arg);
    let mut lines = String::new();
    for (nth, paragraph) in help.split("\n\n").enumerate() {
        // The summary and the text after it are one paragraph.
        if nth > 1 {
            lines += ".Pp\n";
        }
        lines += &prose(&as_sentence(paragraph), &words);
    }
    lines += &meanings(arg);
    lines + &defaults(arg)
}

fn as_sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with('.') {
        text.to_string()
    } else {
        format!("{text}.")
    }
}

/// The meaning of each possible value.
fn meanings(arg: &Arg) -> String {
    let possible = if arg.get_action().takes_values() {
        arg.get_possible_values()
    } else {
        Vec::new()
    };
    let line = |value: &PossibleValue| {
        let help = value.get_help()?.to_string();
        let meaning = prose(&as_sentence(&help), &[]);
        Some(format!(".It Cm {}\n{meaning}", value.get_name()))
    };
    let lines: String = possible.iter().filter_map(line).collect();
    if lines.is_empty() {
        lines
    } else {
        format!(".Bl -tag -width \"original\" -compact\n{lines}.El\n")
    }
}

fn defaults(arg: &Arg) -> String {
    let default = arg.get_default_values().first();
    let default = default
        .filter(|_| arg.get_action().takes_values())
        .map(|value| value.to_string_lossy());
    let variable = arg.get_env().map(|variable| variable.to_string_lossy());
    let marked = |default: &str, after: &str| {
        let word = literal(default);
        if alternatives(arg).iter().any(|known| known == default) {
            format!("The default is\n.Cm {word} {after}\n")
        } else if default.chars().all(char::is_alphanumeric) {
            format!("The default is {word}{after}\n")
        } else {
            format!("The default is\n.Ql {word} {after}\n")
        }
    };
    match (default, variable) {
        (Some(default), Some(variable)) => {
            let default = marked(&default, ",");
            format!("{default}or what\n.Ev {variable}\nsays.\n")
        }
        (Some(default), None) => marked(&default, "."),
        (None, Some(variable)) => format!("The variable\n.Ev {variable}\ndoes the same.\n"),
        (None, None) => String::new(),
    }
}

/// A paragraph as lines of mdoc, one for each sentence; `words` are this flag's values.
fn prose(text: &str, words: &[String]) -> String {
    let pieces = Regex::new(r"[^\s`]*`[^`]*`[^\s`]*|\S+").expect("a pattern");
    let mut lines = String::new();
    let mut line = String::new();
    let end = |line: &mut String, lines: &mut String| {
        if !line.is_empty() {
            *lines += &format!("{line}\n");
            line.clear();
        }
    };
    for piece in pieces.find_iter(text) {
        let piece = piece.as_str();
        if let Some(marked) = marked_up(piece, words) {
            end(&mut line, &mut lines);
            lines += &format!("{marked}\n");
            continue;
        }
        let new_sentence = line.ends_with('.') && piece.starts_with(char::is_uppercase);
        if new_sentence || line.len() + piece.len() > 76 {
            end(&mut line, &mut lines);
        }
        if !line.is_empty() {
            line.push(' ');
        } else if piece.starts_with(['.', '\'']) {
            line += "\\&";
        }
        line += &piece.replace('\\', "\\e");
    }
    end(&mut line, &mut lines);
    lines
}

/// The macro for a piece that is more than a plain word.
fn marked_up(piece: &str, words: &[String]) -> Option<String> {
    let is_value = |word: &str| words.iter().any(|known| known == word);
    let (before, inside, after, macros) = match piece.split_once('`') {
        Some((before, rest)) => {
            let (inside, after) = rest.split_once('`').expect("backticks come in pairs");
            let macros = match inside.strip_prefix("--") {
                Some(flag) => match flag.split_once(' ') {
                    Some((flag, value)) => format!("Fl Fl {flag} Cm {value}"),
                    None => format!("Fl Fl {flag}"),
                },
                None if is_value(inside) => format!("Cm {}", literal(inside)),
                None => format!("Ql {}", literal(inside)),
            };
            (before, inside, after, macros)
        }
        None => {
            let inside = piece
                .trim_start_matches('(')
                .trim_end_matches([',', '.', ';', ':', ')']);
            let start = piece.len() - piece.trim_start_matches('(').len();
            let (before, after) = (&piece[..start], &piece[start + inside.len()..]);
            let is_variable = inside == "TMPDIR"
                || inside.contains('_')
                    && inside.chars().all(|c| c == '_' || c.is_ascii_uppercase());
            let macros = if let Some(flag) = inside.strip_prefix("--") {
                format!("Fl Fl {flag}")
            } else if is_variable {
                format!("Ev {inside}")
            } else if inside.starts_with("<https://") {
                format!("Lk {}", inside.trim_matches(['<', '>']))
            } else if inside == inside.to_uppercase() && is_value(inside) {
                format!("Ar {}", inside.to_lowercase())
            } else {
                return None;
            };
            (before, inside, after, macros)
        }
    };
    let apart = |marks: &str| marks.chars().map(|c| format!("{c} ")).collect::<String>();
    let punctuation = |marks: &str| marks.chars().all(|c| "(),.;:".contains(c));
    assert!(
        punctuation(before) && punctuation(after),
        "only punctuation can touch {inside:?} in {piece:?}"
    );
    let (name, rest) = macros.split_once(' ').expect("a macro and its words");
    let line = format!(".{name} {}{rest} {}", apart(before), apart(after));
    Some(line.trim_end().to_string())
}

/// The text, quoted for a macro.
fn literal(text: &str) -> String {
    let text = text.replace('\\', "\\e");
    let text = text.replace('\'', "\\(aq").replace('-', "\\-");
    if text.contains([' ', '(', '|']) {
        format!("\"{text}\"")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_marked_up_word_by_word() {
        let text = "Show N events: `ask` (on a terminal), or as `--output plain` does it in `a b`. The \
                    variable CHATROOM_KEY, too. .svg";
        let words = ["ask".to_string(), "N".to_string()];
        assert_eq!(
            prose(text, &words),
            "Show\n.Ar n\nevents:\n.Cm ask\n(on a terminal), or as\n.Fl Fl output Cm plain\ndoes it \
             in\n.Ql \"a b\" .\nThe variable\n.Ev CHATROOM_KEY ,\ntoo. .svg\n"
        );
    }
}

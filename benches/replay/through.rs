//! `print`, `grep`, `verify`: commands that read all of the log.
//!
//! The log is in the page cache (it is read once before). Sources of error: the kernel counts processor time in ticks
//! of 10 ms; memory is read every 5 ms, and a shorter peak shows only in "with files", which the kernel keeps;
//! ripgrep maps the file, the others copy it.

use std::process::Stdio;

use crate::log::{Log, MARKS, RARE};
use crate::report::{Column, Form, Report, table};
use crate::run::{self, Sink};
use crate::{Res, Setting};

const COLUMNS: &[Column] = &[
    Column("GB/s", "rate", Form::Digits(2), true),
    Column("GB/CPU s", "rate_busy", Form::Digits(2), true),
    Column("seconds", "seconds", Form::Digits(2), false),
    Column("memory, MB", "own", Form::Digits(1), false),
    Column("with files", "all", Form::Digits(1), false),
];

/// A command with its name in the tables.
struct Entrant {
    name: String,
    line: Vec<String>,
}

fn entrants(
    setting: &Setting,
    log: &Log,
    ours: &[(&str, &[&str])],
    peers: &[(&str, &[&str])],
) -> Vec<Entrant> {
    let path = log.path.to_string_lossy().into_owned();
    let mut all = Vec::new();
    for (what, args) in ours {
        for (name, program) in &setting.programs {
            let program = program.to_string_lossy();
            // Words before the program are a command that runs it.
            let words = args.iter().map(|word| word.replace("{chatroom}", &program));
            let name = [name, *what].join(" ").trim().to_string();
            all.push(Entrant {
                name,
                line: words.chain([path.clone()]).collect(),
            });
        }
    }
    for (name, words) in peers {
        let words = words.iter().map(|word| (*word).to_string());
        all.push(Entrant {
            name: (*name).to_string(),
            line: words.chain([path.clone()]).collect(),
        });
    }
    all
}

/// Runs every entrant in every round, each round beginning with another.
fn rounds(
    setting: &Setting,
    log: &Log,
    report: &mut Report,
    scenario: &str,
    case: &str,
    entrants: &[Entrant],
    sink: Sink,
) -> Res<()> {
    for entrant in entrants {
        // One run is not measured, so that everything is in memory; an error appears again below.
        let _ = run::through(&entrant.line, sink, log.size);
    }
    for round in 1..=setting.rounds {
        for turn in 0..entrants.len() {
            let entrant = &entrants[(turn + round - 1) % entrants.len()];
            let values = run::through(&entrant.line, sink, log.size);
            report.keep(scenario, case, &entrant.name, round, values)?;
        }
    }
    Ok(())
}

/// Measures `--plain` beside `cut -f1`, which leaves out the checksum but not the time.
pub fn print(setting: &Setting, log: &Log, report: &mut Report) -> Res<()> {
    let ours: &[(&str, &[&str])] = &[("--plain", &["{chatroom}", "replay", "--plain"])];
    let peers: &[(&str, &[&str])] = &[("cut -f1", &["cut", "-f1"]), ("wc -l", &["wc", "-l"])];
    let entrants = entrants(setting, log, ours, peers);
    let mut text = String::new();
    for (case, sink) in [("to /dev/null", Sink::Null), ("through a pipe", Sink::Pipe)] {
        rounds(setting, log, report, "print", case, &entrants, sink)?;
        let table = table(report, "print", case, COLUMNS, Some(("rate", &["cut -f1"])));
        text += &format!("All of it printed, {case}\n\n{table}\n");
    }
    report.publish("replay-print", text);
    Ok(())
}

/// Measures `--grep` beside grep and ripgrep, all through a pipe.
pub fn grep(setting: &Setting, log: &Log, report: &mut Report) -> Res<()> {
    let any = format!("(?i){RARE}");
    let mut text = String::new();
    for (case, pattern, of_grep) in [
        ("a rare word", RARE, &["grep", RARE][..]),
        (
            "a rare word in any case",
            any.as_str(),
            &["grep", "-i", RARE],
        ),
        ("a frequent word", "the", &["grep", "the"]),
    ] {
        let ours: &[(&str, &[&str])] = &[(
            "--grep",
            &["{chatroom}", "replay", "--plain", "--grep", pattern],
        )];
        let peers: &[(&str, &[&str])] = &[("grep", of_grep), ("rg", &["rg", pattern])];
        let entrants = entrants(setting, log, ours, peers);
        if pattern == RARE {
            for entrant in &entrants {
                found(entrant)?;
            }
        }
        rounds(setting, log, report, "grep", case, &entrants, Sink::Pipe)?;
        let table = table(
            report,
            "grep",
            case,
            COLUMNS,
            Some(("rate", &["grep", "rg"])),
        );
        text += &format!("{}\n\n{table}\n", upper(case));
    }
    report.publish("replay-grep", text);
    Ok(())
}

/// Checks that an entrant finds every mark and nothing else.
fn found(entrant: &Entrant) -> Res<()> {
    let output = run::command(&entrant.line).stderr(Stdio::null()).output()?;
    let lines = output.stdout.iter().filter(|b| **b == b'\n').count() as u64;
    match lines == MARKS {
        true => Ok(()),
        false => Err(format!("{} found {lines} of {MARKS}", entrant.name).into()),
    }
}

/// Measures `--verify` and `--stats`, on all cores and on one.
pub fn verify(setting: &Setting, log: &Log, report: &mut Report) -> Res<()> {
    let ours: &[(&str, &[&str])] = &[
        ("--verify", &["{chatroom}", "replay", "--verify"]),
        (
            "--verify, one core",
            &["taskset", "-c", "0", "{chatroom}", "replay", "--verify"],
        ),
        ("--stats", &["{chatroom}", "replay", "--stats"]),
        (
            "--stats, one core",
            &["taskset", "-c", "0", "{chatroom}", "replay", "--stats"],
        ),
    ];
    let peers: &[(&str, &[&str])] = &[("wc -l", &["wc", "-l"])];
    let entrants = entrants(setting, log, ours, peers);
    rounds(setting, log, report, "verify", "", &entrants, Sink::Null)?;
    let first = entrants[0].name.clone();
    let table = table(report, "verify", "", COLUMNS, Some(("rate", &[&first])));
    report.publish(
        "replay-verify",
        format!("All of it verified, and counted\n\n{table}\n"),
    );
    Ok(())
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

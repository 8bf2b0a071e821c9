//! `growth`: the work for one delivery, by the number of listeners and by the size of the text.

use std::time::Duration;

use super::fanout::{Turn, turn};
use crate::drive::{Pace, Plan};
use crate::plot::{self, Line, Point};
use crate::report::{Form, Report, align, cell};
use crate::servers::{Entrant, Kind};
use crate::{Res, Setting};

/// The listeners and bytes of each case.
const CASES: [(usize, usize); 5] = [
    (100, 100),
    (1_000, 100),
    (10_000, 100),
    (1_000, 1_000),
    (1_000, 10_000),
];
/// The measured values, with their format and their heading.
const VALUES: [(&str, Form, &str); 2] = [
    ("deliveries_cpu_s", Form::Millions, "deliveries/CPU s"),
    ("mb_cpu_s", Form::Digits(0), "MB/CPU s"),
];

/// Runs each case saturated, with chatroom, nats and the bare loop.
pub fn growth(setting: &Setting, report: &mut Report) -> Res<()> {
    let takes_part = |e: &&Entrant| !matches!(e.kind, Kind::Ngircd | Kind::Nchan);
    let entrants: Vec<&Entrant> = setting.entrants.iter().filter(takes_part).collect();
    for round in 1..=setting.rounds {
        for (listeners, size) in CASES {
            for entrant in setting.turns(round).into_iter().filter(takes_part) {
                let what = Turn {
                    listeners,
                    size,
                    senders: setting.senders,
                    plan: Plan {
                        pace: Pace::Window(setting.window),
                        warm: setting.warm().min(Duration::from_secs(1)),
                        measured: setting.measured() * 3 / 5,
                    },
                };
                let run = turn(entrant, what);
                report.keep("growth", &name(listeners, size), &entrant.name, round, run)?;
            }
        }
    }
    publish(setting, report, &entrants)
}

fn name(listeners: usize, size: usize) -> String {
    format!("{listeners} listeners, {size} B")
}

fn publish(setting: &Setting, report: &mut Report, entrants: &[&Entrant]) -> Res<()> {
    let mut text = format!(
        "Growth: {} messages under way (closed loop), nothing lost\n",
        setting.window
    );
    for (value, form, heading) in VALUES {
        let mut head = vec![heading.to_string()];
        head.extend(entrants.iter().map(|entrant| entrant.name.clone()));
        let mut rows = vec![head];
        for (listeners, size) in CASES {
            let case = name(listeners, size);
            let mut row = vec![case.clone()];
            row.extend(entrants.iter().map(|entrant| {
                let all = report.rounds("growth", &case, &entrant.name, value);
                cell(all, form, true)
            }));
            rows.push(row);
        }
        text.push('\n');
        text.push_str(&align(&rows));
    }
    let plots = [
        (
            "growth-listeners",
            "listeners (100 B each)",
            "deliveries_cpu_s",
            0..3,
            false,
        ),
        (
            "growth-size",
            "bytes in a text (1,000 listeners)",
            "deliveries_cpu_s",
            1..5,
            true,
        ),
        (
            "growth-bytes",
            "bytes in a text (1,000 listeners)",
            "mb_cpu_s",
            1..5,
            true,
        ),
    ];
    for (file, across, value, cases, by_size) in plots {
        let cases: Vec<_> = CASES[cases]
            .iter()
            .filter(|c| !by_size || c.0 == 1_000)
            .collect();
        let lines = entrants.iter().map(|entrant| Line {
            name: entrant.name.clone(),
            points: cases
                .iter()
                .filter_map(|(listeners, size)| {
                    let case = name(*listeners, *size);
                    let x = if by_size { *size } else { *listeners };
                    let rounds = report.rounds("growth", &case, &entrant.name, value);
                    Point::of(x as f64, rounds)
                })
                .collect(),
        });
        let up = match value {
            "mb_cpu_s" => "MB per CPU second",
            _ => "deliveries per CPU second",
        };
        report.plot(file, plot::draw(across, up, &lines.collect::<Vec<_>>())?);
    }
    report.publish("growth", text);
    Ok(())
}

//! Tables of this benchmark: a row for each figure, a column for each window, with the target and the ratio.

use crate::Res;
use crate::report::{Form, Report, Values, align, cell};

/// A figure: its title, its name among the values, its format, and its target.
#[derive(Clone, Copy, Debug)]
pub struct Figure(
    pub &'static str,
    pub &'static str,
    pub Form,
    pub &'static str,
);

/// A table of the figures of one scenario, case by case.
pub fn table(report: &Report, scenario: &str, cases: &[(&str, &[Figure])]) -> String {
    let mut windows: Vec<String> = Vec::new();
    for record in report.records.iter().filter(|r| r.scenario == scenario) {
        if !windows.contains(&record.server) {
            windows.push(record.server.clone());
        }
    }
    let mut head = vec!["".to_string(), "asked".to_string()];
    head.extend(windows.iter().cloned());
    // The ratio of the first chatroom to the other program.
    let peer = windows.iter().find(|name| *name == "HexChat");
    let ratio = peer.zip(windows.first()).filter(|(a, b)| a != b);
    head.extend(ratio.map(|_| "x HexChat".to_string()));
    let mut rows = vec![head];
    for (case, figures) in cases {
        for Figure(what, name, form, asked) in *figures {
            let of = |window: &String| report.rounds(scenario, case, window, name);
            let mut row = vec![what.to_string(), asked.to_string()];
            row.extend(windows.iter().map(|window| cell(of(window), *form, true)));
            row.extend(ratio.map(|(peer, own)| {
                let median = |window: &str| report.median(scenario, case, window, name);
                match (median(own), median(peer)) {
                    (Some(own), Some(peer)) if peer > 0.0 => format!("{:.2}", own / peer),
                    _ => "-".to_string(),
                }
            }));
            rows.push(row);
        }
    }
    align(&rows)
}

/// Keeps the line of a window about its frames, if there is one, as a round of `frames`.
pub fn keep_frames(report: &mut Report, case: &str, window: &str, line: Option<String>) -> Res<()> {
    let Some(line) = line else {
        return Ok(());
    };
    let mut values = Values::default();
    for part in line.trim().split(", ") {
        let (name, value) = part.split_once(' ').ok_or("a strange line of frames")?;
        values.put(name, value.parse()?);
    }
    let round = report.rounds("frames", case, window, "frames").len() + 1;
    report.keep("frames", case, window, round, Ok(values))
}

/// Publishes the table of all frames so far: the sum over the rounds, and of the longest the maximum.
pub fn frames(report: &mut Report) {
    let names = ["frames", "over_16ms", "over_50ms", "over_100ms"];
    let head = [
        "in",
        "window",
        "turns",
        "over 16 ms",
        "over 50 ms",
        "over 100 ms",
        "longest",
        "within 100 ms",
    ];
    let mut rows = vec![head.map(str::to_string).to_vec()];
    let mut kinds: Vec<(String, String)> = Vec::new();
    for record in report.records.iter().filter(|r| r.scenario == "frames") {
        let kind = (record.case.clone(), record.server.clone());
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() {
        return;
    }
    for (case, window) in kinds {
        let of = |name: &str| report.rounds("frames", &case, &window, name);
        let sums = names.map(|name| of(name).iter().sum::<f64>());
        let longest = of("longest_us").into_iter().fold(0.0, f64::max);
        let within = 100.0 * (1.0 - sums[3] / sums[0].max(1.0));
        let mut row = vec![case.clone(), window.clone()];
        row.extend(sums.map(|sum| format!("{sum:.0}")));
        row.push(cell(vec![longest], Form::Time, false));
        row.push(format!("{within:.3} %"));
        rows.push(row);
    }
    let text = format!(
        "Turns of the event loop, by how long each kept the window from answering (asked: 99.9 % \
         within 100 ms)\n\n{}",
        align(&rows)
    );
    report.publish("frames", text);
}

//! `seek`: the time from the start of the process to the first line of `--from`, at twenty places of the log.
//!
//! For comparison: the process alone (`--version`), and the fastest search line by line, ripgrep with `-m1`. Cold
//! means that the kernel dropped the file from its cache just before; caches of the disk or of a host of this machine
//! are not affected. Source of error: the clock starts before the fork and stops when the harness has read the line,
//! so both are included.

use crate::log::Log;
use crate::report::{Column, Form, Report, Values, table};
use crate::run::first_line;
use crate::{Res, Setting};

const PLACES: usize = 20;

/// Seeks in each of the logs.
pub fn seek(setting: &Setting, logs: &[&Log], report: &mut Report) -> Res<()> {
    let mut text = String::new();
    for log in logs {
        let gigabytes = log.size as f64 / f64::from(1 << 30);
        let [warm, cold] = ["warm", "cold"].map(|how| format!("{gigabytes:.1} GiB, {how}"));
        let rounds = if setting.quick { 1 } else { 3 };
        for (case, is_cold, rounds) in [(&warm, false, rounds), (&cold, true, 1)] {
            for round in 0..rounds * PLACES {
                once(setting, log, report, case, is_cold, round)?;
            }
            let columns = &[Column("first line", "first_us", Form::Time, true)];
            let first = &setting.programs[0].0;
            let table = table(report, "seek", case, columns, Some(("first_us", &[first])));
            text += &format!("{case}: the first line from twenty places on\n\n{table}\n");
        }
    }
    report.publish("replay-seek", text);
    Ok(())
}

fn once(
    setting: &Setting,
    log: &Log,
    report: &mut Report,
    case: &str,
    cold: bool,
    round: usize,
) -> Res<()> {
    let path = log.path.to_string_lossy().into_owned();
    let part = ((round % PLACES) as f64 + 0.5) / PLACES as f64;
    let moment = log.moment(part).to_string();
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for (name, program) in &setting.programs {
        let program = program.to_string_lossy().into_owned();
        let words = ["replay", "--plain", "--from", &moment, &path].map(str::to_string);
        lines.push((
            name.clone(),
            [vec![program.clone()], words.to_vec()].concat(),
        ));
        lines.push((
            format!("{name} --version"),
            vec![program, "--version".to_string()],
        ));
    }
    // The first line of that minute: lines are twenty seconds apart.
    let minute = format!("^{}", &moment[..15]);
    lines.push((
        "rg -m1".to_string(),
        ["rg", "-m1", &minute, &path].map(str::to_string).to_vec(),
    ));
    for (name, line) in lines {
        if cold {
            log.forget()?;
        }
        let values = first_line(&line).map(|(took, _)| {
            let mut values = Values::default();
            values.put("first_us", took.as_micros() as f64);
            values
        });
        report.keep("seek", case, &name, round + 1, values)?;
    }
    Ok(())
}

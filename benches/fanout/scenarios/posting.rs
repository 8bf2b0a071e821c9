//! `posting`: the cost of a message that is on the disk before it is acknowledged, beside a loop that only writes and
//! syncs the same bytes.

use crate::disk;
use crate::drive::{Pace, Plan, drive};
use crate::fleet::Fleet;
use crate::report::{Column, Form, Report, Values, table};
use crate::servers::{Entrant, Kind, Start};
use crate::{Res, Setting};

/// Makes every sync take 3 ms longer, as a slow disk would; other calls run untouched.
const SLOW_DISK: &[&str] = &[
    "strace",
    "-f",
    "--seccomp-bpf",
    "-qq",
    "-o",
    "/dev/null",
    "-e",
    "trace=fdatasync",
    "-e",
    "inject=fdatasync:delay_exit=3000",
];

/// Runs (a) one sender on the disk as it is; (b) many senders on a disk whose syncs take 3 ms more.
pub fn posting(setting: &Setting, report: &mut Report) -> Res<()> {
    let cases = [("one", 1, &[][..]), ("many", setting.senders, SLOW_DISK)];
    for (case, senders, tracer) in cases {
        for round in 1..=setting.more_rounds() {
            for entrant in setting.entrants.iter().filter(|e| e.kind == Kind::Chatroom) {
                let bare = format!("bare disk, as {}", entrant.name);
                match post(setting, entrant, senders, tracer) {
                    Ok((room, disk)) => {
                        report.keep("posting", case, &entrant.name, round, Ok(room))?;
                        report.keep("posting", case, &bare, round, Ok(disk))?;
                    }
                    Err(error) => {
                        report.keep("posting", case, &entrant.name, round, Err(error))?;
                    }
                }
            }
        }
    }
    let columns = |ratios: [Column; 2]| {
        let common = [
            Column("messages/s", "messages_s", Form::Digits(0), true),
            Column("messages/sync", "batch", Form::Digits(1), false),
            Column("p50", "answer_p50_us", Form::Time, true),
            Column("p99", "answer_p99_us", Form::Time, true),
            Column("max", "answer_max_us", Form::Time, false),
        ];
        [&common[..], &ratios[..]].concat()
    };
    let times = columns([
        Column("p50 x bare", "p50_ratio", Form::Digits(2), true),
        Column("p99 x bare", "p99_ratio", Form::Digits(2), true),
    ]);
    let one = table(report, "posting", "one", &times, None);
    let rates = columns([
        Column("messages/s x bare", "rate_ratio", Form::Digits(2), true),
        Column("p50 x bare", "p50_ratio", Form::Digits(2), true),
    ]);
    let many = table(report, "posting", "many", &rates, None);
    let text = format!(
        "Posting, one sender, the disk as it is: POST to 201, and bare write + fdatasync\n\n{one}\n\
         Posting, {} senders, every fdatasync 3 ms slower; the bare loop writes the same batches\n\n\
         {many}",
        setting.senders
    );
    report.publish("posting", text);
    Ok(())
}

/// The room first, then the bare loop with the room's own batches in the same folder.
fn post(
    setting: &Setting,
    entrant: &Entrant,
    senders: usize,
    tracer: &[&str],
) -> Res<(Values, Values)> {
    let server = Start::of(entrant)?.under(tracer).go()?;
    let mut fleet = Fleet::new(server.kind, server.address, 100)?;
    fleet.connect_senders(senders)?;
    let plan = Plan {
        // Each sender sends as soon as it is answered.
        pace: Pace::Window(u64::MAX),
        warm: setting.warm() / 4,
        measured: setting.measured() / 2,
    };
    let mut values = drive(&mut fleet, plan, &server)?;
    drop(fleet);
    let batches = disk::batches(&server.folder.join("log.txt"))?;
    let lines: u64 = batches.iter().map(|batch| batch.lines).sum();
    values.put("batch", lines as f64 / batches.len() as f64);
    let disk = disk::run(&batches, &server.folder, plan.measured, tracer)?;
    for (name, of) in [
        ("p50_ratio", "answer_p50_us"),
        ("p99_ratio", "answer_p99_us"),
        ("rate_ratio", "messages_s"),
    ] {
        if let (Some(room), Some(bare)) = (values.get(of), disk.get(of)) {
            values.put(name, room / bare);
        }
    }
    Ok((values, disk))
}

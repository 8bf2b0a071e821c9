//! `disturbed`: the delay for others while a client floods the room. A member posts, reads a range of history and
//! opens a listener in turn, without an attack and during each; nginx is measured during the same flood of
//! connections.

mod attack;
mod probe;

use crate::report::{Column, Form, Report, Values, table};
use crate::servers::{Entrant, Kind, Running, Start};
use crate::{Res, Setting};
use attack::Attack;
use probe::Probe;

use super::catch_up::plant;

/// The key of the room with a key.
const KEY: &str = "sesame open";
/// The number of members in the room.
const MEMBERS: usize = 1_000;

/// An attack with its name in the tables.
type Named = (&'static str, fn() -> Attack);

/// The attacks on a room without a key, on one with a key, and on nginx.
const OPEN: [Named; 5] = [
    ("HEAD /health without a pause", || {
        Attack::Requests("HEAD /health")
    }),
    ("HEAD /members of 1,000 without a pause", || {
        Attack::Requests("HEAD /members")
    }),
    ("connections without a pause", || Attack::Connections),
    ("8 polls of the whole log by HTTP/1.0", || {
        Attack::Readers(8, "GET /events?poll=1&since=all HTTP/1.0")
    }),
    ("100 downloads of the log", || {
        Attack::Readers(100, "GET /log.txt HTTP/1.0")
    }),
];
const KEYED: [Named; 1] = [("HEAD /members without the key, without a pause", || {
    Attack::Requests("HEAD /members")
})];
const PEER: [Named; 1] = [("connections without a pause", || Attack::Connections)];

/// In each round, measures each server without an attack and during each.
pub fn disturbed(setting: &Setting, report: &mut Report) -> Res<()> {
    for round in 1..=setting.rounds {
        for entrant in setting.turns(round) {
            match entrant.kind {
                Kind::Chatroom => {
                    let name = entrant.name.as_str();
                    match open_room(setting, entrant) {
                        Ok(server) => case(setting, report, &server, (name, &OPEN), round)?,
                        Err(error) => report.keep("disturbed", "", name, round, Err(error))?,
                    }
                    let server = Start::of(entrant)?.with_key(KEY)?.go()?;
                    let name = format!("{name} with a key");
                    case(setting, report, &server, (&name, &KEYED), round)?;
                }
                Kind::Nchan => {
                    let server = Running::start(entrant)?;
                    case(setting, report, &server, ("nginx", &PEER), round)?;
                }
                _ => {}
            }
        }
    }
    let columns = [
        Column("post p50", "post_p50_us", Form::Time, false),
        Column("post p99", "post_p99_us", Form::Time, true),
        Column("post max", "post_max_us", Form::Time, true),
        Column("page p99", "page_p99_us", Form::Time, true),
        Column("listener p99", "listener_p99_us", Form::Time, true),
        Column("probes", "probes", Form::Digits(0), false),
        Column("taken", "taken", Form::Digits(0), false),
    ];
    let text = table(report, "disturbed", "", &columns, None);
    let title = "Disturbed: a member's post, a page of five messages and a new listener, one after the other, \
                 beside one attack at a time; a log of 1,000,000 messages";
    report.publish("disturbed", format!("{title}\n\n{text}"));
    Ok(())
}

/// A room with a long log and many members.
fn open_room(setting: &Setting, entrant: &Entrant) -> Res<Running> {
    let start = Start::of(entrant)?;
    plant(&start.folder().join("log.txt"), setting.size)?;
    let server = start.go()?;
    for number in 0..MEMBERS {
        probe::log_in(server.address, &format!("m{number:05}"), "")?;
    }
    Ok(server)
}

/// Measures a server without an attack, then during each.
fn case(
    setting: &Setting,
    report: &mut Report,
    server: &Running,
    (name, attacks): (&str, &[Named]),
    round: usize,
) -> Res<()> {
    let alone = measure(setting, server, None);
    let row = format!("{name}, undisturbed");
    report.keep("disturbed", "", &row, round, alone)?;
    for (what, attack) in attacks {
        let run = measure(setting, server, Some(attack()));
        let row = format!("{name}, {what}");
        report.keep("disturbed", "", &row, round, run)?;
    }
    Ok(())
}

fn measure(setting: &Setting, server: &Running, attack: Option<Attack>) -> Res<Values> {
    let mut probe = Probe::new(server, KEY)?;
    let under_way = attack
        .map(|attack| attack.start(server.address))
        .transpose()?;
    let run = probe.run(setting.measured());
    let taken = under_way.map_or(0, attack::UnderWay::stop);
    let mut values = run?;
    values.put("taken", taken as f64);
    Ok(values)
}

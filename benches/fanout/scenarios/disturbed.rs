//! `disturbed`: what others have of it when somebody floods the room. A member says something, a page
//! is read and a listener comes in, one after the other, without and beside each attack in turn; and
//! nginx is asked beside the same flood of connections.

mod attack;
mod probe;

use crate::report::{Column, Form, Report, Values, table};
use crate::servers::{Entrant, Kind, Running, Start};
use crate::{Res, Setting};
use attack::Attack;
use probe::Probe;

use super::catch_up::plant;

/// The key of the room that has one.
const KEY: &str = "sesame open";
/// Members of the room whose list is asked for.
const MEMBERS: usize = 1_000;

/// One attack, as the tables call it.
type Named = (&'static str, fn() -> Attack);

/// What is done to a room without a key, to one with a key, and to nginx.
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

/// Each round, each server is asked undisturbed and beside each attack.
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

/// A server undisturbed, then beside each attack.
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

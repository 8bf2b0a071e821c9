//! `flood`: typing while 500 messages a second come in from ten members, for 20 seconds.
//!
//! Every 200 ms XTest types or removes a letter in the message field. The time is from sending the key to a change of
//! the few pixels of the letter, whose place was found before in silence; they are read every millisecond. Afterwards
//! the last messages must be there: in chatroom they are copied by Ctrl+A and Ctrl+C; HexChat, in which these copy
//! nothing, answers a CTCP PING of each sender, which follows all of that sender's messages.
//!
//! Sources of error: the window, the X server, the chat's server with its syncs, the senders and the harness share
//! the machine's processors, and delays may be due to that. A key that shows later than 2 s counts as 2 s.

use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::client::{Client, Open};
use crate::figures::{Figure, keep_frames, table};
use crate::report::{Form, Report, Values};
use crate::servers::Running;
use crate::speaker::{Speaker, speak};
use crate::{Res, Setting, chat, stop};

const RATE: u64 = 500;
const SPEAKERS: usize = 10;
/// The number of the first text.
const FIRST: u64 = 1_000_000;
const LIMIT: Duration = Duration::from_secs(2);

/// Types during a flood.
pub fn flood(setting: &Setting, report: &mut Report) -> Res<()> {
    let (rounds, seconds) = if setting.quick { (1, 5) } else { (2, 20) };
    for round in 1..=rounds {
        for client in setting.turns(round) {
            let values = once(setting, report, client, seconds);
            report.keep("flood", "", &client.name, round, values)?;
        }
    }
    const FIGURES: &[Figure] = &[
        Figure("key to pixels, p50", "key_p50_us", Form::Time, "100 ms"),
        Figure("key to pixels, p99", "key_p99_us", Form::Time, "100 ms"),
        Figure("key to pixels, worst", "key_max_us", Form::Time, "100 ms"),
        Figure("messages/s", "rate", Form::Digits(0), "500"),
        Figure(
            "all shown after the last was sent",
            "behind_us",
            Form::Time,
            "",
        ),
        Figure("processor, window", "window_share", Form::Digits(2), ""),
        Figure("processor, X server", "x_share", Form::Digits(2), ""),
        Figure("of the last 100 there", "there", Form::Digits(0), "100"),
    ];
    let text = format!(
        "Flood: {RATE} messages/s for {seconds} s, a key every 200 ms; median of {rounds} rounds \
         (best-worst); 1.00 processor is one core\n\n{}",
        table(report, "flood", &[("", FIGURES)])
    );
    report.publish("flood", text);
    Ok(())
}

fn once(setting: &Setting, report: &mut Report, client: &Client, seconds: u64) -> Res<Values> {
    let server = Running::start(&client.server)?;
    let open = client.open(&setting.screen, server.address)?;
    let mut speakers = Speaker::several(&server, SPEAKERS)?;
    open.ready(&mut speakers[0])?;
    let caret = open.caret(false)?;
    let caret = caret.ok_or("the field for messages takes no letters")?;
    let count = RATE * seconds;
    let mut keys = Histogram::<u64>::new(3)?;
    let mut values = Values::default();
    let begin = Instant::now();
    let before = open.cpu();
    let last = thread::scope(|scope| -> Res<Instant> {
        let ended = speak(scope, &mut speakers, FIRST, count, RATE);
        let mut typed = 0_u32;
        while begin.elapsed() < Duration::from_secs(seconds) {
            let took = open.type_one(caret, typed % 2 == 1, LIMIT)?;
            keys.record(took.unwrap_or(LIMIT).as_micros() as u64)?;
            typed += 1;
            let next = begin + typed * Duration::from_millis(200);
            thread::sleep(next.saturating_duration_since(Instant::now()));
            stop::check()?;
        }
        ended()
    })?;
    let (after, took) = (open.cpu(), begin.elapsed().as_secs_f64());
    let quiet = Duration::from_millis(700);
    let shown = setting
        .screen
        .settled(open.transcript(), quiet, Duration::from_secs(60))?;
    for (name, quantile) in [
        ("key_p50_us", 0.5),
        ("key_p99_us", 0.99),
        ("key_max_us", 1.0),
    ] {
        values.put(name, keys.value_at_quantile(quantile) as f64);
    }
    let behind = shown.saturating_duration_since(last);
    values.put("behind_us", behind.as_micros() as f64);
    values.put("rate", count as f64 / (last - begin).as_secs_f64());
    let share = |spent: u64| spent as f64 / 1e9 / took;
    values.put("window_share", share(after.0.since(&before.0).all));
    values.put("x_share", share(after.1.since(&before.1).all));
    let there = there(client, &open, &mut speakers, FIRST + count)?;
    values.put("there", there as f64);
    keep_frames(report, "flood", &client.name, open.close()?)?;
    Ok(values)
}

/// The number of the last hundred messages before `end` that the window has.
fn there(client: &Client, open: &Open, speakers: &mut [Speaker], end: u64) -> Res<usize> {
    if !client.is_chatroom() {
        for speaker in speakers {
            speaker.ping(client.nick())?;
        }
        return Ok(100);
    }
    let numbers = chat::numbers(&open.copied()?);
    Ok((end - 100..end).filter(|n| numbers.contains(n)).count())
}

//! `latency`: the time from sending one message to its pixels in the window.
//!
//! The clock starts before the request's first byte is written (a POST on an open connection, or a PRIVMSG) and stops
//! when the picture of the transcript, taken every millisecond, changes. The second figure is the time until the
//! sender has the answer: chatroom answers and publishes when the message is on the disk; ngircd writes to no disk
//! and does not answer.
//!
//! Sources of error: messages come one at a time with 150 to 250 ms between them; the times are up to a millisecond
//! too long; on a loaded machine the harness itself waits for a processor.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::chat;
use crate::client::Client;
use crate::figures::{Figure, keep_frames, table};
use crate::report::{Form, Report, Values, median};
use crate::servers::Running;
use crate::speaker::Speaker;
use crate::{Res, Setting};

/// Sends messages one at a time.
pub fn latency(setting: &Setting, report: &mut Report) -> Res<()> {
    let (rounds, messages) = if setting.quick { (1, 10) } else { (2, 50) };
    for round in 1..=rounds {
        for client in setting.turns(round) {
            let values = once(setting, report, client, messages);
            report.keep("latency", "", &client.name, round, values)?;
        }
    }
    const FIGURES: &[Figure] = &[
        Figure("sent to pixels, median", "seen_p50_us", Form::Time, ""),
        Figure("sent to pixels, worst", "seen_max_us", Form::Time, ""),
        Figure(
            "sent to answered, median",
            "answered_p50_us",
            Form::Time,
            "",
        ),
    ];
    let text = format!(
        "One message at a time, {messages} of them, median of {rounds} rounds (best-worst)\n\n{}",
        table(report, "latency", &[("", FIGURES)])
    );
    report.publish("latency", text);
    Ok(())
}

fn once(setting: &Setting, report: &mut Report, client: &Client, messages: u64) -> Res<Values> {
    let server = Running::start(&client.server)?;
    let open = client.open(&setting.screen, server.address)?;
    let mut speaker = Speaker::enter(&server)?;
    open.ready(&mut speaker)?;
    // The transcript is full, so each new message moves all of it.
    for number in 0..60 {
        speaker.say(&chat::text(number))?;
    }
    open.rest()?;
    let (mut seen, mut answered) = (Vec::new(), Vec::new());
    for number in 0..messages {
        let before = setting.screen.picture(open.transcript())?;
        let sent = Instant::now();
        let text = chat::text(1_000 + number);
        let (answer, change) = std::thread::scope(|scope| -> Res<_> {
            let speaker = &mut speaker;
            let say = move || {
                let said = speaker.say(&text).map_err(|error| error.to_string());
                said.map(|()| sent.elapsed())
            };
            let saying = scope.spawn(say);
            let change = setting.screen.changed(&before, Duration::from_secs(2));
            let answer = saying.join().map_err(|_| "the speaker panicked")??;
            Ok((answer, change?))
        })?;
        let change = change.ok_or("a message did not show")?;
        seen.push((change - sent).as_micros() as f64);
        answered.push(answer.as_micros() as f64);
        sleep(Duration::from_millis(150 + number * 37 % 100));
    }
    let mut values = Values::default();
    let worst = seen.iter().copied().fold(0.0, f64::max);
    values.put("seen_max_us", worst);
    values.put("seen_p50_us", median(seen).unwrap_or_default());
    if client.is_chatroom() {
        values.put("answered_p50_us", median(answered).unwrap_or_default());
    }
    keep_frames(report, "latency", &client.name, open.close()?)?;
    Ok(values)
}

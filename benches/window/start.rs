//! `start`: the time from the fork to the window on the screen, and to something drawn in it; with the server up,
//! with no listener at its address, and with one that never answers.
//!
//! "On the screen" means the MapNotify of the window manager's frame, with the window in it viewable. "Drawn" means
//! that a picture of the window, taken every millisecond or two, has two hundred pixels that are not background.
//! "Takes keys" means that a letter typed at the cursor half a second later shows, in every fifth round without a
//! server; its time is from the key to its pixels.
//!
//! Sources of error: the times include the harness's own launcher (about 2 ms; as root, for HexChat also `setpriv`, 1
//! ms); there is no compositor and no graphics card; everything is in the page cache, since each program is started
//! once before.

use std::net::TcpListener;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::client::{Client, Open};
use crate::figures::{Figure, table};
use crate::report::{Form, Report, Values};
use crate::screen::Screen;
use crate::servers::{Running, free_address};
use crate::{Res, Setting, stop};

const PATIENCE: Duration = Duration::from_secs(10);

/// Starts each window in each case.
pub fn start(setting: &Setting, report: &mut Report) -> Res<()> {
    let rounds = if setting.quick { 3 } else { 15 };
    for client in &setting.clients {
        // One start is not measured, so that files are in memory and each home has its files.
        let server = Running::start(&client.server)?;
        let open = client.open(&setting.screen, server.address)?;
        drawn(&setting.screen, &open)?;
        open.close()?;
    }
    for round in 1..=rounds {
        for client in setting.turns(round) {
            for case in ["up", "nobody", "silent"] {
                let values = once(
                    &setting.screen,
                    client,
                    case,
                    round % 5 == 1 || setting.quick,
                );
                report.keep("start", case, &client.name, round, values)?;
            }
        }
    }
    const UP: &[Figure] = &[
        Figure("window, server up", "mapped_us", Form::Time, "150 ms"),
        Figure("drawn, server up", "drawn_us", Form::Time, ""),
    ];
    const NOBODY: &[Figure] = &[
        Figure("window, nobody listens", "mapped_us", Form::Time, "150 ms"),
        Figure("drawn, nobody listens", "drawn_us", Form::Time, ""),
        Figure(
            "takes keys (1: yes), nobody listens",
            "takes_keys",
            Form::Digits(0),
            "1",
        ),
        Figure("key to pixels, nobody listens", "key_us", Form::Time, ""),
    ];
    const SILENT: &[Figure] = &[
        Figure("window, no answer", "mapped_us", Form::Time, "150 ms"),
        Figure("drawn, no answer", "drawn_us", Form::Time, ""),
        Figure(
            "takes keys (1: yes), no answer",
            "takes_keys",
            Form::Digits(0),
            "1",
        ),
        Figure("key to pixels, no answer", "key_us", Form::Time, ""),
    ];
    let cases = [("up", UP), ("nobody", NOBODY), ("silent", SILENT)];
    let text = format!(
        "Start: from the fork, median of {rounds} rounds (best-worst)\n\n{}",
        table(report, "start", &cases)
    );
    report.publish("start", text);
    Ok(())
}

/// Measures one start, and ends the window.
fn once(screen: &Screen, client: &Client, case: &str, keys: bool) -> Res<Values> {
    let (mut server, mut silent) = (None, None);
    let address = match case {
        "up" => server.insert(Running::start(&client.server)?).address,
        // The system accepts connections, and nothing is ever read.
        "silent" => silent
            .insert(TcpListener::bind("127.0.0.1:0")?)
            .local_addr()?,
        _ => free_address()?,
    };
    let mut values = Values::default();
    let open = client.open(screen, address)?;
    values.put("mapped_us", open.mapped.as_micros() as f64);
    values.put("drawn_us", drawn(screen, &open)?.as_micros() as f64);
    if keys && case != "up" {
        sleep(Duration::from_millis(500));
        let caret = open.caret(true)?;
        values.put("takes_keys", f64::from(u8::from(caret.is_some())));
        if let Some(caret) = caret {
            let seen = open.type_one(caret, false, Duration::from_secs(1))?;
            let seen = seen.ok_or("a typed letter does not show")?;
            values.put("key_us", seen.as_micros() as f64);
        }
    }
    open.close()?;
    Ok(values)
}

fn drawn(screen: &Screen, open: &Open) -> Res<Duration> {
    let until = Instant::now() + PATIENCE;
    while !screen.picture(open.rect)?.has_content() {
        stop::check()?;
        if Instant::now() > until {
            return Err("the window stays empty".into());
        }
        sleep(Duration::from_millis(1));
    }
    Ok(open.forked.elapsed())
}

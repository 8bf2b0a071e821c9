//! The player with a log in a file and a simulated clock.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::event_reader::EventReader;
use super::keys::KeyPress;
use super::player::{Growth, PlayOptions, PlayState, Player, Wakeup};
use crate::cli::Speed;
use crate::event::{Body, LogId, Stamp};
use crate::journal::Reader;
use crate::modes::replay::painter::Painter;
use crate::modes::replay::read::filter::Filter;
use crate::modes::replay::testing::line_of;

const HOUR: Duration = Duration::from_secs(3600);

fn said(second: f64, text: &str) -> Vec<u8> {
    let at = Stamp::from_micros((second * 1e6) as i64);
    line_of(at, Body::message("mira", text))
}

/// A play and its time.
struct Rig {
    player: Player,
    file: std::fs::File,
    end: u64,
    start: Instant,
    now: Instant,
    next: Wakeup,
}

impl Rig {
    /// Messages `0`, `1`, ... at these seconds.
    fn of(seconds: &[f64], longest: Duration, speed: Speed) -> Rig {
        let lines = seconds.iter().enumerate();
        let lines: Vec<Vec<u8>> = lines.map(|(n, s)| said(*s, &n.to_string())).collect();
        Rig::with(&lines.concat(), Filter::default(), longest, speed)
    }

    fn with(bytes: &[u8], filter: Filter, longest: Duration, speed: Speed) -> Rig {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        let reader = Reader::new(Arc::new(file.try_clone().expect("a file")), LogId(0));
        let options = PlayOptions {
            start: 0,
            end: bytes.len() as u64,
            filter,
            speed,
            longest,
            painter: Painter { colour: false },
            times: false,
        };
        let start = Instant::now();
        Rig {
            player: Player::new(EventReader::new(reader), options, start),
            file,
            end: bytes.len() as u64,
            start,
            now: start,
            next: Wakeup::Now,
        }
    }

    /// Advances the player to the current time, and returns what it shows: texts, and the words between
    /// dashes.
    fn tick(&mut self) -> Vec<String> {
        loop {
            self.next = self.player.tick(self.now).expect("read");
            if self.next != Wakeup::Now {
                break;
            }
        }
        let shown = self.player.take_output();
        let shown = String::from_utf8(shown).expect("UTF-8");
        let short = |line: &str| match line.strip_prefix("[mira]: 0:00:00:") {
            Some(text) => text.to_string(),
            None => line.trim_matches(['-', ' ']).to_string(),
        };
        shown.lines().map(short).collect()
    }

    /// Waits for the next event, and returns its time in seconds of the play and what is shown then.
    fn next(&mut self) -> (f64, Vec<String>) {
        let Wakeup::At(due) = self.next else {
            panic!("{:?}", self.next)
        };
        self.now = due;
        (self.past(), self.tick())
    }

    fn past(&self) -> f64 {
        (self.now - self.start).as_secs_f64()
    }

    fn wait(&mut self, seconds: f64) -> Vec<String> {
        self.now += Duration::from_secs_f64(seconds);
        self.tick()
    }

    fn press(&mut self, keys: &[KeyPress]) -> Vec<String> {
        for key in keys {
            self.player.key(*key, self.now).expect("read");
        }
        self.tick()
    }

    fn type_text(&mut self, text: &str) -> Vec<String> {
        let mut keys: Vec<KeyPress> = text.chars().map(KeyPress::Char).collect();
        keys.push(KeyPress::Enter);
        self.press(&keys)
    }
}

#[test]
fn events_come_at_their_pace_and_then_it_is_over() {
    let mut rig = Rig::of(&[100.0, 101.5, 103.0], HOUR, Speed::Times(2.0));
    assert_eq!(rig.tick(), ["0"]);
    assert_eq!(rig.next(), (0.75, vec!["1".into()]));
    assert_eq!(rig.next(), (1.5, vec!["2".into()]));
    assert_eq!(rig.next, Wakeup::End);
    let mut rig = Rig::of(&[0.0, 5000.0, 90_000.0], HOUR, Speed::Max);
    assert_eq!(rig.tick().len(), 5, "three events and two silences");
    assert_eq!(rig.next, Wakeup::End);
}

#[test]
fn a_long_silence_is_shortened_and_said() {
    let two = Duration::from_secs(2);
    let mut rig = Rig::of(&[0.0, 30.0, 11_550.0], two, Speed::Times(1.0));
    assert_eq!(rig.tick(), ["0"]);
    assert_eq!(rig.next(), (2.0, vec!["1".into()]));
    let silence = "... 3 h 12 min of silence ...".to_string();
    assert_eq!(rig.next(), (4.0, vec![silence, "2".into()]));
}

#[test]
fn time_that_runs_backwards_is_no_silence() {
    let mut rig = Rig::of(&[100.0, 50.0, 99.0, 103.0], HOUR, Speed::Times(1.0));
    assert_eq!(rig.tick(), ["0", "1", "2"]);
    assert_eq!(rig.next().0, 3.0);
}

#[test]
fn a_pause_and_steps() {
    let mut rig = Rig::of(&[0.0, 10.0, 20.0, 30.0], HOUR, Speed::Times(1.0));
    rig.tick();
    rig.wait(4.0);
    assert!(rig.press(&[KeyPress::Char(' ')]).is_empty());
    assert_eq!(
        (rig.next, rig.player.state()),
        (Wakeup::Wait, PlayState::Paused)
    );
    assert!(rig.wait(100.0).is_empty());
    rig.press(&[KeyPress::Char(' ')]);
    assert_eq!(rig.next(), (110.0, vec!["1".into()]));
    assert_eq!(rig.press(&[KeyPress::Char('.')]), ["2"]);
    assert_eq!(rig.player.state(), PlayState::Paused);
    assert_eq!(rig.press(&[KeyPress::Char(',')])[1..], ["1"]);
    assert_eq!(rig.press(&[KeyPress::Char(',')])[1..], ["0"]);
    assert!(rig.press(&[KeyPress::Char(',')]).is_empty());
    assert_eq!(rig.player.note(), Some("nothing before this"));
    assert_eq!(rig.press(&[KeyPress::Char('.')]), ["1"]);
    // After a step the silence is waited out from there.
    rig.press(&[KeyPress::Char(' ')]);
    assert_eq!(rig.next(), (120.0, vec!["2".into()]));
    for _ in 0..3 {
        rig.press(&[KeyPress::Char('.')]);
    }
    assert_eq!(rig.player.note(), Some("nothing more after this"));
    assert_eq!(
        (rig.next, rig.player.state()),
        (Wakeup::Wait, PlayState::AtEnd)
    );
    rig.press(&[KeyPress::Char('q')]);
    assert_eq!(rig.next, Wakeup::End);
}

#[test]
fn the_arrows_go_by_the_logs_time_and_at_least_one_event() {
    let mut seconds: Vec<f64> = (0..300).map(f64::from).collect();
    seconds.push(10_000.0);
    let mut rig = Rig::of(&seconds, HOUR, Speed::Times(1.0));
    rig.tick();
    assert_eq!(rig.press(&[KeyPress::Right]), ["on to 0:00:05", "5"]);
    assert_eq!(rig.press(&[KeyPress::Up]), ["on to 0:01:05", "65"]);
    assert_eq!(rig.press(&[KeyPress::Left]), ["back to 0:01:00", "60"]);
    // Pressed twice before anything is shown, it goes twice as far.
    assert_eq!(
        rig.press(&[KeyPress::Left, KeyPress::Left]),
        ["back to 0:00:50", "50"]
    );
    rig.wait(0.9);
    assert_eq!(rig.press(&[KeyPress::Right]), ["on to 0:00:56", "56"]);
    assert_eq!(rig.press(&[KeyPress::Down])[1..], ["0"]);
    assert_eq!(rig.press(&[KeyPress::Down])[1..], ["0"]);
    assert_eq!(rig.press(&[KeyPress::ShiftRight]), ["on to 2:46:40", "300"]);
    assert_eq!(rig.press(&[KeyPress::Left]), ["back to 0:04:59", "299"]);
    assert_eq!(rig.press(&[KeyPress::ShiftLeft]), ["back to 0:00:00", "0"]);
    assert_eq!(rig.press(&[KeyPress::Char('9')])[1..], ["300"]);
    assert_eq!(rig.press(&[KeyPress::Char('0')])[1..], ["0"]);
    assert_eq!(rig.press(&[KeyPress::End])[1..], ["300"]);
    // After a jump to the end, or beyond it, the play stays there.
    assert_eq!(rig.player.state(), PlayState::AtEnd);
    assert_eq!(rig.press(&[KeyPress::Up])[1..], ["300"]);
    assert_eq!(rig.press(&[KeyPress::Home])[1..], ["0"]);
}

#[test]
fn a_jump_while_playing_goes_on_playing_from_there() {
    let seconds: Vec<f64> = (0..100).map(f64::from).collect();
    let mut rig = Rig::of(&seconds, HOUR, Speed::Times(1.0));
    rig.tick();
    rig.wait(0.5);
    assert_eq!(rig.press(&[KeyPress::Char('5')])[1..], ["50"]);
    assert_eq!(rig.next(), (1.5, vec!["51".into()]));
    let (_, last) = (0..48).map(|_| rig.next()).last().expect("some");
    assert_eq!((last, rig.next), (vec!["99".to_string()], Wakeup::End));
}

#[test]
fn speed_changes_without_a_jump() {
    let mut rig = Rig::of(&[0.0, 10.0, 20.0], HOUR, Speed::Times(1.0));
    rig.tick();
    rig.wait(4.0);
    rig.press(&[KeyPress::Char('+')]);
    assert_eq!(rig.next(), (7.0, vec!["1".into()]));
    rig.press(&[KeyPress::Char('-'), KeyPress::Char('_')]);
    assert_eq!(rig.player.speed(), Speed::Times(0.5));
    assert_eq!(rig.next(), (27.0, vec!["2".into()]));
}

#[test]
fn finding_goes_both_ways_and_ignores_capitals_unless_there_are_some() {
    let texts = ["a Toaster", "b", "the toaster", "d", "Toaster!", "f"];
    let lines = texts.iter().enumerate();
    let lines: Vec<Vec<u8>> = lines.map(|(n, t)| said(n as f64 * 60.0, t)).collect();
    let mut rig = Rig::with(&lines.concat(), Filter::default(), HOUR, Speed::Times(1.0));
    rig.tick();
    rig.press(&[KeyPress::Char('/')]);
    assert!(rig.wait(1000.0).is_empty(), "nothing moves while one types");
    rig.press(&[KeyPress::Char('x'), KeyPress::Backspace]);
    assert_eq!(
        rig.type_text("toaster"),
        ["found at 0:02:00", "the toaster"]
    );
    assert_eq!(rig.press(&[KeyPress::Char('n')])[1..], ["Toaster!"]);
    assert!(rig.press(&[KeyPress::Char('n')]).is_empty());
    assert!(
        rig.player
            .note()
            .is_some_and(|note| note.starts_with("not found after this: toaster"))
    );
    assert_eq!(rig.press(&[KeyPress::Char('N')])[1..], ["the toaster"]);
    assert_eq!(rig.press(&[KeyPress::Char('N')])[1..], ["a Toaster"]);
    rig.press(&[KeyPress::Char('N')]);
    assert!(
        rig.player
            .note()
            .is_some_and(|note| note.starts_with("not found before this"))
    );
    rig.press(&[KeyPress::Char('/')]);
    assert_eq!(rig.type_text("Toaster")[1..], ["Toaster!"]);
    // An empty prompt repeats the search, Escape leaves, and an invalid pattern is reported.
    rig.press(&[KeyPress::Home, KeyPress::Char('/')]);
    assert_eq!(rig.type_text("")[1..], ["Toaster!"]);
    rig.press(&[KeyPress::Char('/'), KeyPress::Char('q'), KeyPress::Escape]);
    assert!(rig.player.prompt().is_none());
    rig.press(&[KeyPress::Char('/')]);
    rig.type_text("(");
    assert!(
        rig.player
            .note()
            .is_some_and(|note| note.contains("regular expression"))
    );
    // The play continues.
    assert!(matches!(rig.next, Wakeup::At(_)), "{:?}", rig.next);
}

#[test]
fn only_what_is_chosen_is_gone_to() {
    let lines: Vec<Vec<u8>> = (0..100)
        .map(|n| said(f64::from(n), if n % 10 == 5 { "yes" } else { "no" }))
        .collect();
    let filter = Filter {
        grep: Some(regex::bytes::Regex::new("yes").expect("a pattern")),
        ..Filter::default()
    };
    let mut rig = Rig::with(&lines.concat(), filter, HOUR, Speed::Times(1.0));
    assert_eq!(rig.tick(), ["yes"]);
    assert_eq!(rig.next(), (10.0, vec!["yes".into()]));
    assert_eq!(rig.press(&[KeyPress::Right]), ["on to 0:00:25", "yes"]);
    assert_eq!(rig.press(&[KeyPress::Left]), ["back to 0:00:15", "yes"]);
    assert_eq!(rig.press(&[KeyPress::End]), ["on to 0:01:35", "yes"]);
    assert_eq!(
        rig.press(&[KeyPress::Char(',')]),
        ["back to 0:01:25", "yes"]
    );
}

#[test]
fn a_log_that_grows_is_waited_for() {
    let mut rig = Rig::of(&[0.0, 1.0], HOUR, Speed::Times(1.0));
    rig.player.grown(rig.end, Growth::Live);
    rig.tick();
    rig.next();
    assert_eq!(
        (rig.next, rig.player.state()),
        (Wakeup::Wait, PlayState::Live)
    );
    rig.wait(5000.0);
    let more = [said(4000.0, "late"), said(4002.0, "later")].concat();
    rig.file.write_all(&more).expect("written");
    rig.end += more.len() as u64;
    rig.player.grown(rig.end, Growth::Live);
    // At once, and a silence that was waited out is not reported.
    assert_eq!(rig.tick(), ["late"]);
    let before = rig.past();
    assert_eq!(rig.next(), (before + 2.0, vec!["later".into()]));
    // The target of a jump is waited for, if it is sure to come.
    rig.player.grown(rig.end, Growth::Coming);
    rig.press(&[KeyPress::Up]);
    assert_eq!(
        (rig.next, rig.player.state()),
        (Wakeup::Wait, PlayState::WaitingForInput)
    );
    let more = [said(4010.0, "passed"), said(4070.0, "there")].concat();
    rig.file.write_all(&more).expect("written");
    rig.player
        .grown(rig.end + more.len() as u64, Growth::Coming);
    assert_eq!(rig.tick(), ["on to 1:07:50", "there"]);
}

#[test]
fn damage_is_shown_in_its_place() {
    let lines = [
        said(0.0, "one"),
        b"nonsense\n".to_vec(),
        said(3.0, "two"),
        said(4.0, "three"),
    ];
    let filter = Filter::default();
    let mut rig = Rig::with(&lines.concat(), filter, HOUR, Speed::Times(1.0));
    let shown = rig.tick();
    assert!(shown[1].contains("damaged at byte"), "{shown:?}");
    assert_eq!(rig.next(), (3.0, vec!["two".into()]));
    assert!(rig.press(&[KeyPress::Char(',')])[1].contains("damaged at byte"));
}

#[test]
fn times_are_shown_with_the_day_when_it_changes() {
    let day = 86_400.0 * 20_000.0;
    let seconds = [day + 43_200.0, day + 43_201.0, day + 2.5 * 86_400.0];
    let mut rig = Rig::of(&seconds, Duration::ZERO, Speed::Times(1.0));
    rig.player.key(KeyPress::Char('t'), rig.now).expect("read");
    let shown = rig.tick();
    let days = shown.iter().filter(|line| line.contains(" October 2024"));
    assert_eq!(days.count(), 2, "{shown:?}");
    assert!(shown[1].contains(":00:00 [mira]"), "{shown:?}");
}

#[test]
fn it_keeps_time() {
    // 60 s of the log in uneven steps, at speed 1 and 100, each asked for late, as a real clock would: the
    // last event is due on time.
    let seconds: Vec<f64> = (0..=600)
        .map(|n| f64::from(n) * 0.1 + f64::from(n % 3) * 0.01)
        .collect();
    for (speed, wanted) in [(1.0, 60.0), (100.0, 0.6)] {
        let mut rig = Rig::of(&seconds, HOUR, Speed::Times(speed));
        rig.tick();
        let mut last = 0.0;
        while let Wakeup::At(due) = rig.next {
            last = (due - rig.start).as_secs_f64();
            rig.now = due + Duration::from_millis(3);
            rig.tick();
        }
        assert!((last - wanted).abs() < 0.001, "{speed}: {last}");
    }
}

//! The player with a log in a file and a clock that is told.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::keys::Key;
use super::player::{Next, Opening, Player, State};
use super::reel::Reel;
use crate::cli::Speed;
use crate::event::{Body, Elapsed, Event, LogId, Stamp};
use crate::journal::Reader;
use crate::line;
use crate::modes::replay::read::choice::Choice;
use crate::modes::replay::show::Look;

const HOUR: Duration = Duration::from_secs(3600);

fn said(second: f64, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let body = Body::Message {
        from: "mira".into(),
        elapsed: Elapsed(7),
        text: text.into(),
        key: None,
    };
    let at = Stamp::from_micros((second * 1e6) as i64);
    line::to_line(&Event { at, body }, &mut out);
    out
}

/// A play and what time it is.
struct Stage {
    player: Player,
    file: std::fs::File,
    end: u64,
    start: Instant,
    now: Instant,
    next: Next,
}

impl Stage {
    /// Messages `0`, `1`, ... at these seconds.
    fn of(seconds: &[f64], longest: Duration, speed: Speed) -> Stage {
        let lines = seconds.iter().enumerate();
        let lines: Vec<Vec<u8>> = lines.map(|(n, s)| said(*s, &n.to_string())).collect();
        Stage::with(&lines.concat(), Choice::default(), longest, speed)
    }

    fn with(bytes: &[u8], choice: Choice, longest: Duration, speed: Speed) -> Stage {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        let reader = Reader::new(Arc::new(file.try_clone().expect("a file")), LogId(0));
        let opening = Opening {
            start: 0,
            end: bytes.len() as u64,
            choice,
            speed,
            longest,
            look: Look { colour: false },
            times: false,
        };
        let start = Instant::now();
        Stage {
            player: Player::new(Reel::new(reader), opening, start),
            file,
            end: bytes.len() as u64,
            start,
            now: start,
            next: Next::Now,
        }
    }

    /// Lets the player do what is to be done now, and says what it shows in short: texts, and what
    /// is between dashes.
    fn tick(&mut self) -> Vec<String> {
        loop {
            self.next = self.player.tick(self.now).expect("read");
            if self.next != Next::Now {
                break;
            }
        }
        let shown = std::mem::take(&mut self.player.out);
        let shown = String::from_utf8(shown).expect("UTF-8");
        let short = |line: &str| match line.strip_prefix("[mira]: 0:00:07:") {
            Some(text) => text.to_string(),
            None => line.trim_matches(['-', ' ']).to_string(),
        };
        shown.lines().map(short).collect()
    }

    /// Waits until the next event is due, and says after how many seconds of the play that is, and
    /// what is shown then.
    fn next(&mut self) -> (f64, Vec<String>) {
        let Next::At(due) = self.next else {
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

    fn press(&mut self, keys: &[Key]) -> Vec<String> {
        for key in keys {
            self.player.key(*key, self.now).expect("read");
        }
        self.tick()
    }

    fn type_text(&mut self, text: &str) -> Vec<String> {
        let mut keys: Vec<Key> = text.chars().map(Key::Char).collect();
        keys.push(Key::Enter);
        self.press(&keys)
    }
}

#[test]
fn events_come_at_their_pace_and_then_it_is_over() {
    let mut stage = Stage::of(&[100.0, 101.5, 103.0], HOUR, Speed::Times(2.0));
    assert_eq!(stage.tick(), ["0"]);
    assert_eq!(stage.next(), (0.75, vec!["1".into()]));
    assert_eq!(stage.next(), (1.5, vec!["2".into()]));
    assert_eq!(stage.next, Next::End);
    let mut stage = Stage::of(&[0.0, 5000.0, 90_000.0], HOUR, Speed::Max);
    assert_eq!(stage.tick().len(), 5, "three events and two silences");
    assert_eq!(stage.next, Next::End);
}

#[test]
fn a_long_silence_is_shortened_and_said() {
    let two = Duration::from_secs(2);
    let mut stage = Stage::of(&[0.0, 30.0, 11_550.0], two, Speed::Times(1.0));
    assert_eq!(stage.tick(), ["0"]);
    assert_eq!(stage.next(), (2.0, vec!["1".into()]));
    let silence = "... 3 h 12 min of silence ...".to_string();
    assert_eq!(stage.next(), (4.0, vec![silence, "2".into()]));
}

#[test]
fn time_that_runs_backwards_is_no_silence() {
    let mut stage = Stage::of(&[100.0, 50.0, 99.0, 103.0], HOUR, Speed::Times(1.0));
    assert_eq!(stage.tick(), ["0", "1", "2"]);
    assert_eq!(stage.next().0, 3.0);
}

#[test]
fn a_pause_and_steps() {
    let mut stage = Stage::of(&[0.0, 10.0, 20.0, 30.0], HOUR, Speed::Times(1.0));
    stage.tick();
    stage.wait(4.0);
    assert!(stage.press(&[Key::Char(' ')]).is_empty());
    assert_eq!(
        (stage.next, stage.player.state()),
        (Next::Wait, State::Paused)
    );
    assert!(stage.wait(100.0).is_empty());
    stage.press(&[Key::Char(' ')]);
    assert_eq!(stage.next(), (110.0, vec!["1".into()]));
    assert_eq!(stage.press(&[Key::Char('.')]), ["2"]);
    assert_eq!(stage.player.state(), State::Paused);
    assert_eq!(stage.press(&[Key::Char(',')])[1..], ["1"]);
    assert_eq!(stage.press(&[Key::Char(',')])[1..], ["0"]);
    assert!(stage.press(&[Key::Char(',')]).is_empty());
    assert_eq!(stage.player.note(), Some("nothing before this"));
    assert_eq!(stage.press(&[Key::Char('.')]), ["1"]);
    // After a step the silence is waited out from there.
    stage.press(&[Key::Char(' ')]);
    assert_eq!(stage.next(), (120.0, vec!["2".into()]));
    for _ in 0..3 {
        stage.press(&[Key::Char('.')]);
    }
    assert_eq!(stage.player.note(), Some("nothing more after this"));
    assert_eq!(
        (stage.next, stage.player.state()),
        (Next::Wait, State::AtEnd)
    );
    stage.press(&[Key::Char('q')]);
    assert_eq!(stage.next, Next::End);
}

#[test]
fn the_arrows_go_by_the_logs_time_and_at_least_one_event() {
    let mut seconds: Vec<f64> = (0..300).map(f64::from).collect();
    seconds.push(10_000.0);
    let mut stage = Stage::of(&seconds, HOUR, Speed::Times(1.0));
    stage.tick();
    assert_eq!(stage.press(&[Key::Right]), ["on to 0:00:05", "5"]);
    assert_eq!(stage.press(&[Key::Up]), ["on to 0:01:05", "65"]);
    assert_eq!(stage.press(&[Key::Left]), ["back to 0:01:00", "60"]);
    // Twice before anything is shown is twice as far.
    assert_eq!(
        stage.press(&[Key::Left, Key::Left]),
        ["back to 0:00:50", "50"]
    );
    stage.wait(0.9);
    assert_eq!(stage.press(&[Key::Right]), ["on to 0:00:56", "56"]);
    assert_eq!(stage.press(&[Key::Down])[1..], ["0"]);
    assert_eq!(stage.press(&[Key::Down])[1..], ["0"]);
    assert_eq!(stage.press(&[Key::ShiftRight]), ["on to 2:46:40", "300"]);
    assert_eq!(stage.press(&[Key::Left]), ["back to 0:04:59", "299"]);
    assert_eq!(stage.press(&[Key::ShiftLeft]), ["back to 0:00:00", "0"]);
    assert_eq!(stage.press(&[Key::Char('9')])[1..], ["300"]);
    assert_eq!(stage.press(&[Key::Char('0')])[1..], ["0"]);
    assert_eq!(stage.press(&[Key::End])[1..], ["300"]);
    // Whoever went to the end stays there, and whoever goes beyond it.
    assert_eq!(stage.player.state(), State::AtEnd);
    assert_eq!(stage.press(&[Key::Up])[1..], ["300"]);
    assert_eq!(stage.press(&[Key::Home])[1..], ["0"]);
}

#[test]
fn a_jump_while_playing_goes_on_playing_from_there() {
    let seconds: Vec<f64> = (0..100).map(f64::from).collect();
    let mut stage = Stage::of(&seconds, HOUR, Speed::Times(1.0));
    stage.tick();
    stage.wait(0.5);
    assert_eq!(stage.press(&[Key::Char('5')])[1..], ["50"]);
    assert_eq!(stage.next(), (1.5, vec!["51".into()]));
    let (_, last) = (0..48).map(|_| stage.next()).last().expect("some");
    assert_eq!((last, stage.next), (vec!["99".to_string()], Next::End));
}

#[test]
fn speed_changes_without_a_jump() {
    let mut stage = Stage::of(&[0.0, 10.0, 20.0], HOUR, Speed::Times(1.0));
    stage.tick();
    stage.wait(4.0);
    stage.press(&[Key::Char('+')]);
    assert_eq!(stage.next(), (7.0, vec!["1".into()]));
    stage.press(&[Key::Char('-'), Key::Char('_')]);
    assert_eq!(stage.player.speed(), Speed::Times(0.5));
    assert_eq!(stage.next(), (27.0, vec!["2".into()]));
}

#[test]
fn finding_goes_both_ways_and_ignores_capitals_unless_there_are_some() {
    let texts = ["a Toaster", "b", "the toaster", "d", "Toaster!", "f"];
    let lines = texts.iter().enumerate();
    let lines: Vec<Vec<u8>> = lines.map(|(n, t)| said(n as f64 * 60.0, t)).collect();
    let mut stage = Stage::with(&lines.concat(), Choice::default(), HOUR, Speed::Times(1.0));
    stage.tick();
    stage.press(&[Key::Char('/')]);
    assert!(
        stage.wait(1000.0).is_empty(),
        "nothing moves while one types"
    );
    stage.press(&[Key::Char('x'), Key::Backspace]);
    assert_eq!(
        stage.type_text("toaster"),
        ["found at 0:02:00", "the toaster"]
    );
    assert_eq!(stage.press(&[Key::Char('n')])[1..], ["Toaster!"]);
    assert!(stage.press(&[Key::Char('n')]).is_empty());
    assert!(
        stage
            .player
            .note()
            .is_some_and(|note| note.starts_with("not found after this: toaster"))
    );
    assert_eq!(stage.press(&[Key::Char('N')])[1..], ["the toaster"]);
    assert_eq!(stage.press(&[Key::Char('N')])[1..], ["a Toaster"]);
    stage.press(&[Key::Char('N')]);
    assert!(
        stage
            .player
            .note()
            .is_some_and(|note| note.starts_with("not found before this"))
    );
    stage.press(&[Key::Char('/')]);
    assert_eq!(stage.type_text("Toaster")[1..], ["Toaster!"]);
    // Nothing typed finds the same again; Escape leaves; what is no pattern is said.
    stage.press(&[Key::Home, Key::Char('/')]);
    assert_eq!(stage.type_text("")[1..], ["Toaster!"]);
    stage.press(&[Key::Char('/'), Key::Char('q'), Key::Escape]);
    assert!(stage.player.prompt().is_none());
    stage.press(&[Key::Char('/')]);
    stage.type_text("(");
    assert!(
        stage
            .player
            .note()
            .is_some_and(|note| note.contains("regular expression"))
    );
    // It goes on playing.
    assert!(matches!(stage.next, Next::At(_)), "{:?}", stage.next);
}

#[test]
fn only_what_is_chosen_is_gone_to() {
    let lines: Vec<Vec<u8>> = (0..100)
        .map(|n| said(f64::from(n), if n % 10 == 5 { "yes" } else { "no" }))
        .collect();
    let choice = Choice {
        grep: Some(regex::bytes::Regex::new("yes").expect("a pattern")),
        ..Choice::default()
    };
    let mut stage = Stage::with(&lines.concat(), choice, HOUR, Speed::Times(1.0));
    assert_eq!(stage.tick(), ["yes"]);
    assert_eq!(stage.next(), (10.0, vec!["yes".into()]));
    assert_eq!(stage.press(&[Key::Right]), ["on to 0:00:25", "yes"]);
    assert_eq!(stage.press(&[Key::Left]), ["back to 0:00:15", "yes"]);
    assert_eq!(stage.press(&[Key::End]), ["on to 0:01:35", "yes"]);
    assert_eq!(stage.press(&[Key::Char(',')]), ["back to 0:01:25", "yes"]);
}

#[test]
fn a_log_that_grows_is_waited_for() {
    let mut stage = Stage::of(&[0.0, 1.0], HOUR, Speed::Times(1.0));
    stage.player.grown(stage.end, false, true);
    stage.tick();
    stage.next();
    assert_eq!(
        (stage.next, stage.player.state()),
        (Next::Wait, State::Live)
    );
    stage.wait(5000.0);
    let more = [said(4000.0, "late"), said(4002.0, "later")].concat();
    stage.file.write_all(&more).expect("written");
    stage.end += more.len() as u64;
    stage.player.grown(stage.end, false, true);
    // At once, and no silence is told that was waited through.
    assert_eq!(stage.tick(), ["late"]);
    let before = stage.past();
    assert_eq!(stage.next(), (before + 2.0, vec!["later".into()]));
    // What is asked for and has not come yet is waited for, if it is sure to come.
    stage.player.grown(stage.end, true, false);
    stage.press(&[Key::Up]);
    assert_eq!(
        (stage.next, stage.player.state()),
        (Next::Wait, State::Reading)
    );
    let more = [said(4010.0, "passed"), said(4070.0, "there")].concat();
    stage.file.write_all(&more).expect("written");
    stage
        .player
        .grown(stage.end + more.len() as u64, true, false);
    assert_eq!(stage.tick(), ["on to 1:07:50", "there"]);
}

#[test]
fn damage_is_shown_in_its_place() {
    let lines = [
        said(0.0, "one"),
        b"nonsense\n".to_vec(),
        said(3.0, "two"),
        said(4.0, "three"),
    ];
    let choice = Choice::default();
    let mut stage = Stage::with(&lines.concat(), choice, HOUR, Speed::Times(1.0));
    let shown = stage.tick();
    assert!(shown[1].contains("damaged at byte"), "{shown:?}");
    assert_eq!(stage.next(), (3.0, vec!["two".into()]));
    assert!(stage.press(&[Key::Char(',')])[1].contains("damaged at byte"));
}

#[test]
fn times_are_shown_with_the_day_when_it_changes() {
    let day = 86_400.0 * 20_000.0;
    let seconds = [day + 43_200.0, day + 43_201.0, day + 2.5 * 86_400.0];
    let mut stage = Stage::of(&seconds, Duration::ZERO, Speed::Times(1.0));
    stage.player.key(Key::Char('t'), stage.now).expect("read");
    let shown = stage.tick();
    let days = shown.iter().filter(|line| line.contains(" October 2024"));
    assert_eq!(days.count(), 2, "{shown:?}");
    assert!(shown[1].contains(":00:00 [mira]"), "{shown:?}");
}

#[test]
fn it_keeps_time() {
    // 60 s of the log in uneven steps, at speed 1 and 100, asked late every time as a real clock
    // would: the last event is due when it is due.
    let seconds: Vec<f64> = (0..=600)
        .map(|n| f64::from(n) * 0.1 + f64::from(n % 3) * 0.01)
        .collect();
    for (speed, wanted) in [(1.0, 60.0), (100.0, 0.6)] {
        let mut stage = Stage::of(&seconds, HOUR, Speed::Times(speed));
        stage.tick();
        let mut last = 0.0;
        while let Next::At(due) = stage.next {
            last = (due - stage.start).as_secs_f64();
            stage.now = due + Duration::from_millis(3);
            stage.tick();
        }
        assert!((last - wanted).abs() < 0.001, "{speed}: {last}");
    }
}

//! What each key does, and where it wants to go.

use std::io;
use std::time::{Duration, Instant};

use regex::bytes::{Regex, RegexBuilder};
use unicode_segmentation::UnicodeSegmentation;

use super::help;
use super::keys::Key;
use super::player::{Hunt, Player, Prompt};
use crate::event::Stamp;
use crate::modes::replay::read::choice::Choice;
use crate::modes::replay::show;

/// What the arrows go.
const LITTLE: Duration = Duration::from_secs(5);
const MORE: Duration = Duration::from_secs(60);
/// What they go with Shift: this share of the time.
const SHARE: f64 = 0.1;

/// In which direction something is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Towards the end.
    On,
    /// Towards the beginning.
    Back,
}

/// The event that a key asked for.
#[derive(Clone, Debug)]
pub struct Goal {
    /// In which direction it is.
    pub way: Way,
    /// From where on, or before where.
    pub cursor: u64,
    /// It starts before this.
    pub until: Option<u64>,
    /// It did not happen earlier than this.
    pub from: Option<Stamp>,
    /// It is one that is searched for.
    pub hits: bool,
    /// What is said above it, before its time; nothing where the play just goes on.
    pub words: Option<&'static str>,
    /// What is looked for instead if there is none.
    pub otherwise: Option<Box<Goal>>,
    /// What is said if there is none at all.
    pub in_vain: String,
}

impl Goal {
    fn on(cursor: u64) -> Goal {
        Goal {
            way: Way::On,
            cursor,
            until: None,
            from: None,
            hits: false,
            words: Some("on to"),
            otherwise: None,
            in_vain: "nothing more after this".to_string(),
        }
    }

    fn back(cursor: u64) -> Goal {
        Goal {
            way: Way::Back,
            words: Some("back to"),
            in_vain: "nothing before this".to_string(),
            ..Goal::on(cursor)
        }
    }
}

impl Player {
    /// Does what a key asks for.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn key(&mut self, key: Key, now: Instant) -> io::Result<()> {
        self.note = None;
        if let Some(prompt) = self.prompt.take() {
            self.typed(prompt, key, now);
            return Ok(());
        }
        match key {
            Key::Char('q') | Key::Eof => self.ended = true,
            Key::Escape => self.goal = None,
            Key::Char(' ') => match self.beat.goes() {
                true => self.beat.stop(now),
                false => self.beat.go(now),
            },
            Key::Char('+' | '=') => self.beat.change_speed(true, now),
            Key::Char('-' | '_') => self.beat.change_speed(false, now),
            Key::Char('t') => self.times = !self.times,
            Key::Char('?') => {
                let keys = help::keys(self.rows, self.columns);
                keys.iter().for_each(|line| self.remark(line));
            }
            Key::Char('/') => {
                let went = self.beat.goes();
                self.beat.stop(now);
                self.prompt = Some(Prompt {
                    went,
                    ..Prompt::default()
                });
            }
            Key::Char('.') => {
                self.beat.stop(now);
                self.put_back();
                self.goal = Some(Goal {
                    words: None,
                    ..Goal::on(self.cursor)
                });
            }
            Key::Char(',') => {
                self.beat.stop(now);
                self.put_back();
                self.goal = Some(Goal::back(self.newest.unwrap_or(self.cursor)));
            }
            Key::Char('n') => self.hunt_on(Way::On),
            Key::Char('N') => self.hunt_on(Way::Back),
            Key::Home | Key::Char('0') => {
                self.put_back();
                self.goal = Some(Goal {
                    words: Some("back to"),
                    ..Goal::on(self.start)
                });
            }
            Key::End => {
                self.put_back();
                self.goal = Some(Goal {
                    words: Some("on to"),
                    ..Goal::back(self.end)
                });
            }
            Key::Char(digit @ '1'..='9') => {
                let tenth = f64::from(u32::from(digit) - u32::from('0')) / 10.0;
                if let Some(extent) = self.extent()? {
                    self.go_to(extent.moment(tenth), false)?;
                }
            }
            Key::Left => self.go_by(-(LITTLE.as_secs() as i64) * 1_000_000, now)?,
            Key::Right => self.go_by(LITTLE.as_secs() as i64 * 1_000_000, now)?,
            Key::Down => self.go_by(-(MORE.as_secs() as i64) * 1_000_000, now)?,
            Key::Up => self.go_by(MORE.as_secs() as i64 * 1_000_000, now)?,
            Key::ShiftLeft | Key::ShiftRight => {
                if let Some(extent) = self.extent()? {
                    let length = extent.last.since(extent.first).as_micros() as f64;
                    let share = (length * SHARE) as i64;
                    self.go_by(if key == Key::ShiftLeft { -share } else { share }, now)?;
                }
            }
            _ => (),
        }
        Ok(())
    }

    /// Goes so many microseconds, and at least one event.
    fn go_by(&mut self, micros: i64, now: Instant) -> io::Result<()> {
        // From where a key that was pressed just before goes.
        let asked = self.goal.as_ref().and_then(|goal| goal.from);
        let Some(clock) = asked.or(self.clock(now)) else {
            return Ok(());
        };
        let target = Stamp::from_micros(clock.micros().saturating_add(micros));
        self.go_to(target, true)
    }

    /// Goes to a moment; with `at_least_one` never to nothing but the silence one is in.
    fn go_to(&mut self, target: Stamp, at_least_one: bool) -> io::Result<()> {
        self.put_back();
        let place = self.reel.reader().at_time(target, self.end)?;
        let place = place.max(self.start);
        let newest = self.newest.unwrap_or(self.cursor);
        let from = Some(target);
        self.goal = Some(if place > newest || place >= self.end {
            let waits = self.comes && place >= self.end;
            Goal {
                from: from.filter(|_| waits),
                // Beyond the end is the end.
                otherwise: (!waits).then(|| {
                    Box::new(Goal {
                        words: Some("on to"),
                        in_vain: "nothing more after this".to_string(),
                        ..Goal::back(self.end)
                    })
                }),
                ..Goal::on(place.max(self.cursor))
            }
        } else if at_least_one {
            Goal {
                words: Some("back to"),
                from,
                until: Some(newest),
                otherwise: Some(Box::new(Goal {
                    // Where there is nothing before, the first is shown again.
                    otherwise: Some(Box::new(Goal {
                        words: Some("back to"),
                        ..Goal::on(self.start)
                    })),
                    ..Goal::back(place)
                })),
                ..Goal::on(place)
            }
        } else {
            Goal {
                words: Some("back to"),
                ..Goal::on(place)
            }
        });
        Ok(())
    }

    /// Goes to the next hit.
    fn hunt_on(&mut self, way: Way) {
        let Some(hunt) = &self.hunt else {
            self.note = Some("nothing to find yet: / asks for it".to_string());
            return;
        };
        let pattern = show::safe(&hunt.pattern);
        self.put_back();
        let goal = match way {
            Way::On => Goal {
                in_vain: format!("not found after this: {pattern}  (N looks back)"),
                ..Goal::on(self.cursor)
            },
            Way::Back => Goal {
                in_vain: format!("not found before this: {pattern}  (n looks on)"),
                ..Goal::back(self.newest.unwrap_or(self.cursor))
            },
        };
        self.goal = Some(Goal {
            hits: true,
            words: Some("found at"),
            ..goal
        });
    }

    /// A key for the prompt.
    fn typed(&mut self, mut prompt: Prompt, key: Key, now: Instant) {
        match key {
            Key::Char(c) => prompt.text.push(c),
            Key::Clear => prompt.text.clear(),
            Key::Backspace if !prompt.text.is_empty() => {
                let last = prompt.text.grapheme_indices(true).next_back();
                prompt.text.truncate(last.map_or(0, |(at, _)| at));
            }
            Key::Enter => {
                self.done_typing(&prompt, now);
                if !prompt.text.is_empty() {
                    match pattern(&prompt.text) {
                        Ok(regex) => {
                            let hit = Choice {
                                grep: Some(regex),
                                ..Choice::default()
                            };
                            self.hunt = Some(Hunt {
                                pattern: prompt.text,
                                hit,
                            });
                        }
                        Err(why) => {
                            self.note = Some(why);
                            return;
                        }
                    }
                }
                return self.hunt_on(Way::On);
            }
            // Rubbing out nothing leaves, as in a pager.
            Key::Escape | Key::Eof | Key::Backspace => return self.done_typing(&prompt, now),
            _ => (),
        }
        self.prompt = Some(prompt);
    }

    fn done_typing(&mut self, prompt: &Prompt, now: Instant) {
        if prompt.went {
            self.beat.go(now);
        }
    }
}

/// What is typed as a regular expression: without capitals it does not care about them.
fn pattern(text: &str) -> Result<Regex, String> {
    // The letter behind a backslash is no letter of the text: \W, \S.
    let mut letters = text.chars();
    let mut capitals = false;
    while let Some(c) = letters.next() {
        match c {
            '\\' => drop(letters.next()),
            c => capitals |= c.is_uppercase(),
        }
    }
    let built = RegexBuilder::new(text).case_insensitive(!capitals).build();
    built.map_err(|error| {
        let why = error.to_string();
        let last = why.lines().last().unwrap_or_default().to_string();
        let last = last.trim_start_matches("error: ");
        format!("no regular expression: {}", show::safe(last))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_matter_where_one_was_typed() {
        let is_match = |text: &str, said: &str| {
            let regex = pattern(text).expect("a pattern");
            regex.is_match(said.as_bytes())
        };
        assert!(is_match("toaster", "The TOASTER"));
        assert!(!is_match("Toaster", "the toaster"));
        assert!(is_match(r"\Wtoaster", "the TOASTER"));
        let why = pattern("a(").expect_err("unclosed");
        assert!(why.starts_with("no regular expression: "), "{why}");
        assert!(!why.contains('\n'), "{why}");
    }
}

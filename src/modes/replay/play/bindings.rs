//! Key bindings of the player.

use std::io;
use std::time::{Duration, Instant};

use regex::bytes::{Regex, RegexBuilder};
use unicode_segmentation::UnicodeSegmentation;

use super::help;
use super::jump::{Direction, Jump};
use super::keys::KeyPress;
use super::player::{PatternSearch, Player, Prompt};
use crate::event::Stamp;
use crate::modes::replay::painter;
use crate::modes::replay::read::filter::Filter;

/// Distances of the arrow keys.
const LITTLE: Duration = Duration::from_secs(5);
const MORE: Duration = Duration::from_secs(60);
/// The distance of Left and Right with Shift, as a share of the log's time.
const SHARE: f64 = 0.1;

impl Player {
    /// Acts on a key.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(super) fn key(&mut self, key: KeyPress, now: Instant) -> io::Result<()> {
        self.note = None;
        if let Some(prompt) = self.prompt.take() {
            self.typed(prompt, key, now);
            return Ok(());
        }
        match key {
            KeyPress::Char('q') | KeyPress::Eof => self.ended = true,
            KeyPress::Escape => self.jump = None,
            KeyPress::Char(' ') => match self.tempo.goes() {
                true => self.tempo.stop(now),
                false => self.tempo.go(now),
            },
            KeyPress::Char('+' | '=') => self.tempo.change_speed(true, now),
            KeyPress::Char('-' | '_') => self.tempo.change_speed(false, now),
            KeyPress::Char('t') => self.times = !self.times,
            KeyPress::Char('?') => {
                let keys = help::keys(self.rows, self.columns);
                keys.iter().for_each(|line| self.remark(line));
            }
            KeyPress::Char('/') => {
                let went = self.tempo.goes();
                self.tempo.stop(now);
                self.prompt = Some(Prompt {
                    went,
                    ..Prompt::default()
                });
            }
            KeyPress::Char('.') => {
                self.tempo.stop(now);
                self.put_back();
                self.jump = Some(Jump {
                    words: None,
                    ..Jump::on(self.cursor)
                });
            }
            KeyPress::Char(',') => {
                self.tempo.stop(now);
                self.put_back();
                self.jump = Some(Jump::back(self.newest.unwrap_or(self.cursor)));
            }
            KeyPress::Char('n') => self.search_next(Direction::Forward),
            KeyPress::Char('N') => self.search_next(Direction::Backward),
            KeyPress::Home | KeyPress::Char('0') => {
                self.put_back();
                self.jump = Some(Jump {
                    words: Some("back to"),
                    ..Jump::on(self.start)
                });
            }
            KeyPress::End => {
                self.put_back();
                self.jump = Some(Jump {
                    words: Some("on to"),
                    ..Jump::back(self.end)
                });
            }
            KeyPress::Char(digit @ '1'..='9') => {
                let tenth = f64::from(u32::from(digit) - u32::from('0')) / 10.0;
                if let Some(extent) = self.extent()? {
                    self.go_to(extent.moment(tenth), false)?;
                }
            }
            KeyPress::Left => self.go_by(-(LITTLE.as_secs() as i64) * 1_000_000, now)?,
            KeyPress::Right => self.go_by(LITTLE.as_secs() as i64 * 1_000_000, now)?,
            KeyPress::Down => self.go_by(-(MORE.as_secs() as i64) * 1_000_000, now)?,
            KeyPress::Up => self.go_by(MORE.as_secs() as i64 * 1_000_000, now)?,
            KeyPress::ShiftLeft | KeyPress::ShiftRight => {
                if let Some(extent) = self.extent()? {
                    let length = extent.last.since(extent.first).as_micros() as f64;
                    let share = (length * SHARE) as i64;
                    self.go_by(
                        if key == KeyPress::ShiftLeft {
                            -share
                        } else {
                            share
                        },
                        now,
                    )?;
                }
            }
            _ => (),
        }
        Ok(())
    }

    /// Goes by a number of microseconds, and by at least one event.
    fn go_by(&mut self, micros: i64, now: Instant) -> io::Result<()> {
        // Counted from the target of a key pressed just before.
        let asked = self.jump.as_ref().and_then(|jump| jump.from);
        let Some(clock) = asked.or(self.clock(now)) else {
            return Ok(());
        };
        let target = Stamp::from_micros(clock.micros().saturating_add(micros));
        self.go_to(target, true)
    }

    /// Goes to a moment; with `at_least_one`, past the current event in any case.
    fn go_to(&mut self, target: Stamp, at_least_one: bool) -> io::Result<()> {
        self.put_back();
        let place = self.events.reader().at_time(target, self.end)?;
        let place = place.max(self.start);
        let newest = self.newest.unwrap_or(self.cursor);
        let from = Some(target);
        self.jump = Some(if place > newest || place >= self.end {
            let waits = self.comes && place >= self.end;
            Jump {
                from: from.filter(|_| waits),
                // Beyond the end is the end.
                otherwise: (!waits).then(|| {
                    Box::new(Jump {
                        words: Some("on to"),
                        in_vain: "nothing more after this".to_string(),
                        ..Jump::back(self.end)
                    })
                }),
                ..Jump::on(place.max(self.cursor))
            }
        } else if at_least_one {
            Jump {
                words: Some("back to"),
                from,
                until: Some(newest),
                otherwise: Some(Box::new(Jump {
                    // With nothing before, the first event is shown again.
                    otherwise: Some(Box::new(Jump {
                        words: Some("back to"),
                        ..Jump::on(self.start)
                    })),
                    ..Jump::back(place)
                })),
                ..Jump::on(place)
            }
        } else {
            Jump {
                words: Some("back to"),
                ..Jump::on(place)
            }
        });
        Ok(())
    }

    /// Goes to the next hit.
    fn search_next(&mut self, direction: Direction) {
        let Some(search) = &self.search else {
            self.note = Some("no search yet: / starts one".to_string());
            return;
        };
        let pattern = painter::safe(&search.pattern);
        self.put_back();
        let jump = match direction {
            Direction::Forward => Jump {
                in_vain: format!("not found after this: {pattern}  (N searches back)"),
                ..Jump::on(self.cursor)
            },
            Direction::Backward => Jump {
                in_vain: format!("not found before this: {pattern}  (n searches on)"),
                ..Jump::back(self.newest.unwrap_or(self.cursor))
            },
        };
        self.jump = Some(Jump {
            hits: true,
            words: Some("found at"),
            ..jump
        });
    }

    /// Acts on a key in the prompt.
    fn typed(&mut self, mut prompt: Prompt, key: KeyPress, now: Instant) {
        match key {
            KeyPress::Char(c) => prompt.text.push(c),
            KeyPress::Clear => prompt.text.clear(),
            KeyPress::Backspace if !prompt.text.is_empty() => {
                let last = prompt.text.grapheme_indices(true).next_back();
                prompt.text.truncate(last.map_or(0, |(at, _)| at));
            }
            KeyPress::Enter => {
                self.done_typing(&prompt, now);
                if !prompt.text.is_empty() {
                    match pattern(&prompt.text) {
                        Ok(regex) => {
                            let hit = Filter {
                                grep: Some(regex),
                                ..Filter::default()
                            };
                            self.search = Some(PatternSearch {
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
                return self.search_next(Direction::Forward);
            }
            // Backspace in an empty prompt leaves it, as in a pager.
            KeyPress::Escape | KeyPress::Eof | KeyPress::Backspace => {
                return self.done_typing(&prompt, now);
            }
            _ => (),
        }
        self.prompt = Some(prompt);
    }

    fn done_typing(&mut self, prompt: &Prompt, now: Instant) {
        if prompt.went {
            self.tempo.go(now);
        }
    }
}

/// The typed text as a regular expression, which ignores case if it has no capitals.
fn pattern(text: &str) -> Result<Regex, String> {
    // A letter after a backslash is not part of the text: \W, \S.
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
        format!("not a regular expression: {}", painter::safe(last))
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
        assert!(why.starts_with("not a regular expression: "), "{why}");
        assert!(!why.contains('\n'), "{why}");
    }
}

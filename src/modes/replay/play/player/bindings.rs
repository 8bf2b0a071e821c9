//! The key bindings of the player.

use std::io;
use std::time::Instant;

use regex::bytes::{Regex, RegexBuilder};
use unicode_segmentation::UnicodeSegmentation;

use super::{Growth, PatternSearch, Player, Prompt};
use crate::event::Stamp;
use crate::modes::replay::painter;
use crate::modes::replay::play::help;
use crate::modes::replay::play::jump::{Direction, Jump};
use crate::modes::replay::play::keys::KeyPress;
use crate::modes::replay::read::filter::Filter;

/// The distances of the arrow keys, in microseconds.
const LITTLE: i64 = 5_000_000;
const MORE: i64 = 60_000_000;
/// The distance of Left and Right with Shift, as a share of the log's time.
const SHARE: f64 = 0.1;

impl Player {
    /// Acts on a key.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn key(&mut self, key: KeyPress, now: Instant) -> io::Result<()> {
        self.note = None;
        if let Some(prompt) = self.prompt.take() {
            self.typed(prompt, key, now);
            return Ok(());
        }
        match key {
            KeyPress::Char('q') | KeyPress::Eof => self.ended = true,
            KeyPress::Escape => self.jump = None,
            KeyPress::Char(' ') => {
                if self.tempo.goes() {
                    self.tempo.stop(now)
                } else {
                    self.tempo.go(now)
                }
            }
            KeyPress::Char('+' | '=') => self.tempo.faster(now),
            KeyPress::Char('-' | '_') => self.tempo.slower(now),
            KeyPress::Char('t') => self.times = !self.times,
            KeyPress::Char('?') => {
                let keys = help::keys(self.rows, self.columns);
                keys.iter().for_each(|line| self.remark(line));
            }
            KeyPress::Char('/') => self.open_prompt(now),
            KeyPress::Char('.') => self.step(Direction::Forward, now),
            KeyPress::Char(',') => self.step(Direction::Backward, now),
            KeyPress::Char('n') => self.search_next(Direction::Forward),
            KeyPress::Char('N') => self.search_next(Direction::Backward),
            KeyPress::Home | KeyPress::Char('0') => self.go_to_start(),
            KeyPress::End => self.go_to_end(),
            KeyPress::Char(digit @ '1'..='9') => {
                let tenth = f64::from(u32::from(digit) - u32::from('0')) / 10.0;
                if let Some(extent) = self.extent()? {
                    self.go_to(extent.moment(tenth))?;
                }
            }
            KeyPress::Left => self.go_by(-LITTLE, now)?,
            KeyPress::Right => self.go_by(LITTLE, now)?,
            KeyPress::Down => self.go_by(-MORE, now)?,
            KeyPress::Up => self.go_by(MORE, now)?,
            KeyPress::ShiftLeft => self.go_by_share(-SHARE, now)?,
            KeyPress::ShiftRight => self.go_by_share(SHARE, now)?,
            _ => (),
        }
        Ok(())
    }

    /// Pauses and asks for a pattern.
    fn open_prompt(&mut self, now: Instant) {
        let resumes = self.tempo.goes();
        self.tempo.stop(now);
        self.prompt = Some(Prompt {
            resumes,
            ..Prompt::default()
        });
    }

    /// Pauses and goes by one event.
    fn step(&mut self, direction: Direction, now: Instant) {
        self.tempo.stop(now);
        self.put_back();
        self.jump = Some(match direction {
            Direction::Forward => Jump {
                words: None,
                ..Jump::on(self.cursor)
            },
            Direction::Backward => Jump::back(self.newest.unwrap_or(self.cursor)),
        });
    }

    fn go_to_start(&mut self) {
        self.put_back();
        self.jump = Some(Jump {
            words: Some("back to"),
            ..Jump::on(self.start)
        });
    }

    fn go_to_end(&mut self) {
        self.put_back();
        self.jump = Some(Jump {
            words: Some("on to"),
            ..Jump::back(self.end)
        });
    }

    /// Goes to a moment.
    fn go_to(&mut self, target: Stamp) -> io::Result<()> {
        let place = self.place_of(target)?;
        let jump = self.jump_on(target, place);
        self.jump = Some(jump.unwrap_or(Jump {
            words: Some("back to"),
            ..Jump::on(place)
        }));
        Ok(())
    }

    /// Goes by a share of the log's time, and by at least one event.
    fn go_by_share(&mut self, share: f64, now: Instant) -> io::Result<()> {
        let Some(extent) = self.extent()? else {
            return Ok(());
        };
        let length = extent.last.since(extent.first).as_micros() as f64;
        self.go_by((length * share) as i64, now)
    }

    /// Goes by a number of microseconds, and by at least one event.
    fn go_by(&mut self, micros: i64, now: Instant) -> io::Result<()> {
        // Counted from the target of a key pressed just before.
        let asked = self.jump.as_ref().and_then(|jump| jump.from);
        let Some(clock) = asked.or(self.clock(now)) else {
            return Ok(());
        };
        let target = Stamp::from_micros(clock.micros().saturating_add(micros));
        let place = self.place_of(target)?;
        let jump = self.jump_on(target, place);
        self.jump = Some(jump.unwrap_or_else(|| Jump {
            words: Some("back to"),
            from: Some(target),
            until: Some(self.newest.unwrap_or(self.cursor)),
            otherwise: Some(Box::new(Jump {
                // With nothing before, the first event is shown again.
                otherwise: Some(Box::new(Jump {
                    words: Some("back to"),
                    ..Jump::on(self.start)
                })),
                ..Jump::back(place)
            })),
            ..Jump::on(place)
        }));
        Ok(())
    }

    /// The position of the first line at or after a moment, within the part that is played.
    fn place_of(&mut self, target: Stamp) -> io::Result<u64> {
        self.put_back();
        let place = self.events.reader().at_time(target, self.end)?;
        Ok(place.max(self.start))
    }

    /// The jump to a moment whose lines begin at `place`; `None` if they are before the newest shown event.
    fn jump_on(&self, target: Stamp, place: u64) -> Option<Jump> {
        if place <= self.newest.unwrap_or(self.cursor) && place < self.end {
            return None;
        }
        let waits = self.growth == Growth::Coming && place >= self.end;
        // Beyond the end is the end.
        let to_end = || Jump {
            words: Some("on to"),
            in_vain: "nothing more after this".to_string(),
            ..Jump::back(self.end)
        };
        Some(Jump {
            from: waits.then_some(target),
            otherwise: (!waits).then(|| Box::new(to_end())),
            ..Jump::on(place.max(self.cursor))
        })
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
                            let hits = Filter {
                                grep: Some(regex),
                                ..Filter::default()
                            };
                            self.search = Some(PatternSearch {
                                pattern: prompt.text,
                                hits,
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
        if prompt.resumes {
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

//! A listener that resumes after every break, and records what it saw.

use std::io;
use std::time::Duration;

use chatroom::event::Id;
use chatroom::sse::Form;
use chatroom::wire::Wire;

use super::book::{Heard, Segment};
use super::chance::Chance;
use super::load::Run;
use super::speak::{Speaker, request};

/// The interval at which a quiet listener checks whether it is to stop.
const QUIET: Duration = Duration::from_millis(100);

/// One of them.
pub struct Listener<'a> {
    run: &'a Run,
    form: Form,
    chance: Chance,
    /// In so many of a thousand events it leaves by itself.
    leave: u32,
    last: Option<Id>,
    heard: Heard,
}

impl<'a> Listener<'a> {
    /// A listener for this form.
    pub fn new(run: &'a Run, who: String, form: Form, leave: u32, chance: Chance) -> Listener<'a> {
        Listener {
            run,
            form,
            chance,
            leave,
            last: None,
            heard: Heard {
                who,
                ..Heard::default()
            },
        }
    }

    /// Listens until it has seen everything that was acknowledged, and is to stop.
    pub fn run(mut self) -> Heard {
        while !self.finished() && !self.run.gives_up() {
            let mut segment = Segment {
                after: self.last,
                ..Segment::default()
            };
            let ended = self.listen(&mut segment);
            let stuck = segment.refused.is_some();
            let nothing = segment.hello.is_none() && segment.lines.is_empty();
            if stuck || !nothing {
                self.heard.segments.push(segment);
            }
            if stuck {
                break;
            }
            if ended.is_err() {
                self.run.wait(Duration::from_millis(5));
            }
        }
        self.heard.caught_up = self.run.newest().is_some() && !self.run.broke_off();
        self.heard
    }

    /// Tells whether nothing more has to come.
    fn finished(&self) -> bool {
        match (self.run.target(), self.form) {
            (None, _) => false,
            (Some(_), Form::Plain) => true,
            (Some(target), _) => self.last.is_some_and(|id| id.offset >= target),
        }
    }

    fn listen(&mut self, segment: &mut Segment) -> io::Result<()> {
        let last = self.last.map(|id| id.to_string());
        let mut fields = vec![("Accept", self.form.content_type())];
        let path = match (self.form, &last) {
            (Form::Sse, Some(id)) => {
                fields.push(("Last-Event-ID", id));
                "/events?since=latest".to_string()
            }
            (Form::Ndjson, Some(id)) => format!("/events?since={id}"),
            (Form::Plain, _) => "/events?last=20".to_string(),
            (_, None) => "/events?since=latest".to_string(),
        };
        let mut speaker = Speaker::connect(&self.run.address)?;
        speaker.send(&request("GET", &path, &fields, b""))?;
        let head = speaker.head()?;
        match head.status {
            200 => {}
            // The server is full or stopping, which says nothing about the id.
            503 => return Err(io::ErrorKind::ConnectionRefused.into()),
            500 if self.run.disk_fails => return Err(io::ErrorKind::ConnectionRefused.into()),
            status => {
                segment.refused = Some(format!("{path} was answered with {status}"));
                return Ok(());
            }
        }
        speaker.stream().set_read_timeout(Some(QUIET))?;
        let mut line = Vec::new();
        let mut data: Option<Wire> = None;
        let mut id: Option<String> = None;
        loop {
            if self.run.gives_up() {
                return Ok(());
            }
            if !speaker.stream_line(&mut line)? {
                if self.finished() {
                    return Ok(());
                }
                continue;
            }
            let text = String::from_utf8_lossy(&line[..line.len() - 1]).into_owned();
            line.clear();
            let complete = match self.form {
                Form::Plain => {
                    if !text.starts_with("* The server is stopping") {
                        segment.lines.push(text);
                    }
                    self.finished()
                }
                Form::Ndjson if text.is_empty() => false,
                Form::Ndjson => self.take(segment, parse(&text), None),
                Form::Sse if text.is_empty() => {
                    let id = id.take();
                    data.take()
                        .is_some_and(|wire| self.take(segment, wire, Some(id)))
                }
                Form::Sse => {
                    match text.split_once(": ") {
                        Some(("data", json)) => data = Some(parse(json)),
                        Some(("id", field)) => id = Some(field.to_string()),
                        _ => {}
                    }
                    false
                }
            };
            if complete || self.chance.happens(self.leave) {
                return Ok(());
            }
        }
    }

    /// Records an event; returns whether it was the last one needed. An event stream has the id twice.
    fn take(&mut self, segment: &mut Segment, wire: Wire, field: Option<Option<String>>) -> bool {
        let id = wire.id();
        if let Some(field) = field
            && field != id.map(|id| id.to_string())
        {
            segment.refused = Some(format!("the id field is {field:?} for {wire:?}"));
        }
        match wire {
            Wire::Hello { id, .. } => {
                segment.hello = id;
                // From here on nothing may be missed.
                self.last = self.last.or(id);
            }
            Wire::Bye { .. } => {}
            wire => {
                self.last = id.or(self.last);
                segment.events.push(wire);
            }
        }
        self.finished() || segment.refused.is_some()
    }
}

fn parse(json: &str) -> Wire {
    serde_json::from_str(json).unwrap_or(Wire::Unknown)
}

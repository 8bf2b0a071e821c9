//! The log as steps to take in the room.
//!
//! Invariant: every chosen line is a step, so nothing is left out silently. The log is read as needed, in
//! constant memory.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::{Event, Stamp};
use crate::line::{self, Shape};
use crate::modes::replay::read::blocks::{Blocks, ByteRange};
use crate::modes::replay::read::defects::judge_or_torn;
use crate::modes::replay::read::filter::Filter;
use crate::modes::replay::read::log::Log;

/// One step of the run.
#[derive(Debug)]
pub(super) enum Step {
    /// An event to repeat.
    Event(Event),
    /// The room was opened: everyone from before has left.
    Started,
    /// An event that only a server records.
    Unsaid,
    /// A line that is not as a room wrote it.
    Defect,
    /// The log cannot be read further.
    Unreadable(io::Error),
}

/// A step with its position in the file.
#[derive(Debug)]
pub(super) struct PlacedStep {
    pub step: Step,
    /// The number of bytes of the file that were read.
    pub position: u64,
}

/// The steps of the chosen part, with their times.
pub(super) struct Script {
    blocks: Blocks,
    filter: Filter,
    /// Joins and leaves are chosen.
    with_presence: bool,
    /// The number of bytes that were read of a log that is converted.
    bytes_read: Option<Arc<AtomicU64>>,
    steps: VecDeque<(Option<Stamp>, PlacedStep)>,
    ended: bool,
}

impl Script {
    /// Prepares the steps of the chosen part of the log. `span` is its range in a file; with `with_presence`,
    /// joins and leaves are chosen.
    pub(super) fn of(
        log: Log,
        filter: Filter,
        span: Option<ByteRange>,
        with_presence: bool,
    ) -> Script {
        let bytes_read = log.source_position();
        let blocks = log.blocks(span);
        Script {
            blocks,
            filter,
            with_presence,
            bytes_read,
            steps: VecDeque::new(),
            ended: false,
        }
    }

    /// Reads one block and adds its steps.
    fn fill(&mut self) {
        let block = match self.blocks.next() {
            Ok(Some(block)) => block,
            Ok(None) => {
                self.ended = true;
                return;
            }
            Err(error) => {
                self.ended = true;
                let step = Step::Unreadable(error);
                self.steps
                    .push_back((None, PlacedStep { step, position: 0 }));
                return;
            }
        };
        let read_so_far = self
            .bytes_read
            .as_ref()
            .map(|at| at.load(Ordering::Relaxed));
        let mut add = |at, offset, step| {
            let position = read_so_far.unwrap_or(offset);
            self.steps.push_back((at, PlacedStep { step, position }));
        };
        if block.too_long {
            return add(None, block.offset, Step::Defect);
        }
        let end = block.offset + block.bytes.len() as u64;
        for (offset, bytes) in line::lines(block.offset, block.bytes) {
            let ended = offset + (bytes.len() as u64) < end;
            if let Some((at, step)) = step_of(bytes, ended, &self.filter, self.with_presence) {
                add(at, offset, step);
            }
        }
    }
}

/// The step of one line, and its time; `None` if the line is not chosen.
fn step_of(
    bytes: &[u8],
    ended: bool,
    filter: &Filter,
    with_presence: bool,
) -> Option<(Option<Stamp>, Step)> {
    let Ok((at, raw)) = judge_or_torn(bytes, ended) else {
        return Some((None, Step::Defect));
    };
    if !filter.is_in_time(at) {
        return None;
    }
    match raw.shape {
        Shape::Message { .. } | Shape::Join(_) | Shape::Leave(_) => {
            filter.accepts(&raw).then(|| match line::parse_line(bytes) {
                Ok(event) => (Some(at), Step::Event(event)),
                Err(_) => (None, Step::Defect),
            })
        }
        Shape::Opened { .. } if with_presence => Some((None, Step::Started)),
        Shape::Opened { .. }
        | Shape::Closed
        | Shape::Notice(_)
        | Shape::Erased(_)
        | Shape::Other(_) => filter.accepts_all_in_time().then_some((None, Step::Unsaid)),
    }
}

impl Iterator for Script {
    type Item = (Option<Stamp>, PlacedStep);

    fn next(&mut self) -> Option<(Option<Stamp>, PlacedStep)> {
        while self.steps.is_empty() && !self.ended {
            self.fill();
        }
        self.steps.pop_front()
    }
}

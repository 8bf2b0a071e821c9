//! One pass over a log, whose chosen lines go to the renderer.

use std::sync::atomic::{AtomicU64, Ordering};

use super::renderer::{CheckedLine, Renderer};
use crate::failure::Failure;
use crate::journal;
use crate::modes::replay::read::blocks::{Block, Blocks};
use crate::modes::replay::read::defects::{Defect, Defects, judge_or_torn};
use crate::modes::replay::read::filter::Filter;
use crate::modes::replay::read::log::unreadable;
use crate::modes::replay::read::prefilter::Prefilter;
use crate::modes::replay::stdout::BufferedStdout;

/// A pass over a log that prints the chosen lines, with the defects that it met.
pub(super) struct PrintPass {
    pub renderer: Box<dyn Renderer>,
    pub filter: Filter,
    /// Lines must be written as they come.
    pub is_live: bool,
    pub defects: Defects,
    /// Something was printed.
    pub found: bool,
}

impl PrintPass {
    /// Prints the chosen lines of the blocks. Of a converted log, `source` is the number of bytes read.
    pub(super) fn all(
        &mut self,
        blocks: &mut Blocks,
        prefilter: &Prefilter,
        stdout: &mut BufferedStdout,
        name: &str,
        source: Option<&AtomicU64>,
    ) -> Result<(), Failure> {
        loop {
            match blocks.next() {
                Ok(Some(block)) => self.block(prefilter, &block, &mut stdout.pending),
                Ok(None) => return Ok(()),
                Err(error) => {
                    stdout.flush()?;
                    return Err(unreadable(name, &error));
                }
            }
            let position = source.map_or(blocks.position(), |read| read.load(Ordering::Relaxed));
            stdout.progress.show(position, String::new);
            if self.is_live {
                stdout.flush()?
            } else {
                stdout.flush_if_full()?
            }
        }
    }

    fn block(&mut self, prefilter: &Prefilter, block: &Block<'_>, out: &mut Vec<u8>) {
        if block.offset == 0 {
            let first = block.bytes.split(|b| *b == b'\n').next();
            self.renderer
                .set_log(journal::log_of(first.unwrap_or_default()));
        }
        if block.too_long {
            let defect = if block.torn {
                Defect::Torn
            } else {
                Defect::TooLong
            };
            return self.defect(block.offset, block.bytes, defect, out);
        }
        let end = block.offset + block.bytes.len() as u64;
        for (offset, bytes) in prefilter.lines(block.offset, block.bytes) {
            let ended = offset + (bytes.len() as u64) < end;
            match judge_or_torn(bytes, ended) {
                Ok((at, raw)) => {
                    let wanted = self.filter.is_in_time(at)
                        && self.filter.accepts(&raw)
                        && !self.filter.is_put_in_front(offset, &raw);
                    if wanted {
                        let line = CheckedLine {
                            offset,
                            bytes,
                            raw,
                            at,
                        };
                        self.found = true;
                        self.renderer.line(&line, out);
                    }
                }
                Err(defect) => self.defect(offset, bytes, defect, out),
            }
        }
    }

    /// Counts a defect, and prints it unless only some kinds of events are chosen.
    fn defect(&mut self, offset: u64, bytes: &[u8], defect: Defect, out: &mut Vec<u8>) {
        self.defects.add(offset, defect);
        if self.filter.accepts_all_in_time() {
            self.found = true;
            self.renderer.defect(offset, bytes, defect, out);
        }
    }
}

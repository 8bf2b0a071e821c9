//! One pass over a log, whose chosen lines go to the printer.

use std::sync::atomic::{AtomicU64, Ordering};

use super::form::{PrintedLine, Printer};
use crate::failure::Failure;
use crate::journal;
use crate::modes::replay::printout::Printout;
use crate::modes::replay::read::blocks::{Block, Blocks};
use crate::modes::replay::read::defects::{Defect, Faults, judge};
use crate::modes::replay::read::filter::Filter;
use crate::modes::replay::read::log::unreadable;
use crate::modes::replay::read::prefilter::Prefilter;

/// A log while it is printed.
pub(super) struct Printing {
    pub printer: Box<dyn Printer>,
    pub filter: Filter,
    /// Lines must be written as they come.
    pub is_live: bool,
    pub faults: Faults,
    /// Something was printed.
    pub found: bool,
}

impl Printing {
    /// Prints the chosen lines of the blocks. Of a converted log, `source` is the number of bytes read.
    pub(super) fn all(
        &mut self,
        blocks: &mut Blocks,
        prefilter: &Prefilter,
        printout: &mut Printout,
        name: &str,
        source: Option<&AtomicU64>,
    ) -> Result<(), Failure> {
        loop {
            match blocks.next() {
                Ok(Some(block)) => self.block(prefilter, &block, &mut printout.pending),
                Ok(None) => return Ok(()),
                Err(error) => {
                    printout.flush()?;
                    return Err(unreadable(name, &error));
                }
            }
            let position = source.map_or(blocks.position(), |read| read.load(Ordering::Relaxed));
            printout.progress.show(position, String::new);
            match self.is_live {
                true => printout.flush()?,
                false => printout.flush_if_full()?,
            }
        }
    }

    fn block(&mut self, prefilter: &Prefilter, block: &Block<'_>, out: &mut Vec<u8>) {
        if block.offset == 0 {
            let first = block.bytes.split(|b| *b == b'\n').next();
            self.printer.of(journal::log_of(first.unwrap_or_default()));
        }
        if block.too_long {
            let wrong = if block.torn {
                Defect::Torn
            } else {
                Defect::TooLong
            };
            return self.wrong(block.offset, block.bytes, wrong, out);
        }
        let end = block.offset + block.bytes.len() as u64;
        for (offset, bytes) in prefilter.lines(block.offset, block.bytes) {
            let ended = offset + (bytes.len() as u64) < end;
            match judge(bytes, ended) {
                Ok((at, look)) => {
                    let wanted = self.filter.is_in_time(at)
                        && self.filter.accepts(&look)
                        && !self.filter.is_put_in_front(offset, &look);
                    if wanted {
                        let line = PrintedLine {
                            offset,
                            bytes,
                            look,
                            at,
                        };
                        self.found = true;
                        self.printer.line(&line, out);
                    }
                }
                Err(wrong) => self.wrong(offset, bytes, wrong, out),
            }
        }
    }

    /// Counts a defect, and prints it unless only some kinds of events are chosen.
    fn wrong(&mut self, offset: u64, bytes: &[u8], wrong: Defect, out: &mut Vec<u8>) {
        self.faults.add(offset, wrong);
        if self.filter.is_all() {
            self.found = true;
            self.printer.wrong(offset, bytes, wrong, out);
        }
    }
}

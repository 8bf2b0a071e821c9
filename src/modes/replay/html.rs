//! Stub.
use super::print::{Line, Printer};
use super::wrong::Wrong;
/// Stub.
#[derive(Default)]
pub struct Html {}
impl Printer for Html {
    fn line(&mut self, _line: &Line<'_>, _out: &mut Vec<u8>) {}
    fn wrong(&mut self, _offset: u64, _bytes: &[u8], _wrong: Wrong, _out: &mut Vec<u8>) {}
}

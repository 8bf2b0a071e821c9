//! Stub.
use super::print::{Line, Printer};
use super::wrong::Wrong;
/// Stub.
#[derive(Default)]
pub struct Json {}
impl Printer for Json {
    fn line(&mut self, _line: &Line<'_>, _out: &mut Vec<u8>) {}
    fn wrong(&mut self, _offset: u64, _wrong: Wrong, _out: &mut Vec<u8>) {}
}

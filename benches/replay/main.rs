//! `make bench-replay`
#[path = "../common/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each benchmark uses its part")]
mod common;
mod log;
use common::{Res, protocol, report, servers, stop, usage};
fn main() {
    let log = log::Log::made(1 << 30).unwrap();
    println!("{log:?} {}", log.moment(0.5));
}

//! The tests that take too long for every change: the promise under kills, lost answers, stalled listeners
//! and hostile ids, with the real numbers. `make test-durability` runs it.

mod exactly_once;
#[path = "../it/ledger/mod.rs"]
mod ledger;

mod calls;
mod faults;
mod image;
mod open;
mod order;
mod power;
mod vanish;
mod window;

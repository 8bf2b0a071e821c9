//! The tests that take too long for every change: the promise under kills, lost answers, stalled listeners
//! and hostile ids, with the real numbers. `make test-durability` runs it.

mod exactly_once;
// The only module that two targets have. As a crate it would depend on chatroom, which every run of the unit tests
// would then compile a second time.
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

//! What takes too long for every change: the promise under kills, lost answers, stalled listeners
//! and hostile ids, with the real numbers. `make test-durability` runs it.

#[path = "../it/client.rs"]
#[allow(
    dead_code,
    reason = "the harness of tests/it, of which this uses a part"
)]
mod client;
#[path = "../it/clipboard.rs"]
#[allow(
    dead_code,
    reason = "the harness of tests/it, of which this uses a part"
)]
mod clipboard;
#[path = "../it/display.rs"]
#[allow(
    dead_code,
    reason = "the harness of tests/it, of which this uses a part"
)]
mod display;
mod exactly_once;
#[path = "../it/hands.rs"]
#[allow(
    dead_code,
    reason = "the harness of tests/it, of which this uses a part"
)]
mod hands;
#[path = "../ledger/mod.rs"]
mod ledger;
#[path = "../it/server.rs"]
#[allow(
    dead_code,
    reason = "the harness of tests/it, of which this uses a part"
)]
mod server;
#[path = "../it/traced.rs"]
mod traced;
#[path = "../it/typing.rs"]
#[allow(
    dead_code,
    reason = "the harness of tests/it, of which this uses a part"
)]
mod typing;
#[path = "../it/util.rs"]
#[allow(
    dead_code,
    reason = "the harness of tests/it, of which this uses a part"
)]
mod util;

mod calls;
#[path = "../it/window/eyes.rs"]
#[allow(
    dead_code,
    reason = "the harness of tests/it, of which this uses a part"
)]
mod eyes;
mod faults;
mod image;
mod open;
mod order;
#[path = "../it/picture.rs"]
#[allow(
    dead_code,
    reason = "the harness of tests/it, of which this uses a part"
)]
mod picture;
mod power;
mod vanish;
mod window;

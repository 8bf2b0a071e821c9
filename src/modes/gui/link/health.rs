//! The probe of an address: `GET /health`, without a login.

use std::time::Duration;

use serde::Deserialize;

use super::connection::{LinkConnection, within};
use super::presentable;
use crate::address::Address;
use crate::http::exchange::ClientRequest;
use crate::modes::gui::rooms::ProbedRoom;
use crate::wire::endpoint::HEALTH;

/// Longest answer, in bytes.
const MAX_HEALTH: u64 = 16 * 1024;

/// The answer of a room. A room with a key gives its status only.
#[derive(Deserialize)]
struct Health {
    status: String,
    id: Option<String>,
    room: Option<String>,
}

/// Asks whether a room answers at an address, for at most `limit`; `None` if none does. Blocks, so it
/// is not for the main thread.
pub fn health(address: &Address, limit: Duration) -> Option<ProbedRoom> {
    let asked = async {
        let mut connection = LinkConnection::open(address).await?;
        let request = ClientRequest {
            method: "GET",
            path: HEALTH,
            fields: &[("Connection", "close")],
            ..ClientRequest::default()
        };
        connection.ask_limited(&request, MAX_HEALTH).await
    };
    let answer = async_std::task::block_on(within(limit, asked)).ok()?;
    let health = answer.json::<Health>()?;
    // A room whose disk is full can still be read.
    let is_there = matches!(
        (answer.head.status, &*health.status),
        (200, "ok") | (503, "log_full")
    );
    is_there.then(|| ProbedRoom {
        address: address.clone(),
        aliases: Vec::new(),
        id: health.id,
        name: health.room.as_deref().map(presentable),
    })
}

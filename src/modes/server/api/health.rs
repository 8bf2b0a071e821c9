//! `GET /health`: the state of the server, for operators.

use crate::http::Response;

use super::Api;
use super::caller::Caller;
use crate::modes::server::page;

impl Api {
    /// Answers `GET /health`: to a stranger with what the page has
    /// to know before anybody has the room's key.
    pub(super) fn health(&self, caller: &Caller) -> Response {
        let word = self.room.health.status();
        let status = if word == "ok" { 200 } else { 503 };
        let mut health = serde_json::json!({
            "status": word,
            "id": self.room.reader.log().to_string(),
            "key": self.callers.has_key(),
            "page": page::hash(),
        });
        if caller.is_stranger() {
            return Response::json(status, &health);
        }
        let more = [
            ("version", serde_json::json!(env!("CARGO_PKG_VERSION"))),
            ("room", serde_json::json!(self.room.rules.room)),
            ("addresses", serde_json::json!(self.addresses.shared())),
            ("uptime", serde_json::json!(self.room.uptime().as_secs())),
            ("members", serde_json::json!(self.room.member_count())),
            ("listeners", serde_json::json!(self.fanout.listeners())),
            ("log_bytes", serde_json::json!(self.room.end())),
        ];
        for (name, value) in more.into_iter().chain(self.room.health.fields()) {
            health[name] = value;
        }
        Response::json(status, &health)
    }
}

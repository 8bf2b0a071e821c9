//! `GET /health`: the state of the server, for operators.

use crate::http::Response;

use super::Api;
use super::caller::Caller;

impl Api {
    /// Answers `GET /health`: to a stranger with the status alone.
    pub(super) fn health(&self, caller: &Caller) -> Response {
        let word = self.room.health.status();
        let status = if word == "ok" { 200 } else { 503 };
        if caller.is_stranger() {
            return Response::json(status, &serde_json::json!({"status": word}));
        }
        let mut health = serde_json::json!({
            "status": word,
            "version": env!("CARGO_PKG_VERSION"),
            "room": self.room.rules.room,
            "id": self.room.reader.log().to_string(),
            "uptime": self.room.uptime().as_secs(),
            "members": self.room.member_count(),
            "listeners": self.fanout.listeners(),
            "log_bytes": self.room.end(),
        });
        for (name, value) in self.room.health.fields() {
            health[name] = value;
        }
        Response::json(status, &health)
    }
}

//! What the room tells of itself: to people, and to those who run it.

use crate::http::{Head, Response, host};

use super::{Api, Asked, Caller};

impl Api {
    pub(super) async fn health(&self, asked: &Asked) -> Response {
        let word = self.room.health.status();
        let status = if word == "ok" { 200 } else { 503 };
        if self.access.has_key()
            && !matches!(
                self.access.caller(&asked.head, None, asked.from).await,
                Ok(Caller::Guest(_) | Caller::Member(..))
            )
        {
            return Response::json(status, &serde_json::json!({"status": word}));
        }
        let mut health = serde_json::json!({
            "status": word,
            "version": env!("CARGO_PKG_VERSION"),
            "room": self.room.rules.room,
            "id": self.room.reader.log().to_string(),
            "uptime": self.room.uptime().as_secs(),
            "members": self.room.member_count(),
            "listeners": self.room.listeners(),
            "log_bytes": self.room.end(),
        });
        for (name, value) in self.room.health.fields() {
            health[name] = value;
        }
        Response::json(status, &health)
    }

    pub(super) fn how_to_join(&self, head: &Head) -> Response {
        let host = head.host.as_deref().filter(|host| host::is_plain(host));
        let host = host.unwrap_or("HOST:1337");
        let key = if self.access.has_key() { "KEY" } else { "" };
        let login = if key.is_empty() { "" } else { " -u YOU:KEY" };
        let secret = if key.is_empty() {
            ""
        } else {
            "CHATROOM_KEY=KEY "
        };
        Response::text(
            200,
            format!(
                "This is the chat room {:?}.\n\n\
             Join it in a window:     chatroom gui --name YOU {host}\n\
             Or open this link:       chatroom://{host}\n\
             Listen in a terminal:    curl -N{login} http://{host}/events\n\
             Say something:           curl -u YOU:{key} --data-raw 'hello' http://{host}/messages\n\
             Who is here:             curl{login} http://{host}/members\n\
             What was said before:    curl{login} 'http://{host}/messages?limit=20'\n\
             Keep a copy of it all:   {secret}chatroom backup {host} backup.txt\n",
                self.room.rules.room
            ),
        )
    }
}

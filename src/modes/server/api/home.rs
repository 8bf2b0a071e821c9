//! `GET /`: the page for browsers, and for anybody else how to join.

use crate::http::{Head, Response, host};
use crate::modes::server::page;
use crate::wire::endpoint::{EVENTS, LOG_FILE, MEMBERS, MESSAGES};

use super::Api;
use super::caller::Caller;

impl Api {
    /// Answers `GET /`. The page is anybody's, since it asks for the room's key itself; the lines are for those
    /// who have shown it.
    pub(super) fn home(&self, caller: &Caller, head: &Head, encrypted: bool) -> Response {
        if page::is_wanted(head) {
            return page::response(head);
        }
        let lines = match caller.refusal() {
            Some(why) => why.response(),
            None => self.guide(head, encrypted),
        };
        lines.field("Vary", page::VARY)
    }

    /// The lines with which people join: they work that work where they are pasted. `encrypted` is whether the request came to
    /// a proxy by TLS, which windows and backups do not speak.
    fn guide(&self, head: &Head, encrypted: bool) -> Response {
        let host = head.host.as_deref().filter(|host| host::is_plain(host));
        let host = host.unwrap_or("HOST:1337").trim_end_matches(':');
        let (key, login, secret) = if self.callers.has_key() {
            ("KEY", " -u YOU:KEY", "CHATROOM_KEY=KEY ")
        } else {
            ("", "", "")
        };
        let (scheme, window, copy) = if encrypted {
            (
                "https",
                "Join in a window:        not over https; ask the operator for another way\n"
                    .to_string(),
                format!("curl -C -{login} -o backup.txt https://{host}{LOG_FILE}"),
            )
        } else {
            // Without a port a browser means 80, and the window the room's usual one.
            let at = if host::has_port(host) {
                host.to_string()
            } else {
                format!("{host}:80")
            };
            (
                "http",
                format!(
                    "Join in a window:        chatroom gui --name YOU {at}\n\
                     Or open this link:       chatroom://{at}\n"
                ),
                format!("{secret}chatroom backup {at} backup.txt"),
            )
        };
        Response::text(
            200,
            format!(
                "This is the chat room {:?}.\n\n\
             {window}\
             Listen in a terminal:    curl -N{login} {scheme}://{host}{EVENTS}\n\
             Send a message:          curl -u YOU:{key} --data-raw 'hello' {scheme}://{host}{MESSAGES}\n\
             Who is here:             curl{login} {scheme}://{host}{MEMBERS}\n\
             Earlier messages:        curl{login} '{scheme}://{host}{MESSAGES}?limit=20'\n\
             Keep a copy:             {copy}\n",
                self.room.rules.room
            ),
        )
    }
}

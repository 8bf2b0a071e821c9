//! Ranges of the history, fetched one after the other while the stream is open.

use std::fmt;
use std::time::Duration;

use async_std::task;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::connection::{IdleConnection, LinkConnection, ServerReply, Trouble};
use super::{Reach, Shared};
use crate::address::Address;
use crate::event::Id;
use crate::http::exchange::ClientRequest;
use crate::modes::gui::talk::{HistoryQuery, Report};
use crate::sse::decoder::MAX_EVENT;
use crate::wire::endpoint::MESSAGES;
use crate::wire::{HistoryRange, Wire};

/// Most queries that wait for their answers.
pub(super) const MAX_QUERIES: usize = 16;
/// Most events of a range.
pub(super) const MAX_EVENTS: usize = 1000;
/// Most events of a range to show.
const EVENTS_SHOWN: usize = 200;
/// Most messages of one search result.
const MESSAGES_FOUND: usize = 100;
/// Longest range, in bytes: it ends after a megabyte of log, and JSON at most doubles that.
const MAX_RANGE: u64 = 3 << 20;
/// Most ranges that wait for the window.
const MAX_WAITING: usize = 2;
/// Longest text to search for, in bytes: more than any server accepts.
const MAX_NEEDLE: usize = 1024;

const AWAY: &str = "There is no connection to the room. Earlier messages can be read when it is \
                    back.";

/// Answers all queries, in order.
pub(super) async fn answer_all<T>(shared: &Shared) -> T {
    let mut idle = IdleConnection::default();
    loop {
        let query = shared.queries.borrow().front().cloned();
        let Some(query) = query else {
            shared.change.listen().await;
            continue;
        };
        while shared.ranges_waiting() >= MAX_WAITING {
            task::sleep(Duration::from_millis(20)).await;
        }
        let changed = shared.change.listen();
        let range = match (shared.reach.get(), shared.session()) {
            (Reach::There, Some((address, token))) => {
                let fetching = fetch(&mut idle, &address, &token, &query);
                shared.while_there(fetching).await
            }
            (Reach::Coming, _) => {
                changed.await;
                continue;
            }
            _ => None,
        };
        let range = range.unwrap_or_else(|| Err(AWAY.to_string()));
        shared.report(Report::Range { query, range }).await;
        shared.queries.borrow_mut().pop_front();
    }
}

/// Refuses the queries to a room that is being left.
pub(super) async fn refuse_all(shared: &Shared) {
    loop {
        let query = shared.queries.borrow_mut().pop_front();
        let Some(query) = query else {
            return;
        };
        let range = Err("You went to another room before the messages arrived.".to_string());
        shared.report(Report::Range { query, range }).await;
    }
}

async fn fetch(
    idle: &mut IdleConnection,
    address: &Address,
    token: &str,
    query: &HistoryQuery,
) -> Result<HistoryRange, String> {
    let path = path(query)?;
    let asked = match idle.take(address) {
        Some(connection) => ask_on(connection, token, &path).await,
        None => Err(closed()),
    };
    let answer = match asked {
        // The idle connection may turn out to be closed. Asking twice does no harm.
        Err(Trouble::System(_)) => match LinkConnection::open(address).await {
            Ok(connection) => ask_on(connection, token, &path).await,
            Err(trouble) => Err(trouble),
        },
        asked => asked,
    };
    let (answer, connection) = answer.map_err(|trouble| {
        format!("Earlier messages cannot be loaded now: {trouble}. Try again in a while.")
    })?;
    if answer.reusable {
        idle.put(connection);
    }
    match (answer.head.status, read(&answer)) {
        (200, Some(range)) => Ok(range),
        (200, None) => Err(format!(
            "Earlier messages cannot be loaded: {address} sends nothing that this window (chatroom \
             {}) understands.",
            env!("CARGO_PKG_VERSION")
        )),
        _ => Err(answer.sentence()),
    }
}

async fn ask_on(
    mut connection: LinkConnection,
    token: &str,
    path: &str,
) -> Result<(ServerReply, LinkConnection), Trouble> {
    let answer = get(&mut connection, token, path).await?;
    Ok((answer, connection))
}

fn closed() -> Trouble {
    std::io::Error::from(std::io::ErrorKind::NotConnected).into()
}

fn path(query: &HistoryQuery) -> Result<String, String> {
    Ok(match query {
        HistoryQuery::Newest => format!("{MESSAGES}?limit={EVENTS_SHOWN}"),
        HistoryQuery::Oldest => format!("{MESSAGES}?since=all&limit={EVENTS_SHOWN}"),
        HistoryQuery::Before(id) => format!("{MESSAGES}?before={id}&limit={EVENTS_SHOWN}"),
        HistoryQuery::After(id) => format!("{MESSAGES}?since={id}&limit={EVENTS_SHOWN}"),
        HistoryQuery::Find { text, .. } if text.len() > MAX_NEEDLE => {
            return Err("This is too long to search for. Use a part of it.".to_string());
        }
        HistoryQuery::Find { text, before } => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("find", text);
            if let Some(before) = before {
                query.append_pair("before", &before.to_string());
            }
            format!("{MESSAGES}?{}&limit={MESSAGES_FOUND}", query.finish())
        }
    })
}

/// Requests a range.
pub(super) async fn get(
    connection: &mut LinkConnection,
    token: &str,
    path: &str,
) -> Result<ServerReply, Trouble> {
    connection
        .ask_limited(&ClientRequest::get(path, token), MAX_RANGE)
        .await
}

/// Returns the range in an answer.
pub(super) fn read(answer: &ServerReply) -> Option<HistoryRange> {
    let read: Read = answer.json()?;
    Some(HistoryRange {
        events: read.events.0,
        next: read.next,
    })
}

#[derive(Deserialize)]
struct Read {
    events: Events,
    next: Option<Id>,
}

/// Events parsed one by one, so that neither their number nor one of them takes more memory than a
/// room's range can have.
struct Events(Vec<Wire>);

impl<'de> Deserialize<'de> for Events {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Events, D::Error> {
        struct Counted;

        impl<'de> Visitor<'de> for Counted {
            type Value = Events;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {MAX_EVENTS} events")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Events, A::Error> {
                let mut events = Vec::new();
                while let Some(object) = list.next_element::<&RawValue>()? {
                    if events.len() == MAX_EVENTS || object.get().len() > MAX_EVENT {
                        return Err(A::Error::custom("no room has pages like this"));
                    }
                    // As in the stream, unknown objects count and are not shown.
                    events.push(serde_json::from_str(object.get()).unwrap_or(Wire::Unknown));
                }
                Ok(Events(events))
            }
        }

        deserializer.deserialize_seq(Counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::LogId;

    #[test]
    fn questions_are_encoded() {
        let id = Id {
            log: LogId(1),
            offset: 7,
            check: 2,
        };
        let find = |text: &str, before| {
            let text = text.to_string();
            path(&HistoryQuery::Find { text, before })
        };
        for (asked, expected) in [
            (path(&HistoryQuery::Newest), "/messages?limit=200"),
            (path(&HistoryQuery::Oldest), "/messages?since=all&limit=200"),
            (
                path(&HistoryQuery::Before(id)),
                "/messages?before=00000001-7-0002&limit=200",
            ),
            (
                path(&HistoryQuery::After(id)),
                "/messages?since=00000001-7-0002&limit=200",
            ),
            (
                find("a&b=\u{17c} \r\n?", None),
                "/messages?find=a%26b%3D%C5%BC+%0D%0A%3F&limit=100",
            ),
            (
                find("x", Some(id)),
                "/messages?find=x&before=00000001-7-0002&limit=100",
            ),
        ] {
            assert_eq!(asked.as_deref(), Ok(expected));
        }
        assert!(find(&"x".repeat(5000), None).is_err());
    }

    #[test]
    fn a_range_has_no_more_than_a_room_gives() {
        let range = |events: &str| format!("{{\"events\":[{events}],\"next\":null}}");
        let read =
            |text: &str| serde_json::from_str::<Read>(&range(text)).map(|r| r.events.0.len());
        let many = |count: usize| vec!["{}"; count].join(",");
        assert_eq!(read("").ok(), Some(0));
        assert_eq!(read("7,{\"type\":\"poll\"}").ok(), Some(2));
        assert_eq!(read(&many(MAX_EVENTS)).ok(), Some(MAX_EVENTS));
        assert!(read(&many(MAX_EVENTS + 1)).is_err());
        assert!(read(&format!("\"{}\"", "x".repeat(MAX_EVENT))).is_err());
    }
}

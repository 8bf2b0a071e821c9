use std::net::IpAddr;
use std::time::Duration;

use super::*;
use crate::modes::server::api::tokens::Owner;
use crate::modes::server::room::order;
use crate::modes::server::room::quotas::AddressLimits;
use crate::modes::server::room::tests::{Disk, commit, room};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_lite::future::{block_on, or};

/// The API of a room with this key.
fn api(room: Arc<Room>, key: Option<&str>) -> Arc<Api> {
    Arc::new(Api {
        fanout: Arc::new(Fanout::new(Arc::clone(&room), 1)),
        room,
        callers: Callers::new([7; 32], key.map(str::to_string)),
        hosts: Hosts::new(&[], &[]),
        proxies: Proxies::default(),
        addresses: Arc::new(JoinAddresses::of(([127, 0, 0, 1], 1337).into())),
        idle: Idle::default(),
        connections: Arc::new(Connections::new(AddressLimits::Kept, usize::MAX)),
    })
}

/// The API of a room without a key.
pub fn open_to_all(room: Arc<Room>) -> Arc<Api> {
    api(room, None)
}

/// A token of the API's room.
fn token(api: &Api, session: order::SessionId, name: &str) -> String {
    api.callers.tokens().token(&Owner {
        session,
        issued: crate::event::Stamp::now(),
        name: name.into(),
    })
}

/// A request for `METHOD PATH` with these credentials.
fn request(line: &str, authorization: &str, body: &str) -> ApiRequest {
    let credentials = match authorization {
        "" => String::new(),
        some => format!("Authorization: {some}\r\n"),
    };
    let text = format!("{line} HTTP/1.1\r\nHost: x\r\n{credentials}\r\n");
    let (head, _) = Head::parse(text.as_bytes())
        .expect("a head")
        .expect("whole");
    ApiRequest {
        endpoint: Endpoint::parse(&head.method, &head.path),
        head,
        body: body.into(),
        source: Source {
            client: IpAddr::from([127, 0, 0, 1]).into(),
            first: true,
            encrypted: false,
        },
        shown: None,
    }
}

#[test]
fn only_the_owner_of_a_session_is_waited_for_as_a_member() {
    let (_dir, room, orders) = room(Duration::from_secs(3600));
    let api = open_to_all(Arc::clone(&room));
    let member = |line: &str, authorization: &str| {
        let committing = async {
            loop {
                commit(&room, &orders, Disk::Free).await;
            }
        };
        let answering = async { api.answer(request(line, authorization, "")).await };
        block_on(or(answering, committing)).to_member
    };
    for nobody in ["", "Bearer", "Bearer x", "Digest x", "Basic Y2k6"] {
        for line in [
            "GET /",
            "GET /health",
            "GET /messages",
            "DELETE /session",
            "GET /no",
        ] {
            assert!(!member(line, nobody), "{line} {nobody:?}");
        }
    }
    let right = format!("Bearer {}", token(&api, [3; 16], "uthira"));
    let reader = format!("Bearer {}", token(&api, [4; 16], "eve"));
    assert!(member("GET /messages", &reader));
    assert!(member("DELETE /session", &right));
    // It has ended.
    assert!(!member("GET /session", &right));
    assert!(!member("GET /events?poll=1", &right));
}

#[test]
fn each_endpoint_is_open_to_the_callers_in_its_row() {
    use crate::wire::endpoint::Access::{Anybody, Newcomer, Reader, Session, Speaker};
    for key in [None, Some("sesame")] {
        let (_dir, room, orders) = room(Duration::from_secs(3600));
        let api = api(Arc::clone(&room), key);
        for (number, endpoint) in Endpoint::ALL.iter().enumerate() {
            let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
            let session = token(&api, [number as u8; 16], &format!("m{number}"));
            let (none, guess) = (String::new(), basic("ci:no"));
            let (guest, session) = (basic("ci:sesame"), format!("Bearer {session}"));
            for (caller, credentials) in [&none, &guess, &guest, &session].iter().enumerate() {
                let admitted = match (endpoint.access(), key) {
                    // Its lines for terminals are for readers; its page is for anybody.
                    (_, Some(_)) if *endpoint == Endpoint::Home => caller >= 2,
                    (Anybody, _) | (Reader | Newcomer, None) => true,
                    (Session, _) => caller == 3,
                    (Speaker, None) => caller != 0,
                    (Reader | Speaker, Some(_)) => caller >= 2,
                    (Newcomer, Some(_)) => caller == 2,
                };
                let path = endpoint.path();
                let line = format!("{} {path}", endpoint.method().as_str());
                let name = format!("n{number}{caller}");
                let answering = async { api.answer(request(&line, credentials, &name)).await };
                let committing = async {
                    loop {
                        commit(&room, &orders, Disk::Free).await;
                    }
                };
                let answer = block_on(or(answering, committing));
                let status = match &answer.content {
                    Content::Whole(response) => response.status(),
                    Content::Events(_) | Content::LogFile(_) => 200,
                };
                assert_eq!(
                    status != 401,
                    admitted,
                    "{line} in a room with key {key:?}: {credentials}: {status}"
                );
            }
        }
    }
}

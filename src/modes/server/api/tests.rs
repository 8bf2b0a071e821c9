use std::net::IpAddr;
use std::time::Duration;

use super::*;
use crate::modes::server::room::tests::{commit, room};
use futures_lite::future::{block_on, or};

/// What answers for a room without a key.
pub fn open_to_all(room: Arc<Room>) -> Arc<Api> {
    Arc::new(Api {
        fanout: Arc::new(Fanout::new(Arc::clone(&room), 1)),
        room,
        access: Access::new([7; 32], None),
        hosts: Hosts::new(&[], &[]),
        proxies: Proxies::default(),
        idle: Idle::default(),
        connections: Arc::new(Connections::new(true, usize::MAX)),
    })
}

#[test]
fn only_the_owner_of_a_session_is_waited_for_as_a_member() {
    let (_dir, room, orders) = room(Duration::from_secs(3600));
    let api = open_to_all(Arc::clone(&room));
    let ticket = Ticket {
        session: [3; 16],
        issued: crate::event::Stamp::now(),
    };
    let token = api.access.token(ticket, "uthira");
    let member = |line: &str, authorization: &str| {
        let text = format!("{line} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n");
        let (head, _) = Head::parse(text.as_bytes())
            .expect("a head")
            .expect("whole");
        let asked = Asked {
            head,
            body: Vec::new(),
            from: Asker {
                client: IpAddr::from([127, 0, 0, 1]).into(),
                first: true,
            },
            encrypted: false,
            request: None,
        };
        let mut about = About::default();
        let committing = async {
            loop {
                commit(&room, &orders, false).await;
            }
        };
        block_on(or(
            async { drop(api.answer(asked, &mut about).await) },
            committing,
        ));
        about.member
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
    let right = format!("Bearer {token}");
    assert!(member("DELETE /session", &right));
    // It has ended.
    assert!(!member("GET /session", &right));
    assert!(!member("GET /events?poll=1", &right));
}

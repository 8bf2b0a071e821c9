use super::*;
use crate::http::Persistence;
use crate::modes::server::room::client::Client;
use crate::modes::server::room::quotas::Over;
use std::net::IpAddr;

/// Refusals of every kind, with both forms where a sentence has two.
fn every_kind() -> Vec<Rejection> {
    use NameError as N;
    use Rejection as R;
    let wait = Duration::from_millis(1_500);
    let disk = || io::Error::from(io::ErrorKind::StorageFull);
    let unrouted = |why| R::Unrouted {
        why,
        path: "/a\u{1b}".into(),
    };
    let unknown = |name: &str, known, meant| R::UnknownParameter {
        request: "GET /x".into(),
        name: name.into(),
        known,
        meant,
    };
    let four = IpAddr::from([127, 0, 0, 1]);
    let six = IpAddr::from([1, 2, 3, 4, 5, 6, 7, 8u16]);
    let names =
        |address: IpAddr| Denied::Address(Over::Names(Client::from(address).network(), 256));
    let mut all = vec![
        unrouted(Unrouted::NoSuchPath),
        unrouted(Unrouted::MethodNotAllowed("GET, HEAD".into())),
        unknown("lats", &["last", "max"], Some("last")),
        unknown("token", &[], None),
        unknown("x\"", &[], None),
        unknown("x", &["last", "max"], None),
        R::RepeatedParameter("last"),
        R::HostUnknown("plain.example".into()),
        R::HostUnknown("$(rm)".into()),
        R::SeveralOrigins,
        R::ForeignSite("cross-site".into()),
        R::ForeignOrigin("http://x".into()),
        R::TokenInvalid,
        R::TokenRequired(Endpoint::LogOut),
        R::TokenRequired(Endpoint::OwnSession),
        R::CredentialsUnknown,
        R::BasicNotBase64,
        R::BasicNotUtf8,
        R::BasicWithoutColon,
        R::KeyRequired,
        R::KeyWrong,
        R::TooManyKeys(wait),
        R::NotLoggedIn,
        R::LoginNotJson("why".into()),
        R::LoginNotUtf8,
        R::NoRandomness(disk()),
        R::SessionEnded,
        R::NameLost,
        R::BadKey,
        R::KeyReused,
        R::Text(TextError::NotUtf8(3)),
        R::Text(TextError::Empty),
        R::Text(TextError::TooLong),
        R::BadCount("last", 9),
        R::BadLimit(9),
        R::BadSince,
        R::SinceWithLast,
        R::SinceWithBefore,
        R::BadBefore("why".into()),
        R::BadFind(9),
        R::BadPoll,
        R::IdEarlier("log-1.txt".into()),
        R::IdForeign,
        R::IdUnknown,
        R::EventForeign,
        R::EventUnknown,
        R::BeyondLog(77),
        R::LogUnreadable(disk()),
        R::ServerFull,
        R::TooManyConnections(wait),
    ];
    for make in [R::Name, R::NameUnfit] {
        all.extend(
            [
                N::Empty,
                N::TooLong {
                    characters: 9,
                    limit: 8,
                },
                N::TooManyBytes(99),
                N::TooManyMarks,
                N::Forbidden('\u{1b}'),
                N::Reserved,
            ]
            .map(make),
        );
    }
    all.extend(
        [
            Denied::Taken(None),
            Denied::Taken(Some(wait)),
            Denied::Confusable("ann".into()),
            Denied::Already,
            Denied::RoomFull,
            names(four),
            names(six),
            Denied::Address(Over::Joins(wait)),
            Denied::Ended,
            Denied::TooOld,
            Denied::NotYet,
            Denied::TooFast(wait),
            Denied::TooMany,
            Denied::Busy,
            Denied::Stopping,
            Denied::LogFull,
            Denied::LogUnknown,
            Denied::LogGone,
        ]
        .map(R::Room),
    );
    all
}

/// The head and the body of the answer.
fn answer(rejection: &Rejection) -> (String, String) {
    let bytes = rejection.response().whole(Persistence::Keep);
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").expect("a body");
    (head.to_string(), body.to_string())
}

#[test]
fn every_answer_has_the_fields_that_its_status_and_its_sentence_promise() {
    let all = every_kind();
    assert!(all.len() > 70, "{}", all.len());
    for rejection in all {
        let (head, body) = answer(&rejection);
        let status = rejection.status();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        let refusal: Refusal = serde_json::from_str(&body).expect("JSON");
        assert!(refusal.message.ends_with('.'), "{body}");
        let field = |name: &str| {
            let start = format!("\r\n{name}: ");
            let value = head.split(&*start).nth(1)?;
            value.split("\r\n").next().map(str::to_string)
        };
        let only_for = |name: &str, statuses: &[u16]| {
            let there = field(name).is_some();
            assert_eq!(there, statuses.contains(&status), "{name}: {rejection:?}");
        };
        only_for("WWW-Authenticate", &[401]);
        only_for("Allow", &[405]);
        only_for("Content-Range", &[416]);
        let wait = field("Retry-After").map(|wait| wait.parse::<u64>().expect("seconds"));
        // Too fast or too full: waiting helps, unless the disk failed.
        let helps = matches!(status, 429 | 503 | 507) && refusal.error != "unknown";
        assert!(wait.is_some() || !helps, "{rejection:?}");
        assert!(wait.is_none() || helps || status == 409, "{rejection:?}");
        let said = refusal.message.split("ry again in ").nth(1);
        let said = said.or_else(|| refusal.message.split("repeat it in ").nth(1));
        let said = said.and_then(|rest| rest.split_once(" s").map(|(wait, _)| wait.parse()));
        if let Some(Ok(said)) = said {
            assert_eq!(wait, Some(said), "{rejection:?}");
        }
    }
}

#[test]
fn an_answer_is_one_json_object_of_code_sentence_and_limit() {
    let limit = NameError::TooLong {
        characters: 9,
        limit: 8,
    };
    for (rejection, status, json) in [
        (
            Rejection::Room(Denied::Taken(Some(Duration::from_millis(1_500)))),
            409,
            r#"{"error":"name_taken","message":"This name is still held for somebody who just left. Try again in 2 s, or choose another one."}"#,
        ),
        (
            Rejection::Name(limit.clone()),
            422,
            r#"{"error":"name_too_long","message":"A name has at most 8 characters; this one has 9. Choose a shorter one.","limit":8}"#,
        ),
        (
            // The name was once short enough: what was passed is the room's rule, not the client's.
            Rejection::NameUnfit(limit),
            401,
            r#"{"error":"session_over","message":"A name has at most 8 characters; this one has 9. Choose a shorter one."}"#,
        ),
        (
            Rejection::IdEarlier("log-1.txt".into()),
            410,
            r#"{"error":"id_earlier","message":"This id is from an earlier log of this room, log-1.txt, which the operator has. Ask again with since=all, last=50 or a time.","earlier":"log-1.txt"}"#,
        ),
    ] {
        assert_eq!(rejection.status(), status);
        assert_eq!(answer(&rejection).1, format!("{json}\n"));
    }
}

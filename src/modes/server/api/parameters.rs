//! The check of the parameters after the `?` of a path.
//!
//! What always holds: an unknown parameter is refused, with the nearest known one, since a caller whose
//! parameter was ignored would get the answer to another question.

use crate::cli;
use crate::http::Head;
use crate::wire::endpoint::{Endpoint, LAST_EVENT_ID, Parameters};

use super::rejection::Rejection;

/// Parameters of streams that are ignored: clients add them so that no cache answers.
const PASSED_OVER: [&str; 2] = ["_", "r"];
/// The most characters of an unknown name that are repeated in the refusal.
const SHOWN: usize = 40;

/// Checks that all of a request's parameters are known, and that each is there once.
///
/// # Errors
/// One of them is unknown or repeated.
pub(super) fn check(endpoint: Endpoint, head: &Head) -> Result<(), Rejection> {
    let Parameters::Known(known) = endpoint.parameters() else {
        return Ok(());
    };
    let passed_over = |name: &str| endpoint == Endpoint::Events && PASSED_OVER.contains(&name);
    let mut seen: Vec<&str> = Vec::new();
    for (name, _) in head.parameters() {
        match known.iter().find(|known| **known == name) {
            None if passed_over(&name) => {}
            None => {
                return Err(Rejection::UnknownParameter {
                    request: format!("{} {}", head.method, head.path),
                    name: name.chars().take(SHOWN).collect(),
                    known,
                    meant: nearest(&name, known),
                });
            }
            Some(known) if seen.contains(known) => {
                return Err(Rejection::RepeatedParameter(known));
            }
            Some(known) => seen.push(known),
        }
    }
    Ok(())
}

/// The known parameter that `name` is probably a misspelling of.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['_', '-'], "");
    let wrong = plain(name);
    // A long name is no misspelling, and would take long to compare.
    if wrong.is_empty() || wrong.chars().count() > SHOWN {
        return None;
    }
    let steps = |right: &&'static str| (cli::distance(&wrong, &plain(right)), *right);
    let (steps, right) = known.iter().map(steps).min()?;
    // Half of what is left after that many would be a guess.
    (steps <= wrong.len().div_ceil(3)).then_some(right)
}

/// The id after which a returning listener continues: the header's, else the parameter's.
pub(super) fn last_event_id(head: &Head) -> Option<String> {
    let said = |text: &String| !text.is_empty();
    let header = head.field("last-event-id").map(str::to_string);
    header.filter(said).or_else(|| {
        let of = |name: &&str| head.parameter(name).filter(said);
        LAST_EVENT_ID.iter().find_map(of)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Persistence;

    fn head(line: &str) -> Head {
        let text = format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n");
        let head = Head::parse(text.as_bytes());
        head.ok().flatten().expect("a head").0
    }

    fn refused(line: &str) -> Option<String> {
        let head = head(line);
        let endpoint = Endpoint::parse(&head.method, &head.path).expect("an endpoint");
        let refusal = check(endpoint, &head).err()?;
        assert_eq!(refusal.status(), 400);
        let text = String::from_utf8(refusal.response().whole(Persistence::Close)).expect("UTF-8");
        let json: serde_json::Value =
            serde_json::from_str(text.split("\r\n\r\n").nth(1)?).expect("JSON");
        assert_eq!(json["error"], "bad_parameter");
        json["message"].as_str().map(str::to_string)
    }

    #[test]
    fn what_is_misspelt_is_named_with_what_was_meant() {
        for (line, meant) in [
            ("GET /events?sinse=5m", "since"),
            ("GET /events?Since=5m", "since"),
            ("HEAD /events?lats=5", "last"),
            ("GET /events?poll=1&tokn=x", "token"),
            ("GET /events?LastEventID=x", "lastEventId"),
            ("GET /events?last-event-id=x", "lastEventId"),
            ("GET /messages?befor=x", "before"),
            ("GET /messages?limits=5", "limit"),
            ("GET /messages?f%69nds=x", "find"),
        ] {
            let told = refused(line).expect(line);
            assert!(
                told.ends_with(&format!("; perhaps you meant {meant}.")),
                "{told}"
            );
        }
        for (line, told) in [
            (
                "GET /messages?utm_source=x",
                "GET /messages has no parameter \"utm_source\". It has before, since, find, limit.",
            ),
            (
                "GET /members?x=1",
                "GET /members takes no parameters. Leave \"x\" out.",
            ),
            (
                "GET /messages/1-2-3?token=x",
                "GET /messages/1-2-3 has no parameter \"token\". Send the token as Authorization: Bearer.",
            ),
            (
                "POST /messages?limit=5",
                "POST /messages takes no parameters. Leave \"limit\" out.",
            ),
            (
                "GET /health?=",
                "GET /health takes no parameters. Leave \"\" out.",
            ),
        ] {
            assert_eq!(refused(line).as_deref(), Some(told));
        }
        let long = refused(&format!("GET /events?{}=1", "%0a".repeat(2000)));
        assert!(long.expect("a refusal").len() < 200);
    }

    #[test]
    fn what_is_there_twice_is_refused() {
        for (line, name) in [
            ("GET /events?last=1&last=2", "last"),
            ("GET /events?since=all&poll=1&since=all", "since"),
            ("GET /messages?limit=5&l%69mit=5", "limit"),
        ] {
            let wanted = format!("The parameter {name} is given more than once. Give it once.");
            assert_eq!(refused(line), Some(wanted), "{line}");
        }
        assert_eq!(refused("GET /events?_=1&_=2"), None);
    }

    #[test]
    fn what_others_append_is_passed_over_where_that_is_so() {
        for line in [
            "GET /?fbclid=x&utm_source=y",
            "GET /events?_=1&r=0.5&since=all&last=5&max=5&poll=1&token=x&lastEventId=&last_event_id=y",
            "GET /events?",
            "GET /messages?before=x&since=y&find=z&limit=5",
            "GET /members",
        ] {
            assert_eq!(refused(line), None, "{line}");
        }
        assert!(refused("GET /messages?_=1").is_some());
    }

    #[test]
    fn the_header_goes_before_the_parameter_and_nothing_is_no_place() {
        let place = |target: &str, field: &str| {
            let text = format!("GET {target} HTTP/1.1\r\nHost: x\r\n{field}\r\n\r\n");
            let head = Head::parse(text.as_bytes()).ok().flatten();
            last_event_id(&head.expect("a head").0)
        };
        let header = "Last-Event-ID: a";
        for (target, field, wanted) in [
            ("/events", "X: y", None),
            ("/events", header, Some("a")),
            ("/events?lastEventId=b", header, Some("a")),
            ("/events?lastEventId=b", "Last-Event-ID:", Some("b")),
            ("/events?last_event_id=c", "X: y", Some("c")),
            ("/events?lastEventId=&last_event_id=c", "X: y", Some("c")),
            ("/events?lastEventId=", "X: y", None),
        ] {
            assert_eq!(place(target, field).as_deref(), wanted, "{target} {field}");
        }
    }
}

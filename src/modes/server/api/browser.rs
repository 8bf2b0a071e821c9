//! Protection from pages of other sites: they can make their reader's browser do nothing here.
//!
//! What always holds:
//!
//! - A request to a name that is not the server's gets nothing but a refusal, so that a foreign page
//!   does not become one of ours by a name that was made to lead here.
//! - A page is ours if its host *and* port are those that the request was sent to, or a name of
//!   `--host-name`. Another port of the same machine is another server, even under the same name. A
//!   request that came by TLS is never from a page without it.
//! - Browsers send `Sec-Fetch-Site` to encrypted and local addresses only: on a plain address of a
//!   network, `Origin` alone decides.

use std::net::IpAddr;

use crate::http::{Head, host};
use crate::wire::endpoint::HOME;

use super::rejection::Rejection;

/// The names of the server, in lower case.
#[derive(Debug)]
pub struct Hosts {
    /// The names of `--host-name`, with the port if one was given.
    given: Vec<(String, Option<u16>)>,
    /// The machine's own names.
    own: Vec<String>,
}

impl Hosts {
    /// `given` are the names the operator gave, `own` those of the machine.
    pub fn new(given: &[String], own: &[String]) -> Hosts {
        let lower = |name: &String| name.to_ascii_lowercase();
        let split = |name: String| {
            let (host, port) = split(&name);
            (host.to_string(), port)
        };
        Hosts {
            given: given.iter().map(lower).map(split).collect(),
            own: own.iter().map(lower).collect(),
        }
    }

    /// Refuses a request that a foreign page or a rebound name made a browser send; `encrypted` is one
    /// that came to a proxy by TLS.
    ///
    /// # Errors
    /// `Host` is not a name of this server, the page is another site's, or there are several `Origin` fields.
    pub(super) fn check(&self, head: &Head, encrypted: bool) -> Result<(), Rejection> {
        if let Some(host) = &head.host
            && !self.is_ours(host)
        {
            return Err(Rejection::HostUnknown(split(host).0.to_string()));
        }
        let mut origins = fields(head, "origin");
        let origin = origins.next();
        if origins.next().is_some() {
            return Err(Rejection::SeveralOrigins);
        }
        if let Some(site) = fields(head, "sec-fetch-site").find(|site| is_foreign(site))
            && !is_link(head)
        {
            return Err(Rejection::ForeignSite(site.to_string()));
        }
        match origin {
            Some(origin) if !self.is_page(origin, head.host.as_deref(), encrypted) => {
                Err(Rejection::ForeignOrigin(origin.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Tells whether the operator gave the name.
    pub(super) fn has(&self, host: &str) -> bool {
        let host = split(host).0;
        let mut given = self.given.iter();
        given.any(|(name, _)| name.eq_ignore_ascii_case(host))
    }

    /// Tells whether a page of `origin` is this server's, which was asked as `host`.
    fn is_page(&self, origin: &str, host: Option<&str>, encrypted: bool) -> bool {
        let origin = origin.to_ascii_lowercase();
        let Some((scheme, theirs)) = origin.split_once("://") else {
            return false;
        };
        let usual = match scheme {
            "http" if !encrypted => 80,
            "https" => 443,
            _ => return false,
        };
        let whole = |(name, port): (&str, Option<u16>)| (name.to_string(), port.unwrap_or(usual));
        let page = whole(split(theirs));
        let asked = host.map(str::to_ascii_lowercase);
        let asked = asked.as_deref().map(|host| whole(split(host)));
        // A name of the operator's has the port it was given with, else that which was asked, or
        // the usual one where a proxy asks by another name.
        let named = self.given.iter().any(|(name, port)| {
            let known = match &asked {
                _ if port.is_some() => *port == Some(page.1),
                Some((asked, _)) if asked == name => false,
                Some((_, asked)) => page.1 == usual || page.1 == *asked,
                None => page.1 == usual,
            };
            *name == page.0 && known
        });
        named || asked == Some(page)
    }

    fn is_ours(&self, host: &str) -> bool {
        let host = split(host).0.to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host);
        let local = ["localhost", "local", "lan", "internal", "home.arpa"];
        // It is shown in lines that people paste into a shell.
        if !host::is_plain(host) {
            return false;
        }
        host.parse::<IpAddr>().is_ok()
            || (!host.contains('.') && !host.contains(':'))
            || local.iter().any(|end| {
                host.strip_suffix(end)
                    .is_some_and(|front| front.is_empty() || front.ends_with('.'))
            })
            || self.given.iter().any(|(name, _)| name == host)
            || self.own.iter().any(|name| name == host)
    }
}

fn fields<'a>(head: &'a Head, name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = head.fields().iter().filter(move |(n, _)| n == name);
    named.map(|(_, value)| value.trim())
}

fn is_foreign(site: &str) -> bool {
    ["cross-site", "same-site"]
        .iter()
        .any(|other| site.eq_ignore_ascii_case(other))
}

/// Tells whether a reader follows a link to the room, as from a wiki: this shows the room to the reader, and
/// nothing to the page with the link.
fn is_link(head: &Head) -> bool {
    let is = |name, value| fields(head, name).all(|v| v.eq_ignore_ascii_case(value));
    head.method == "GET"
        && head.path == HOME
        && head.field("sec-fetch-mode").is_some()
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document")
}

/// A host without its port and brackets, and the port.
fn split(host: &str) -> (&str, Option<u16>) {
    if let Some(rest) = host.strip_prefix('[') {
        let (name, port) = rest.split_once(']').unwrap_or((rest, ""));
        return (name, port.strip_prefix(':').and_then(|p| p.parse().ok()));
    }
    match host.split_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, port.parse().ok()),
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(hosts: &Hosts, line: &str, fields: &str) -> u16 {
        let text = format!("{line} HTTP/1.1\r\n{fields}\r\n\r\n");
        let parsed = Head::parse(text.as_bytes()).expect("a head");
        let head = parsed.expect("whole").0;
        let encrypted = head.field("x-forwarded-proto") == Some("https");
        let checked = hosts.check(&head, encrypted);
        checked.err().map_or(200, |rejection| rejection.status())
    }

    fn hosts(given: &[&str]) -> Hosts {
        let given: Vec<String> = given.iter().map(|name| name.to_string()).collect();
        // As with `--listen 127.0.0.1:1337`.
        Hosts::new(&given, &["box".into(), "127.0.0.1".into()])
    }

    #[test]
    fn names_that_lead_here_and_names_that_do_not() {
        let hosts = hosts(&["chat.example.org", "Talk.example.org:8443"]);
        let of = |host: &str| status(&hosts, "GET /", &format!("Host: {host}"));
        for ours in [
            "10.0.0.1:1337",
            "[::1]:1337",
            "localhost",
            "a.localhost:1",
            "printer",
            "box.local",
            "x.home.arpa.",
            "chat.example.org",
            "CHAT.example.org:80",
            "talk.example.org",
        ] {
            assert_eq!(of(ours), 200, "{ours}");
        }
        for foreign in [
            "evil.example",
            "example.org:1337",
            "notlocal.evil",
            "evil.notlocal",
            "evil.wlan",
            "xlocalhost.com",
            "",
            ":80",
        ] {
            assert_eq!(of(foreign), 421, "{foreign}");
        }
    }

    #[test]
    fn a_page_is_ours_by_host_and_port() {
        let hosts = hosts(&["chat.example.org", "talk.example.org:8443"]);
        let post = |host: &str, origin: &str| {
            let fields = format!("Host: {host}\r\nOrigin: {origin}");
            status(&hosts, "POST /messages", &fields)
        };
        for (host, origin) in [
            ("10.0.0.1:1337", "http://10.0.0.1:1337"),
            ("10.0.0.1", "http://10.0.0.1"),
            ("10.0.0.1:80", "http://10.0.0.1"),
            ("127.0.0.1:1337", "http://127.0.0.1:1337"),
            ("[fd00::7]:1337", "http://[fd00::7]:1337"),
            ("Box:1337", "http://box:1337"),
            ("box", "https://box"),
            // A proxy asks for the address, the page has the name.
            ("10.0.0.1:1337", "https://chat.example.org"),
            ("127.0.0.1:1337", "http://chat.example.org"),
            ("chat.example.org:8080", "http://chat.example.org:8080"),
            ("chat.example.org", "https://chat.example.org"),
            ("talk.example.org", "https://talk.example.org:8443"),
        ] {
            assert_eq!(post(host, origin), 200, "{host} {origin}");
        }
        for (host, origin) in [
            // Another port of the machine, also of one that `--listen` names.
            ("127.0.0.1:1337", "http://127.0.0.1:8080"),
            ("127.0.0.1:1337", "http://127.0.0.1"),
            ("127.0.0.1", "http://127.0.0.1:8080"),
            ("10.0.0.1:1337", "http://10.0.0.1:8080"),
            ("10.0.0.1:1337", "http://10.0.0.1"),
            ("10.0.0.1:1337", "http://127.0.0.1:1337"),
            ("box:1337", "http://box:8080"),
            ("[fd00::7]:1337", "http://[fd00::7]:8080"),
            ("chat.example.org", "https://chat.example.org:8080"),
            ("10.0.0.1:1337", "https://talk.example.org"),
            // What else runs on a machine that has the name.
            ("chat.example.org:1337", "http://chat.example.org"),
            ("chat.example.org:1337", "https://chat.example.org"),
            ("chat.example.org", "http://chat.example.org:1337"),
            ("10.0.0.1:1337", "http://evil.example"),
            ("10.0.0.1:1337", "http://10.0.0.1:1337.evil.example"),
            ("10.0.0.1:1337", "10.0.0.1:1337"),
            ("10.0.0.1:1337", "ftp://10.0.0.1:1337"),
            ("10.0.0.1:1337", "null"),
            ("10.0.0.1:1337", ""),
        ] {
            assert_eq!(post(host, origin), 403, "{host} {origin}");
        }
        // A proxy that was asked by TLS has no page without it.
        for (host, page, status) in [
            ("chat.example.org", "https://chat.example.org", 200),
            ("chat.example.org", "http://chat.example.org", 403),
            ("127.0.0.1:1337", "https://chat.example.org", 200),
            ("127.0.0.1:1337", "http://chat.example.org", 403),
            ("127.0.0.1:1337", "http://127.0.0.1:1337", 403),
        ] {
            let host = format!("{host}\r\nX-Forwarded-Proto: https");
            assert_eq!(post(&host, page), status, "{host} {page}");
        }
        let twice = "Host: 10.0.0.1\r\nOrigin: http://10.0.0.1\r\nOrigin: http://10.0.0.1";
        assert_eq!(status(&hosts, "POST /messages", twice), 400);
    }

    #[test]
    fn what_the_browser_says_of_the_page_decides_where_it_says_it() {
        let hosts = hosts(&[]);
        let ask = |line: &str, fields: &str| {
            let all = format!("Host: localhost:1337\r\n{fields}");
            status(&hosts, line, &all)
        };
        for site in ["same-origin", "none", "something-new"] {
            let fields = format!("Sec-Fetch-Site: {site}");
            assert_eq!(ask("GET /messages", &fields), 200, "{site}");
        }
        for site in ["cross-site", "same-site", "Cross-Site"] {
            // An image, a form, an old page's script: none of these need have an Origin.
            for line in ["GET /log.txt", "POST /messages", "GET /", "HEAD /"] {
                let fields = format!("Sec-Fetch-Site: {site}\r\nSec-Fetch-Mode: no-cors");
                assert_eq!(ask(line, &fields), 403, "{line} {site}");
            }
            let link = format!("Sec-Fetch-Site: {site}\r\nSec-Fetch-Mode: navigate");
            assert_eq!(ask("GET /", &link), 200, "{site}");
            let link = format!("{link}\r\nSec-Fetch-Dest: document");
            assert_eq!(ask("GET /", &link), 200, "{site}");
            assert_eq!(ask("GET /messages", &link), 403, "{site}");
            assert_eq!(ask("POST /", &link), 403, "{site}");
            let frame = format!(
                "Sec-Fetch-Site: {site}\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe"
            );
            assert_eq!(ask("GET /", &frame), 403, "{site}");
            // A word that suits does not undo one that does not.
            let both = format!("Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: {site}");
            assert_eq!(ask("POST /messages", &both), 403, "{site}");
        }
    }
}

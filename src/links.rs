//! Where a text has links to the web: the only ones that are ever made into something to press.

use std::ops::Range;

use linkify::{LinkFinder, LinkKind};

/// Where the text has links (http, https), in order, not overlapping. Links to bare IPv6 addresses
/// are not recognised.
pub fn links(text: &str) -> Vec<Range<usize>> {
    // A colon alone makes the finder look for the beginning of a scheme.
    if !text.contains("://") {
        return Vec::new();
    }
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    finder.url_must_have_scheme(true);
    let ours = finder.links(text).filter(|link| opens(link.as_str()));
    ours.map(|link| link.start()..link.end()).collect()
}

/// Whether a link may be given to a browser: http and https only, whatever else it would open.
pub fn opens(link: &str) -> bool {
    link.split_once("://").is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    })
}

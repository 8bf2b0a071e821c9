//! The comparison of this window's version with the server's.

/// The sentence about a server of another version; `None` if the two go together (the same major
/// version, and while that is 0 the same minor one), or if the server does not say its version.
pub fn version_sentence(server: Option<&str>) -> Option<String> {
    sentence(server?, env!("CARGO_PKG_VERSION"))
}

fn sentence(server: &str, window: &str) -> Option<String> {
    let (theirs, ours) = (numbers(server), numbers(window));
    let word = match theirs.map(compatible).cmp(&ours.map(compatible)) {
        std::cmp::Ordering::Equal => return None,
        _ if theirs.is_none() => "Use the same version on both sides.",
        std::cmp::Ordering::Less => "Ask the operator to update the server.",
        std::cmp::Ordering::Greater => "Update this window.",
    };
    let server: String = super::presentable(server).chars().take(40).collect();
    Some(format!(
        "The server is chatroom {server} and this window is {window}: they may not understand each \
         other. {word}"
    ))
}

/// The major and the minor number.
fn numbers(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.split(['.', '-', '+']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The numbers that must be the same on both sides: from 1.0 on the major one alone.
fn compatible((major, minor): (u64, u64)) -> (u64, u64) {
    (major, if major == 0 { minor } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_that_do_not_go_together_are_worth_a_sentence() {
        for (server, window) in [
            ("0.1.0", "0.1.9"),
            ("0.1.0-rc1", "0.1.0"),
            ("1.2.0", "1.7.3"),
            ("2.0", "2.1.0"),
        ] {
            assert_eq!(sentence(server, window), None, "{server} {window}");
        }
        assert_eq!(version_sentence(None), None);
        assert_eq!(version_sentence(Some(env!("CARGO_PKG_VERSION"))), None);
        for (server, window, end) in [
            ("0.2.0", "0.1.0", "Update this window."),
            ("1.0.0", "0.1.0", "Update this window."),
            ("0.1.0", "0.2.0", "Ask the operator to update the server."),
            ("1.9.0", "2.0.0", "Ask the operator to update the server."),
            ("huge", "0.1.0", "Use the same version on both sides."),
        ] {
            let said = sentence(server, window).expect(server);
            assert!(said.contains(&format!("chatroom {server} and this window is {window}")));
            assert!(said.ends_with(end), "{said}");
        }
    }

    #[test]
    fn a_version_that_is_none_moves_no_cursor_and_is_not_long() {
        let said = sentence(&format!("\u{1b}[2J\n{}", "9".repeat(500)), "0.1.0").expect("it");
        assert!(
            !said.contains(char::is_control) && said.len() < 200,
            "{said}"
        );
    }
}

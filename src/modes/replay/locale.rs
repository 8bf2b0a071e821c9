//! The environment's statement about the terminal's characters.

/// Returns whether the locale shows UTF-8 (POSIX: the first of the three variables that is set).
pub(super) fn is_utf8() -> bool {
    is_utf8_in(|name| std::env::var(name).ok())
}

fn is_utf8_in(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_says_whether_blocks_can_be_shown() {
        let asked = |set: &[(&str, &str)]| {
            is_utf8_in(|name| {
                let found = set.iter().find(|(set, _)| *set == name);
                found.map(|(_, value)| value.to_string())
            })
        };
        assert!(asked(&[("LANG", "de_DE.UTF-8")]));
        assert!(asked(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(asked(&[("LC_ALL", ""), ("LANG", "en_GB.UTF-8")]));
        assert!(!asked(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]));
        assert!(!asked(&[]));
    }
}

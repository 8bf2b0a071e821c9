//! Names that would pass for the room itself, in any spelling.
//!
//! A name is reserved if it reads as one of the list: in letters of other scripts that look alike
//! (Unicode Technical Standard #39, section 4), with digits and signs for letters (`adm1n`), in
//! letters in boxes, with accents, and with spaces, full stops or emoji between or around them.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use super::{is_mark, lowered_skeleton};

const RESERVED: [&str; 14] = [
    "server",
    "system",
    "admin",
    "admins",
    "administrator",
    "root",
    "operator",
    "moderator",
    "mod",
    "room",
    "chatroom",
    "everyone",
    "all",
    "here",
];

/// The skeletons of the reserved names in lower case.
static SKELETONS: LazyLock<HashSet<String>> =
    LazyLock::new(|| RESERVED.iter().map(|name| lowered_skeleton(name)).collect());

/// The skeletons of the reserved names in the usual capitalisations: `AII` looks like `All`, though it
/// is `aii` in lower case, and `ALI` does not.
static SHAPES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let cases = |name: &&str| {
        let (first, rest) = name.split_at(1);
        let title = first.to_uppercase() + rest;
        [name.to_string(), title, name.to_uppercase()]
    };
    let names = RESERVED.iter().flat_map(cases);
    names
        .map(|name| unicode_security::skeleton(&name).collect())
        .collect()
});

/// Tells whether a name, given as shown and as folded, reads as a reserved one.
pub fn is_reserved(shown: &str, folded: &str) -> bool {
    let shape: String = unicode_security::skeleton(&bare(shown)).collect();
    if SHAPES.contains(&shape) {
        return true;
    }
    // Signs may stand for letters, or for nothing; 1 stands for i or l.
    [
        bare(folded),
        bare(&spelt_out(folded, 'i')),
        bare(&spelt_out(folded, 'l')),
        bare(&spelt_out(&bare(folded), 'i')),
        bare(&spelt_out(&bare(folded), 'l')),
    ]
    .iter()
    .any(|reading| SKELETONS.contains(&lowered_skeleton(reading)))
}

/// The letters and digits of a text, without accents; empty if there is no letter: `411` is a number.
fn bare(text: &str) -> String {
    let reads = |c: &char| c.is_alphanumeric() && !is_mark(*c);
    let bare: String = text.nfd().filter(reads).collect();
    if bare.chars().any(char::is_alphabetic) {
        bare
    } else {
        String::new()
    }
}

/// Replaces digits, signs and letters in boxes by the letters that they stand for; `one` replaces a 1.
fn spelt_out(text: &str, one: char) -> String {
    if !text.chars().any(char::is_alphabetic) {
        return String::new();
    }
    let letter = |first: u32, c: char| char::from(b'a' + (u32::from(c) - first) as u8);
    let spelt = |c: char| match c {
        '0' => 'o',
        '1' | '!' | '|' | '¡' => one,
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '\u{1f150}'..='\u{1f169}' => letter(0x1f150, c),
        '\u{1f170}'..='\u{1f189}' => letter(0x1f170, c),
        '\u{1f1e6}'..='\u{1f1ff}' => letter(0x1f1e6, c),
        c => c,
    };
    // A sign that looks like a letter counts as that letter.
    unicode_security::skeleton(&text.chars().map(spelt).collect::<String>()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Name, NameError};

    fn passes(raw: &str) -> bool {
        match Name::new(raw, 64) {
            Ok(_) => true,
            Err(NameError::Reserved) => false,
            Err(other) => panic!("{raw:?}: {other}"),
        }
    }

    #[test]
    fn what_reads_as_a_reserved_name_is_one() {
        for raw in [
            "server",
            "SERVER",
            "Admin",
            "ѕystem",
            "r00t",
            " here ",
            "admin.",
            ".admin",
            "ad min",
            "a d m i n",
            "adm1n",
            "ADM1N",
            "adm!n",
            "adm|n",
            "@dmin",
            "adm1n1strator",
            "5erver",
            "$erver",
            "$3rv3r",
            "4dmin",
            "ad-min",
            "ad_min",
            "-admin-",
            "«admin»",
            "ádmin",
            "ạdmın",
            "ädmin",
            "admin🙂",
            "👑 admin",
            "🅰dmin",
            "🅰🅳🅼🅸🅽 x".trim_end_matches(" x"),
            "ⓐdmin",
            "аdmin",
            "αdmin",
            "adrnin",
            "Аll",
            "AII",
            "aII",
            "a11",
            "A11",
            "@all",
            "@here",
            "m0d",
            "rnod",
            "ro0m",
            "chat room",
            "every one",
            "admin's".trim_end_matches("'s"),
            "ad·min",
            "admin*",
            "root+",
            "adm\u{131}n",
        ] {
            assert!(!passes(raw), "{raw:?} got in");
        }
    }

    #[test]
    fn what_does_not_read_as_one_is_a_name() {
        for raw in [
            "Ali", "ALI", "ali", "Али", "Ail", "Allan", "Heron", "Modi", "Roomi", "Rooth", "411",
            "7", "0", "Adnan", "Admira", "Serverin", "Moda", "1001", "Herera", "!!", "🦀", "ooo",
            "Al", "l",
        ] {
            assert!(passes(raw), "{raw:?} was refused");
        }
    }
}

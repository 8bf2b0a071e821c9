//! The document around the conversation: head, search, and totals at the end.
//!
//! Invariant: hashes tell the browser the document's own style and script; nothing else may be loaded, run or
//! sent (Content Security Policy Level 3).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::Totals;
use super::text::{HUES, put};
use super::wall_clock;
use crate::hue::{contrast, from_hsl};
use crate::modes::replay::wording::counted_in_groups;

const SCRIPT: &str = include_str!("document.js");
pub(super) const STYLE: &str = include_str!("document.css");

/// The backgrounds of names in the light and the dark theme: `--surface`, `--found`, `--now`, `--here`.
pub(super) const LIGHT: [u32; 4] = [0xff_ffff, 0xff_f4b8, 0xff_dd7a, 0xea_f1ff];
pub(super) const DARK: [u32; 4] = [0x1a_1c20, 0x3b_3710, 0x54_4500, 0x22_2c3d];
/// The least contrast (WCAG 2.2, 1.4.3).
pub(super) const LEAST: f64 = 4.5;
/// The saturation of names.
const SATURATION: f64 = 0.7;

/// Appends everything before the conversation.
pub(super) fn begin(name: &str, out: &mut Vec<u8>) {
    let name = name.rsplit('/').next().unwrap_or(name);
    let mut title = Vec::new();
    put(name, &mut title);
    let title = String::from_utf8_lossy(&title);
    let style = style();
    let (script_hash, style_hash) = (hash(SCRIPT), hash(&style));
    let head = format!(
        "<!DOCTYPE html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         script-src '{script_hash}'; style-src '{style_hash}'; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n\
         <style>{style}</style>\n\
         </head>\n\
         <body>\n\
         <header>\n\
         <h1><bdi>{title}</bdi></h1>\n\
         <a href=\"#end\">To the end</a>\n\
         </header>\n\
         <search>\n\
         <form id=\"search\" hidden>\n\
         <input type=\"search\" aria-label=\"Search names and messages\" placeholder=\"Search\" \
         autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\" enterkeyhint=\"search\">\n\
         <output aria-live=\"polite\"></output>\n\
         <button type=\"button\" aria-label=\"Find the one before\" title=\"The one before \
         (Shift+Enter)\">\u{2191}</button>\n\
         <button aria-label=\"Find the next\" title=\"The next (Enter)\">\u{2193}</button>\n\
         </form>\n\
         </search>\n\
         <main>\n"
    );
    out.extend_from_slice(head.as_bytes());
}

/// Appends everything after the conversation.
pub(super) fn end(totals: &Totals, out: &mut Vec<u8>) {
    let mut words = counted_in_groups(totals.messages, "message", "messages");
    if totals.passing > 0 {
        words += " and ";
        words += &counted_in_groups(totals.passing, "join or leave", "joins and leaves");
    }
    let mut zones = String::new();
    if let Some((first, last)) = totals.span {
        let (span, zone) = wall_clock::span(first, last);
        words += &span;
        zones = format!(" Times are {zone}.");
    }
    words.push('.');
    if totals.damaged > 0 {
        let lines = counted_in_groups(totals.damaged, "line is", "lines are");
        words += &format!(" {lines} damaged.");
    }
    let nothing = if totals.span.is_none() && totals.damaged == 0 {
        "<p>Nothing in this log is selected.</p>\n"
    } else {
        ""
    };
    let end = format!(
        "{nothing}</main>\n\
         <footer id=\"end\">\n\
         <p>{words}{zones}</p>\n\
         <p>Made by chatroom replay {}.</p>\n\
         </footer>\n\
         <script>{SCRIPT}</script>\n\
         </body>\n\
         </html>\n",
        env!("CARGO_PKG_VERSION")
    );
    out.extend_from_slice(end.as_bytes());
}

/// The document's style, with a colour for every step of hue.
pub(super) fn style() -> String {
    let mut style = STYLE.to_string();
    for (grounds, is_dark) in [(&LIGHT, false), (&DARK, true)] {
        style += if is_dark {
            "@media screen and (prefers-color-scheme: dark) {\n"
        } else {
            ""
        };
        for step in 0..HUES {
            let hue = (step as f64 + 0.5) * 360.0 / HUES as f64;
            let colour = readable(hue, grounds, is_dark);
            // Writing to a String cannot fail.
            let _ = write!(style, ".c{step}{{color:#{colour:06x}}}");
        }
        style += if is_dark { "}\n" } else { "\n" };
    }
    style
}

/// The brightest (on dark, the darkest) colour of that hue that is readable on all these backgrounds.
fn readable(hue: f64, grounds: &[u32], is_dark: bool) -> u32 {
    let mut found = if is_dark { 0xff_ffff } else { 0 };
    for step in 0..=100 {
        let lightness = if is_dark { step } else { 100 - step };
        let colour = from_hsl(hue, SATURATION, f64::from(lightness) / 100.0);
        if grounds
            .iter()
            .all(|ground| contrast(colour, *ground) >= LEAST)
        {
            found = colour;
            break;
        }
    }
    found
}

/// The hash by which a policy allows a style or script.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

//! Text of a log, key, path or server to text that a terminal shows and does not obey.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns the text with every character that a terminal could obey, or that reorders or hides
/// others, as `\u{…}`.
///
/// ```
/// use trailmill::escape::printable;
/// assert_eq!(printable("aws-cli/2.27"), "aws-cli/2.27");
/// assert_eq!(printable("\u{1b}[31mred\u{202e}"), r"\u{1b}[31mred\u{202e}");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Controls (C0, delete, C1), line separators, bidirectional controls, zero-width and tag characters.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(printable(text), expected);
    }

    #[test]
    fn leaves_what_people_write() {
        for text in ["", "ana@example.com", "José 東京 🦀", r"\u{1b} as text"] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn shows_what_a_terminal_would_obey() {
        check("\u{1b}]0;owned\u{7}", r"\u{1b}]0;owned\u{7}");
        check("a\tb\nc\rd\u{7f}", r"a\u{9}b\u{a}c\u{d}d\u{7f}");
        check("\u{9b}31m", r"\u{9b}31m");
        check(
            "user\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}",
            r"user\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}",
        );
    }
}

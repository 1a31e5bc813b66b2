//! Text from keys, logs and servers, made fit for a terminal: what would move the cursor, hide or reorder
//! other text is written as `\u{..}`.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns the text with everything that is not plainly visible written as `\u{..}`.
///
/// ```
/// use trailmill::escape::printable;
/// assert_eq!(printable("eu-west-1"), "eu-west-1");
/// assert_eq!(printable("\u{1b}[31mred"), "\\u{1b}[31mred");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) || !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut visible = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            write!(visible, "\\u{{{:x}}}", u32::from(c)).expect("a String takes everything");
        } else {
            visible.push(c);
        }
    }
    Cow::Owned(visible)
}

/// Returns valid JSON as the same JSON with everything in its strings that is not plainly visible written as `\uXXXX`.
///
/// ```
/// use trailmill::escape::printable_json;
/// assert_eq!(printable_json("{\"a\": \"\u{9b}2J\"}"), r#"{"a": "\u009b2J"}"#);
/// ```
pub fn printable_json(json: &str) -> Cow<'_, str> {
    // C0 controls stand in valid JSON as white space outside strings alone.
    let is_hidden = |c: char| c >= ' ' && is_hidden(c);
    if json.bytes().all(|b| b < 0x7f) || !json.contains(is_hidden) {
        return Cow::Borrowed(json);
    }
    let mut visible = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(visible, "\\u{unit:04x}").expect("a String takes everything");
            }
        } else {
            visible.push(c);
        }
    }
    Cow::Owned(visible)
}

/// Controls (C0, DEL, C1), separators, and the format characters that reorder, join or hide text.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(
            printable("AWSLogs/111122223333/CloudTrail/"),
            Cow::Borrowed(_)
        ));
        assert!(matches!(printable("Zoë 東京 🦀"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        for (text, visible) in [
            ("a\u{1b}]0;title\u{7}", "a\\u{1b}]0;title\\u{7}"),
            ("line\nbreak\r\t", "line\\u{a}break\\u{d}\\u{9}"),
            ("c1 \u{9b}31m", "c1 \\u{9b}31m"),
            (
                "bidi \u{202e}gpj.exe\u{2069}",
                "bidi \\u{202e}gpj.exe\\u{2069}",
            ),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("\u{2028}\u{7f}\u{e0041}", "\\u{2028}\\u{7f}\\u{e0041}"),
        ] {
            assert_eq!(printable(text), visible);
        }
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            prop_assert!(!printable(&text).contains(is_hidden));
        }

        #[test]
        fn json_stays_the_same_json(texts in prop::collection::btree_map(any::<String>(), any::<String>(), 0..4)) {
            let json = serde_json::to_string_pretty(&texts).expect("serializes");
            let visible = printable_json(&json);
            prop_assert!(!visible.contains(|c| c != '\n' && is_hidden(c)));
            prop_assert_eq!(serde_json::from_str::<std::collections::BTreeMap<String, String>>(&visible).expect("JSON"), texts);
        }
    }
}

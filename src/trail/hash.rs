//! What makes two records the same content: XXH3 of a record's bytes without white space outside strings.

use std::borrow::Cow;

use super::scan;

/// Returns the content hash of a record: XXH3 (64 bits, seed 0) of its bytes without white space outside strings,
/// as a signed integer.
pub fn content_hash(record: &[u8]) -> i64 {
    xxhash_rust::xxh3::xxh3_64(&without_space(record)).cast_signed()
}

/// Returns JSON without white space outside strings. CloudTrail writes none, so nearly always the bytes themselves.
pub fn without_space(record: &[u8]) -> Cow<'_, [u8]> {
    if may_have_space(record) {
        Cow::Owned(strip(record))
    } else {
        Cow::Borrowed(record)
    }
}

/// Returns false only where there is surely no white space outside strings: of two neighbouring tokens at least one is
/// a bracket, a comma or a colon, and raw control characters never stand in strings.
fn may_have_space(record: &[u8]) -> bool {
    let is_structural =
        |at: Option<&u8>| at.is_none_or(|b| matches!(b, b'{' | b'}' | b'[' | b']' | b',' | b':'));
    memchr::memchr3(b'\n', b'\r', b'\t', record).is_some()
        || memchr::memchr_iter(b' ', record).any(|at| {
            is_structural(at.checked_sub(1).and_then(|before| record.get(before)))
                || is_structural(record.get(at + 1))
        })
}

fn strip(record: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(record.len());
    let mut at = 0;
    while let Some(byte) = record.get(at) {
        if *byte == b'"' {
            let end = scan::string_end(record, at)
                .unwrap_or(record.len())
                .min(record.len());
            out.extend_from_slice(&record[at..end]);
            at = end;
        } else {
            if !scan::is_space(*byte) {
                out.push(*byte);
            }
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn white_space_outside_strings_does_not_count() {
        let compact = br#"{"a":"x, y","b":[1,"c: { d"],"e":"\" "}"#;
        let spaced = br#" { "a" : "x, y",
            "b": [1, "c: { d"]	,"e":"\" " } "#;
        assert_eq!(content_hash(compact), content_hash(spaced));
        assert_ne!(
            content_hash(compact),
            content_hash(br#"{"a":"x,y","b":[1,"c: { d"],"e":"\" "}"#)
        );
    }

    #[test]
    fn the_hash_is_the_same_on_every_machine_and_in_every_version() {
        assert_eq!(
            content_hash(br#"{"eventID":"1"}"#),
            -8_461_618_085_851_423_755
        );
    }

    proptest! {
        #[test]
        fn the_quick_look_never_misses_a_space(text in "[{}\\[\\],: a\"\\\\]{0,24}") {
            let stripped = strip(text.as_bytes());
            prop_assert!(stripped == text.as_bytes() || may_have_space(text.as_bytes()) || serde_json::from_str::<serde_json::Value>(&text).is_err());
        }

        #[test]
        fn pretty_and_compact_are_equal(keys in prop::collection::btree_map("[a-z ,:]{0,4}", "[a-z ,:{}\"]{0,6}", 0..4)) {
            let compact = serde_json::to_string(&keys).expect("serializes");
            let pretty = serde_json::to_string_pretty(&keys).expect("serializes");
            prop_assert_eq!(content_hash(compact.as_bytes()), content_hash(pretty.as_bytes()));
        }
    }
}

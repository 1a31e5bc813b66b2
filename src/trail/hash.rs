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

/// Returns false only where there is surely no white space outside strings. Raw control characters never stand in
/// strings; spaces do, and what stands around them tells nearly all of those apart.
fn may_have_space(record: &[u8]) -> bool {
    memchr::memchr3(b'\n', b'\r', b'\t', record).is_some()
        || memchr::memchr_iter(b' ', record)
            // What follows a space stands where that one does.
            .filter(|at| {
                at.checked_sub(1)
                    .is_none_or(|before| record[before] != b' ')
            })
            .any(|at| may_be_outside(record, at))
}

/// Returns false only where the space at `at` surely stands in a string: outside, it stands between two tokens of JSON.
fn may_be_outside(record: &[u8], at: usize) -> bool {
    let end = scan::trim_end(record, at);
    let Some(before) = end.checked_sub(1) else {
        return true;
    };
    let before_that = || scan::trim_end(record, before).checked_sub(1);
    let behind = &record[scan::skip_space(record, at)..];
    let Some(after) = behind.first() else {
        return true;
    };
    match record[before] {
        b':' => {
            before_that().is_some_and(|at| ends_string(record, at)) && begins_with_value(behind)
        }
        b',' => before_that().is_some_and(|at| ends_value(record, at)) && begins_with_value(behind),
        b'{' | b'[' => begins_with_value(behind) || matches!(after, b'}' | b']'),
        _ => ends_value(record, before) && matches!(after, b',' | b':' | b'}' | b']'),
    }
}

/// Returns false only where what stands here is surely no value. A number ends before another token, and behind a comma comes a
/// value: in dates (`Jul 3, 2023 12:07`, `Mar 13, 2024, 8:36:56 PM`) they do not.
fn begins_with_value(text: &[u8]) -> bool {
    let Some(end) = number_end(text) else {
        return begins_with_other(text);
    };
    match text.get(end) {
        Some(b',') => begins_with_one(&text[scan::skip_space(text, end + 1)..]),
        next => matches!(next, None | Some(b'}' | b']')),
    }
}

/// As [`begins_with_value`], without a look behind the next comma.
fn begins_with_one(text: &[u8]) -> bool {
    match number_end(text) {
        None => text.is_empty() || begins_with_other(text),
        Some(end) => matches!(text.get(end), None | Some(b',' | b'}' | b']')),
    }
}

/// Returns where the token behind a number begins, if one stands here.
fn number_end(text: &[u8]) -> Option<usize> {
    let is_of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    matches!(text, [b'-' | b'0'..=b'9', ..]).then(|| {
        let length = text.iter().take_while(|byte| is_of_number(byte)).count();
        scan::skip_space(text, length)
    })
}

/// Returns whether a value begins here that is no number.
fn begins_with_other(text: &[u8]) -> bool {
    matches!(text, [b'"' | b'{' | b'[', ..])
        || [&b"true"[..], b"false", b"null"]
            .iter()
            .any(|word| text.starts_with(word))
}

/// Returns false only where surely no value ends at a byte.
fn ends_value(record: &[u8], at: usize) -> bool {
    match record[at] {
        b'"' => ends_string(record, at),
        byte => matches!(byte, b'}' | b']' | b'0'..=b'9' | b'e' | b'l'),
    }
}

/// Returns false only where surely no string ends at a byte: a quote that is escaped, as in JSON in a string, does not end one.
fn ends_string(record: &[u8], at: usize) -> bool {
    let escapes = record[..at].iter().rev().take_while(|byte| **byte == b'\\');
    record[at] == b'"' && escapes.count() % 2 == 0
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

/// Returns bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
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
    fn spaces_in_dates_and_in_json_in_strings_are_told_apart() {
        for text in [
            r#"{"a":"Jul 3, 2023 12:07","b":1}"#,
            r#"{"a":"Mar 13, 2024, 8:36:56 PM","b":1}"#,
            r#"{"a":"{\"b\": \"c\", \"d\": [ \"e\" ]}","f":1}"#,
        ] {
            assert!(!may_have_space(text.as_bytes()), "{text}");
        }
        for text in [r#"{"a":[13, 2024, 8,36]}"#, r#"{"a":"\\\\", "b":1}"#] {
            assert!(may_have_space(text.as_bytes()), "{text}");
        }
    }

    /// Looking at all of them for each of them would take hours.
    #[test]
    fn a_million_spaces_cost_no_more_than_their_length() {
        let spaces = " ".repeat(1 << 20);
        let record = |begin: &str, end: &str| format!("{{\"a\":\"{begin}{spaces}{end}\"}}");
        for text in [record("x", "y"), record("1, ", "2 "), record(": ", " ,")] {
            assert_eq!(without_space(text.as_bytes()), text.as_bytes());
        }
    }

    #[test]
    fn the_hash_is_the_same_on_every_machine_and_in_every_version() {
        assert_eq!(
            content_hash(br#"{"eventID":"1"}"#),
            -8_461_618_085_851_423_755
        );
    }

    fn any_value() -> impl Strategy<Value = serde_json::Value> {
        let scalar = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i32>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            "[a-z ,:{}\"]{0,6}".prop_map(Into::into),
        ];
        scalar.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map("[a-z ,:\"]{0,4}", inner, 0..4).prop_map(|members| {
                    members
                        .into_iter()
                        .collect::<serde_json::Map<_, _>>()
                        .into()
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_quick_look_never_misses_a_space(text in "[{}\\[\\],: a0\"\\\\]{0,24}") {
            let stripped = strip(text.as_bytes());
            prop_assert!(stripped == text.as_bytes() || may_have_space(text.as_bytes()) || serde_json::from_str::<serde_json::Value>(&text).is_err());
        }

        #[test]
        fn the_quick_look_sees_every_space_that_is_put_in(
            value in any_value(),
            place in any::<prop::sample::Index>(),
        ) {
            let compact = value.to_string();
            prop_assert!(!may_have_space(compact.replace(' ', "_").as_bytes()));
            let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            let with_space = |at: usize| {
                let spaced = format!("{} {}", compact.get(..at)?, compact.get(at..)?);
                let is_same = parse(&spaced).is_some_and(|found| Some(found) == parse(&compact));
                is_same.then_some(spaced)
            };
            let all: Vec<String> = (0..=compact.len()).filter_map(with_space).collect();
            let spaced = place.get(&all);
            prop_assert!(may_have_space(spaced.as_bytes()), "{}", spaced);
        }

        #[test]
        fn pretty_and_compact_are_equal(keys in prop::collection::btree_map("[a-z ,:]{0,4}", "[a-z ,:{}\"]{0,6}", 0..4)) {
            let compact = serde_json::to_string(&keys).expect("serializes");
            let pretty = serde_json::to_string_pretty(&keys).expect("serializes");
            prop_assert_eq!(content_hash(compact.as_bytes()), content_hash(pretty.as_bytes()));
        }
    }
}

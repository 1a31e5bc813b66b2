//! Valid JSON that a fast parser refuses, changed in place so that it does not: lone surrogates and
//! numbers beyond its range. Nothing moves, so the places in the text stay what they were.

use super::scan;

/// A record made fit for the parser.
#[derive(Debug, PartialEq, Eq)]
pub struct Mended {
    /// The record with U+FFFD for lone surrogates: what goes to columns.
    pub text: String,
    /// The same with tame numbers besides: what goes to the parser, of the same length.
    pub for_parser: Vec<u8>,
}

/// Numbers up to this length are within the parser's range.
const NUMBER_BYTES_SAFE: usize = 18;

/// Mends a record; `None` where there is nothing to mend.
pub fn mend(record: &str) -> Option<Mended> {
    let mut text = record.as_bytes().to_vec();
    let mut wild_numbers = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'"' => {
                let end = scan::string_end(&text, at)?;
                replace_lone_surrogates(&mut text[at..end]);
                at = end;
            }
            b'-' | b'0'..=b'9' => {
                let end = scan::value_end(&text, at)?;
                if is_number(&text[at..end]) && is_wild(&text[at..end]) {
                    wild_numbers.push(at..end);
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    let mut for_parser = text.clone();
    for number in wild_numbers {
        tame(&mut for_parser[number]);
    }
    if for_parser == record.as_bytes() {
        return None;
    }
    Some(Mended {
        text: String::from_utf8(text).ok()?,
        for_parser,
    })
}

/// Replaces each `\uD800`…`\uDFFF` that is not half of a pair by `\uFFFD`, which is as long.
fn replace_lone_surrogates(string: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &string[at..]) {
        at += found;
        let step = match (unit(string, at), unit(string, at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                string[at + 2..at + 6].copy_from_slice(b"FFFD");
                6
            }
            (Some(_), _) => 6,
            (None, _) => 2,
        };
        at = (at + step).min(string.len());
    }
}

/// The UTF-16 unit of the `\uXXXX` at a place.
fn unit(string: &[u8], at: usize) -> Option<u16> {
    let digits = string.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The grammar of RFC 8259, section 6.
fn is_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> (usize, &[u8]) {
        let n = text.iter().take_while(|b| b.is_ascii_digit()).count();
        (n, &text[n..])
    }
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let (n_whole, mut rest) = digits(unsigned);
    if n_whole == 0 || (n_whole > 1 && unsigned[0] == b'0') {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let (n, after) = digits(fraction);
        if n == 0 {
            return false;
        }
        rest = after;
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent = exponent
            .strip_prefix(b"+")
            .or_else(|| exponent.strip_prefix(b"-"))
            .unwrap_or(exponent);
        let (n, after) = digits(exponent);
        return n > 0 && after.is_empty();
    }
    rest.is_empty()
}

/// Long, or with an exponent of three digits and more.
fn is_wild(number: &[u8]) -> bool {
    let exponent = number.iter().position(|b| matches!(b, b'e' | b'E'));
    number.len() > NUMBER_BYTES_SAFE || exponent.is_some_and(|at| number.len() - at > 3)
}

/// Puts a number of the same length in its place.
fn tame(number: &mut [u8]) {
    let n = number.len();
    number.fill(b'1');
    if n > NUMBER_BYTES_SAFE {
        // As white space is none of a number's business, what is too long for digits is one digit and spaces.
        number[1..].fill(b' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::json::Parser;

    fn check(record: &str, text: &str) {
        let mended = mend(record).expect("something to mend");
        assert_eq!(mended.text, text);
        let parsed = Parser::default().parse_mended(&mended.text, mended.for_parser, |root| {
            root.raw().to_owned()
        });
        assert_eq!(parsed.expect("the parser takes it"), text);
    }

    #[test]
    fn what_the_parser_refuses_is_mended() {
        for refused in [
            r#"{"a":"\ud800"}"#,
            r#"{"a":1234567890123456789012345}"#,
            r#"{"a":1e999}"#,
        ] {
            assert!(
                Parser::default().parse(refused, |_| ()).is_err(),
                "{refused} is taken as it is"
            );
        }
        check(
            r#"{"a":"x\ud800y","b":"\udc00\ud83d\ude00"}"#,
            r#"{"a":"x\uFFFDy","b":"\uFFFD\ud83d\ude00"}"#,
        );
        check(r#"{"\ud800":"\\ud800\""}"#, r#"{"\uFFFD":"\\ud800\""}"#);
        let number = r#"{"a":[1234567890123456789012345,-1e999],"b":{"c":0.1234567890123456789012345e-400}}"#;
        check(number, number);
    }

    #[test]
    fn what_is_fine_or_broken_is_left() {
        for text in [
            r#"{"a":"\ud83d\ude00","b":-12.5e-3}"#,
            r#"{"a":"\"#,
            r#"{"a":0123456789012345678901}"#,
            "",
        ] {
            assert_eq!(mend(text), None, "{text}");
        }
    }
}

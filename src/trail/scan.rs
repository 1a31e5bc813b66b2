//! Where one JSON value ends and the next begins, without parsing it: brackets and quotes are
//! followed, nothing else is checked. What lies between is for the parser to judge.

/// Returns where the value that begins at `start` ends (exclusive), or `None` where the text ends first.
///
/// The value is taken to be JSON; of bytes that are not, the answer is some place behind `start`.
pub fn value_end(text: &[u8], start: usize) -> Option<usize> {
    match *text.get(start)? {
        b'"' => string_end(text, start),
        b'{' | b'[' => container_end(text, start),
        _ => Some(scalar_end(text, start)),
    }
}

/// Returns the first place at or behind `at` that holds no white space.
#[inline]
pub fn skip_space(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(|byte| is_space(*byte)) {
        at += 1;
    }
    at.min(text.len())
}

/// Returns the place behind the last byte before `end` that is no white space.
#[inline]
pub fn trim_end(text: &[u8], mut end: usize) -> usize {
    while end > 0 && is_space(text[end - 1]) {
        end -= 1;
    }
    end
}

/// Returns true for JSON's white space.
#[inline]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Returns what stands before and behind the first of an ASCII character.
#[inline]
pub fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = memchr::memchr(at, text.as_bytes())?;
    Some((&text[..place], &text[place + 1..]))
}

/// Returns the place behind the closing quote of the string that opens at `start`.
pub fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        match text[at] {
            b'"' => return Some(at + 1),
            _ => at += 2, // the escaped byte is no quote
        }
    }
}

fn container_end(text: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match *text.get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn scalar_end(text: &[u8], start: usize) -> usize {
    let ends = |b: &u8| matches!(b, b',' | b']' | b'}' | b'{' | b'[' | b'"' | b':') || is_space(*b);
    let length = text[start..]
        .iter()
        .position(ends)
        .unwrap_or(text.len() - start);
    start + length.max(1)
}

/// The members of the object that begins at `start`: each key with its quotes, each value, as ranges.
/// Ends early where the text is no object.
pub fn members(text: &[u8], start: usize) -> Members<'_> {
    Members {
        text,
        at: start + 1,
    }
}

/// See [`members`].
#[derive(Debug)]
pub struct Members<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], std::ops::Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let key_start = skip_space(self.text, self.at);
        if self.text.get(key_start) != Some(&b'"') {
            return None;
        }
        let key_end = string_end(self.text, key_start)?;
        let colon = skip_space(self.text, key_end);
        if self.text.get(colon) != Some(&b':') {
            return None;
        }
        let start = skip_space(self.text, colon + 1);
        let end = value_end(self.text, start)?;
        let after = skip_space(self.text, end);
        self.at = if self.text.get(after) == Some(&b',') {
            after + 1
        } else {
            self.text.len()
        };
        Some((&self.text[key_start + 1..key_end - 1], start..end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(
            value_end(text.as_bytes(), 0).map(|end| &text[..end]),
            expected,
            "{text}"
        );
    }

    #[test]
    fn ends_of_values() {
        check(r#""a\"b\\" , 1"#, Some(r#""a\"b\\""#));
        check(
            r#"{"a":"}]\"","b":[{}]} {"#,
            Some(r#"{"a":"}]\"","b":[{}]}"#),
        );
        check("[1,[2]],", Some("[1,[2]]"));
        check("-12.5e3,", Some("-12.5e3"));
        check("true}", Some("true"));
        check(r#"{"a":"b"#, None);
        check(r#"{"a":"b\"#, None);
        check("[[1]", None);
        check("", None);
    }

    #[test]
    fn members_of_an_object() {
        let text = br#"{ "a" : 1 , "b":{"c":[2]},"d\"":"e" }"#;
        let found: Vec<_> = members(text, 0)
            .map(|(key, value)| {
                (
                    String::from_utf8_lossy(key),
                    String::from_utf8_lossy(&text[value]),
                )
            })
            .collect();
        let expected = [("a", "1"), ("b", r#"{"c":[2]}"#), (r#"d\""#, r#""e""#)];
        assert_eq!(found, expected.map(|(k, v)| (k.into(), v.into())));
    }
}

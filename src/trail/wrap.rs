//! An object's content to its records, whatever they are wrapped in, told by shape.
//!
//! Known: `{"Records":[…]}`, a bare array, one record, JSON lines, records one after another without separators, LookupEvents
//! output, EventBridge envelopes, CloudWatch Logs subscription payloads and log-export lines (a time, a space, a record). Records are found by
//! following brackets and quotes, so a bad one costs itself and not its neighbours.

use std::borrow::Cow;

use super::scan;
use crate::limits;
use crate::reject::{Reason, Reject};

/// Takes what the unwrapping finds.
pub trait Visitor {
    /// Takes the bytes of a record.
    ///
    /// # Errors
    ///
    /// Returns why they are of no use.
    fn record(&mut self, place: Place, record: &[u8]) -> Result<(), (Reason, String)>;

    /// Takes bytes that are of no use.
    fn reject(&mut self, reject: Reject<'_>);
}

/// Where a record stands in its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Position among the object's records, from 0.
    pub index: u32,
    /// Byte of the inflated object at which it begins; for a record inside a string, at which the string begins.
    pub offset: u64,
}

/// What an ordinary record begins with: where to go on behind a broken one.
const RECORD_BEGIN: &[u8] = b"{\"eventVersion\"";

/// What stands between ordinary records.
const BETWEEN_RECORDS: &[u8] = b"},{\"eventVersion\"";

/// Finds the records in an object's content. `complete` is false where the content is known to be cut.
pub fn unwrap(content: &[u8], complete: bool, visitor: &mut dyn Visitor) {
    let mut unwrapper = Unwrapper {
        content,
        complete,
        visitor,
        index: 0,
    };
    unwrapper.top_level();
}

/// As [`unwrap`], of a document `{"Records":[…]}` whose records before `next` have been taken: what stands there, or the array's end,
/// is behind a bracket or a comma.
pub fn unwrap_rest(content: &[u8], next: Place, complete: bool, visitor: &mut dyn Visitor) {
    let mut unwrapper = Unwrapper {
        content,
        complete,
        visitor,
        index: next.index,
    };
    let start = usize::try_from(next.offset).unwrap_or(content.len());
    let end = unwrapper.elements(start - 1, 1);
    let end = unwrapper.close_document(end);
    unwrapper.values(end);
}

/// Returns where records of a document `{"Records":[…]}` that are parsed at once end, the first of which begins at `start`: at the comma
/// behind the last of them, or at the array's bracket. `None` where there seem to be too many. It is a guess: where it is wrong, what
/// stands between is no elements of an array.
pub fn batch_end(content: &[u8], start: usize) -> Option<usize> {
    let least = content.len().min(start + limits::BATCH_BYTES);
    if let Some(at) = memchr::memmem::find(&content[least..], BETWEEN_RECORDS) {
        return Some(least + at + 1).filter(|end| end - start <= limits::BATCH_BYTES_MAX);
    }
    let document = content.trim_ascii_end().strip_suffix(b"}")?;
    let end = document.trim_ascii_end().strip_suffix(b"]")?.len();
    let ends = start..=start + limits::BATCH_BYTES_MAX;
    ends.contains(&end).then_some(end)
}

struct Unwrapper<'c, 'v> {
    content: &'c [u8],
    complete: bool,
    visitor: &'v mut dyn Visitor,
    index: u32,
}

impl Unwrapper<'_, '_> {
    /// Values one after another, with or without lines between.
    fn top_level(&mut self) {
        let start = if self.content.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        if scan::skip_space(self.content, start) < self.content.len() {
            self.values(start);
        } else if self.complete {
            self.reject_object(Reason::EmptyObject, "the object holds nothing");
        }
    }

    /// Values from a place on.
    fn values(&mut self, start: usize) {
        let mut at = scan::skip_space(self.content, start);
        while at < self.content.len() {
            at = match self.content[at] {
                b'[' => self.elements(at, 0),
                b'{' => self.top_level_object(at),
                _ => self.other_line(at),
            };
            at = scan::skip_space(self.content, at);
        }
    }

    /// An object at the top level; returns where it ends.
    fn top_level_object(&mut self, start: usize) -> usize {
        // The usual document, also where it is cut: its records need no end.
        let text = self.content;
        let key = scan::skip_space(text, start + 1);
        if text[key..].starts_with(b"\"Records\"") {
            let colon = scan::skip_space(text, key + b"\"Records\"".len());
            let array = scan::skip_space(text, (colon + 1).min(text.len()));
            if text.get(colon) == Some(&b':') && text.get(array) == Some(&b'[') {
                let end = self.elements(array, 1);
                return self.close_document(end);
            }
        }
        match scan::value_end(text, start) {
            Some(end) => {
                self.item(start..end, 0, Scope::Line);
                end
            }
            None => self.unfinished(start, Scope::Line),
        }
    }

    /// What follows the records of a document, up to its closing brace.
    fn close_document(&mut self, at: usize) -> usize {
        let mut at = scan::skip_space(self.content, at);
        while self.content.get(at) == Some(&b',') {
            let key = scan::skip_space(self.content, at + 1);
            let Some(key_end) = scan::value_end(self.content, key) else {
                return self.content.len();
            };
            let colon = scan::skip_space(self.content, key_end);
            let value = scan::skip_space(self.content, (colon + 1).min(self.content.len()));
            let Some(end) = scan::value_end(self.content, value) else {
                return self.content.len();
            };
            at = scan::skip_space(self.content, end);
        }
        if self.content.get(at) == Some(&b'}') {
            at + 1
        } else {
            at
        }
    }

    /// The elements of the array that begins at `start`; returns where it ends.
    fn elements(&mut self, start: usize, depth: usize) -> usize {
        let mut at = scan::skip_space(self.content, start + 1);
        loop {
            match self.content.get(at) {
                None => return self.missing_end(start, at),
                Some(b']') => return at + 1,
                Some(b',') => {
                    at = scan::skip_space(self.content, at + 1);
                    continue;
                }
                // Something that closes what was never opened: the array was broken off.
                Some(b'}' | b':') => return self.garbage(at),
                Some(_) => {}
            }
            at = match scan::value_end(self.content, at) {
                Some(end) => self.item(at..end, depth, Scope::Array),
                None => self.unfinished(at, Scope::Array),
            };
            at = scan::skip_space(self.content, at);
        }
    }

    /// The content ended inside an array, between elements.
    fn missing_end(&mut self, start: usize, at: usize) -> usize {
        if self.complete {
            let detail = "the array of records has no end";
            self.reject(None, Reason::Truncated, detail.into(), at..at.max(start));
        }
        at
    }

    /// A value that the content ends in the middle of, or that seems so because a quote or bracket is missing: goes on
    /// at the next thing that begins like a record.
    fn unfinished(&mut self, start: usize, scope: Scope) -> usize {
        let end = self
            .resume_at(start, self.content.len(), scope)
            .unwrap_or(self.content.len());
        let index = self.next_index();
        let (reason, detail) = if end < self.content.len() {
            (Reason::InvalidJson, "a quote or bracket is missing")
        } else {
            self.complete = false; // and is not reported a second time
            (Reason::Truncated, "the object ends inside this record")
        };
        self.reject(Some(index), reason, detail.into(), start..end);
        end
    }

    /// Bytes in an array that begin no value; returns where to go on.
    fn garbage(&mut self, start: usize) -> usize {
        let end = self
            .resume_at(start, self.content.len(), Scope::Array)
            .unwrap_or(self.content.len());
        self.reject(
            None,
            Reason::InvalidJson,
            "neither a record nor the end of the array".into(),
            start..end,
        );
        end
    }

    /// Where, behind `start` and before `end`, something begins that may be the next record.
    fn resume_at(&self, start: usize, end: usize, scope: Scope) -> Option<usize> {
        let rest = &self.content[start + 1..end];
        match scope {
            Scope::Array => memchr::memmem::find(rest, RECORD_BEGIN).map(|at| start + 1 + at),
            Scope::Line => {
                let mut lines =
                    memchr::memchr_iter(b'\n', rest).map(|newline| start + 1 + newline + 1);
                lines.find(|line| self.content.get(*line) == Some(&b'{'))
            }
        }
    }

    /// A line that does not begin with JSON: one of a log export has it behind a time; of others nothing is known.
    fn other_line(&mut self, start: usize) -> usize {
        if let Some(json) = behind_time(&self.content[start..]) {
            return start + json;
        }
        let mut end = self.content.len();
        for newline in memchr::memchr_iter(b'\n', &self.content[start..]) {
            let line = &self.content[start + newline + 1..];
            if matches!(line.first(), Some(b'{' | b'[')) || behind_time(line).is_some() {
                end = start + newline + 1;
                break;
            }
        }
        self.reject(
            None,
            Reason::NotJson,
            "no JSON begins here".into(),
            start..end,
        );
        end
    }

    /// One value that may be a record or a wrapping; returns where to go on.
    fn item(&mut self, range: std::ops::Range<usize>, depth: usize, scope: Scope) -> usize {
        let bytes = &self.content[range.clone()];
        if bytes.first() != Some(&b'{') {
            let end = if scope == Scope::Array {
                self.last_scalar(range.end)
            } else {
                range.end
            };
            let index = self.next_index();
            let detail = "a record is an object";
            self.reject(
                Some(index),
                Reason::NotAnObject,
                detail.into(),
                range.start..end,
            );
            return end;
        }
        if bytes.starts_with(RECORD_BEGIN) || depth > limits::WRAPPINGS_MAX {
            return self.record(range, scope);
        }
        let shape = Shape::of(self.content, range.start);
        match shape {
            Shape::Record => return self.record(range, scope),
            Shape::List(array) => {
                self.elements(array, depth + 1);
            }
            Shape::Text(string) => self.embedded(string),
            Shape::Envelope(detail) => {
                self.record(detail, Scope::Line);
            }
            Shape::Nothing => {}
            Shape::Foreign(what) => {
                let index = self.next_index();
                self.reject(
                    Some(index),
                    Reason::NotCloudtrail,
                    what.into(),
                    range.clone(),
                );
            }
        }
        range.end
    }

    /// Where the last of the elements that follow and are no objects ends: together they are one reject, for 50 MB of
    /// `1,1,1` are 25 million.
    fn last_scalar(&self, mut end: usize) -> usize {
        loop {
            let comma = scan::skip_space(self.content, end);
            let next = scan::skip_space(self.content, (comma + 1).min(self.content.len()));
            let is_element = !matches!(
                self.content.get(next),
                None | Some(b'{' | b']' | b',' | b'}' | b':')
            );
            if self.content.get(comma) != Some(&b',') || !is_element {
                return end;
            }
            let Some(next_end) = scan::value_end(self.content, next) else {
                return end;
            };
            end = next_end;
        }
    }

    /// A record as it stands in the content; returns where to go on.
    fn record(&mut self, range: std::ops::Range<usize>, scope: Scope) -> usize {
        let place = Place {
            index: self.next_index(),
            offset: range.start as u64,
        };
        let Err((reason, detail)) = self.offer(place, &self.content[range.clone()]) else {
            return range.end;
        };
        // A lost quote makes one value of several records: those behind it can be had.
        let end = match reason {
            Reason::InvalidJson => self
                .resume_at(range.start, range.end, scope)
                .unwrap_or(range.end),
            _ => range.end,
        };
        self.reject(Some(place.index), reason, detail.into(), range.start..end);
        end
    }

    /// A record inside a string.
    fn embedded(&mut self, string: std::ops::Range<usize>) {
        let place = Place {
            index: self.next_index(),
            offset: string.start as u64,
        };
        let text = &self.content[string.clone()];
        let outcome = match unescape(text) {
            Ok(text) if text.trim_start().starts_with('{') => {
                self.offer(place, text.trim().as_bytes())
            }
            Ok(_) => Err((
                Reason::NotCloudtrail,
                "the message is no JSON object".to_owned(),
            )),
            Err(error) => Err(error),
        };
        if let Err((reason, detail)) = outcome {
            self.reject(Some(place.index), reason, detail.into(), string);
        }
    }

    fn offer(&mut self, place: Place, record: &[u8]) -> Result<(), (Reason, String)> {
        if record.len() > limits::RECORD_BYTES_MAX {
            let detail = format!(
                "{} bytes, and {} are the most",
                record.len(),
                limits::RECORD_BYTES_MAX
            );
            return Err((Reason::RecordTooLarge, detail));
        }
        self.visitor.record(place, record)
    }

    fn next_index(&mut self) -> u32 {
        self.index += 1;
        self.index - 1
    }

    fn reject_object(&mut self, reason: Reason, detail: &'static str) {
        self.reject(None, reason, detail.into(), 0..self.content.len());
    }

    fn reject(
        &mut self,
        record_index: Option<u32>,
        reason: Reason,
        detail: Cow<'_, str>,
        range: std::ops::Range<usize>,
    ) {
        let (byte_offset, raw) = (range.start as u64, &self.content[range]);
        self.visitor.reject(Reject {
            record_index,
            byte_offset,
            reason,
            detail,
            raw,
        });
    }
}

/// What stands around a record, and so where the next can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Array,
    Line,
}

/// What an object is, by its keys.
#[derive(Debug, PartialEq, Eq)]
enum Shape {
    /// A record, or nothing that is known; the parser will tell.
    Record,
    /// A wrapping with an array, which begins there.
    List(usize),
    /// A wrapping with a record in a string, there.
    Text(std::ops::Range<usize>),
    /// A wrapping with a record, there.
    Envelope(std::ops::Range<usize>),
    /// A wrapping that says that it has none.
    Nothing,
    /// A wrapping with something else.
    Foreign(&'static str),
}

impl Shape {
    fn of(content: &[u8], start: usize) -> Self {
        let mut detail_type = None;
        let mut detail = None;
        let mut message_type = None;
        let mut log_events = None;
        let mut message = None;
        for (key, value) in scan::members(content, start) {
            let first = content[value.start];
            match key {
                // Only records have these.
                b"eventVersion" | b"eventTime" | b"userIdentity" => return Self::Record,
                b"Records" | b"Events" | b"events" if first == b'[' => {
                    return Self::List(value.start);
                }
                b"CloudTrailEvent" if first == b'"' => return Self::Text(value),
                b"detail-type" => detail_type = Some(value),
                b"detail" => detail = Some(value),
                b"messageType" => message_type = Some(value),
                b"logEvents" if first == b'[' => log_events = Some(value),
                b"message" if first == b'"' => message = Some(value),
                _ => {}
            }
        }
        match (detail_type, message_type) {
            (Some(kind), _) => match detail {
                Some(detail)
                    if content[kind.clone()].ends_with(b"via CloudTrail\"")
                        && content[detail.start] == b'{' =>
                {
                    Self::Envelope(detail)
                }
                _ => Self::Foreign("an event of EventBridge that carries no CloudTrail record"),
            },
            (None, Some(kind)) => match log_events {
                _ if &content[kind.clone()] == b"\"CONTROL_MESSAGE\"" => Self::Nothing,
                Some(events) => Self::List(events.start),
                None => Self::Record,
            },
            (None, None) => message.map_or(Self::Record, Self::Text),
        }
    }
}

/// Returns what a string says, which takes memory: not where that is more than a record can be.
fn unescape(string: &[u8]) -> Result<String, (Reason, String)> {
    if unescaped_least(string) > limits::RECORD_BYTES_MAX {
        let detail = format!("more than {} bytes", limits::RECORD_BYTES_MAX);
        return Err((Reason::RecordTooLarge, detail));
    }
    serde_json::from_slice(string).map_err(|e| (Reason::InvalidJson, e.to_string()))
}

/// The bytes that a string says at least: `\uXXXX` is one to three.
fn unescaped_least(string: &[u8]) -> usize {
    let (mut at, mut spared) = (0, "\"\"".len());
    while let Some(backslash) = memchr::memchr(b'\\', &string[at..]) {
        let is_unit = string.get(at + backslash + 1) == Some(&b'u');
        spared += if is_unit { 5 } else { 1 };
        at = (at + backslash + 2).min(string.len());
    }
    string.len().saturating_sub(spared)
}

/// Returns where JSON begins in a line of a log export: behind a time or a number, and a space.
fn behind_time(line: &[u8]) -> Option<usize> {
    let space = line
        .iter()
        .take(40)
        .position(|b| matches!(b, b' ' | b'\t'))?;
    let is_time = line[..space].first().is_some_and(u8::is_ascii_digit)
        && line[..space]
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'.' | b'T' | b'Z' | b'+'));
    let json = scan::skip_space(line, space);
    (is_time && line.get(json) == Some(&b'{')).then_some(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_as_long_as_what_it_says() {
        let check = |string: &str, expected| {
            assert_eq!(unescaped_least(string.as_bytes()), expected, "{string}");
        };
        check(r#""""#, 0);
        check(r#""abc""#, 3);
        check(r#""a\"b\\\u0041""#, 5);
        check(r#""\"#, 0);
    }

    /// Notes what it is given; takes what is JSON and has an `n`.
    #[derive(Default)]
    struct Notes {
        records: Vec<String>,
        rejects: Vec<String>,
    }

    impl Visitor for Notes {
        fn record(&mut self, place: Place, record: &[u8]) -> Result<(), (Reason, String)> {
            let value: serde_json::Value =
                serde_json::from_slice(record).map_err(|e| (Reason::InvalidJson, e.to_string()))?;
            let name = value["n"]
                .as_i64()
                .ok_or((Reason::NotCloudtrail, String::new()))?;
            self.records.push(format!("{}:{name}", place.index));
            Ok(())
        }

        fn reject(&mut self, reject: Reject<'_>) {
            let index = reject
                .record_index
                .map_or("-".to_owned(), |index| index.to_string());
            let (reason, at) = (reject.reason.name(), reject.byte_offset);
            self.rejects
                .push(format!("{index}:{reason}@{at}+{}", reject.raw.len()));
        }
    }

    fn check(content: &str, records: &[&str], rejects: &[&str]) {
        let mut notes = Notes::default();
        unwrap(content.as_bytes(), true, &mut notes);
        assert_eq!(
            (notes.records, notes.rejects),
            (strings(records), strings(rejects)),
            "{content}"
        );
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn wrappings() {
        check(r#"{"Records":[{"n":1},{"n":2}]}"#, &["0:1", "1:2"], &[]);
        check(
            "\u{feff} { \"Records\" : [ {\"n\":1} , {\"n\":2} ] , \"x\": [1] } \n",
            &["0:1", "1:2"],
            &[],
        );
        check(r#"{"x":{"Records":[]},"Records":[{"n":1}]}"#, &["0:1"], &[]);
        check(r#"{"Records":[]}"#, &[], &[]);
        check(r#"[{"n":1},{"n":2}]"#, &["0:1", "1:2"], &[]);
        check(r#"{"n":1}"#, &["0:1"], &[]);
        check(
            "{\"n\":1}\n{\"n\":2}\r\n\n{\"n\":3}\n",
            &["0:1", "1:2", "2:3"],
            &[],
        );
        check(
            r#"{"n":1}{"n":2}{"Records":[{"n":3}]}[{"n":4}]"#,
            &["0:1", "1:2", "2:3", "3:4"],
            &[],
        );
        check(
            "{\"Records\":[{\"n\":1}]}\n{\"Records\":[{\"n\":2}]}",
            &["0:1", "1:2"],
            &[],
        );
    }

    #[test]
    fn lookup_events() {
        let event =
            r#"{"EventId":"x","CloudTrailEvent":"{\"n\":1,\"a\":\"\\\"\"}","Resources":[]}"#;
        check(
            &format!(r#"{{"Events":[{event},{event}],"NextToken":"t"}}"#),
            &["0:1", "1:1"],
            &[],
        );
        check(&format!("[{event}]"), &["0:1"], &[]);
        check(event, &["0:1"], &[]);
    }

    #[test]
    fn event_bridge() {
        let envelope =
            |kind: &str| format!(r#"{{"version":"0","detail-type":"{kind}","detail":{{"n":1}}}}"#);
        check(&envelope("AWS API Call via CloudTrail"), &["0:1"], &[]);
        check(
            &envelope("AWS Console Signin via CloudTrail"),
            &["0:1"],
            &[],
        );
        check(
            &envelope("EC2 Instance State-change Notification"),
            &[],
            &["0:not_cloudtrail@0+87"],
        );
    }

    #[test]
    fn cloud_watch_logs() {
        let payload = r#"{"messageType":"DATA_MESSAGE","owner":"1","logEvents":[{"id":"a","timestamp":1,"message":"{\"n\":1}"},{"id":"b","timestamp":2,"message":"{\"n\":2}"}]}"#;
        check(payload, &["0:1", "1:2"], &[]);
        check(
            &format!("{payload}{payload}"),
            &["0:1", "1:2", "2:1", "3:2"],
            &[],
        );
        check(
            r#"{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","message":"CWL CONTROL MESSAGE"}]}"#,
            &[],
            &[],
        );
        check(
            "2026-08-01T00:00:00.000Z {\"n\":1}\n1754006400000 {\"n\":2}\n",
            &["0:1", "1:2"],
            &[],
        );
        check(
            r#"{"events":[{"logStreamName":"s","message":"{\"n\":1}"}]}"#,
            &["0:1"],
            &[],
        );
    }

    #[test]
    fn a_bad_record_costs_itself() {
        check(
            r#"{"Records":[{"n":1},{"n":},{"n":3}]}"#,
            &["0:1", "2:3"],
            &["1:invalid_json@20+6"],
        );
        check(
            r#"{"Records":[{"n":1},7,null,"x",{"n":3}]}"#,
            &["0:1", "2:3"],
            &["1:not_an_object@20+10"],
        );
        // A quote is missing: the records behind are found by how they begin.
        let lost = r#"{"Records":[{"eventVersion":"1","n":1,"x":"y},{"eventVersion":"1","n":2},{"eventVersion":"1","n":3}]}"#;
        check(lost, &["1:2", "2:3"], &["0:invalid_json@12+34"]);
        check(
            "{\"n\":1}\n{\"n\":\"\n{\"n\":3}\n",
            &["0:1", "2:3"],
            &["1:invalid_json@8+7"],
        );
    }

    #[test]
    fn a_cut_costs_what_is_behind_it() {
        check(
            r#"{"Records":[{"n":1},{"n":2"#,
            &["0:1"],
            &["1:truncated@20+6"],
        );
        check(r#"{"Records":[{"n":1},"#, &["0:1"], &["-:truncated@20+0"]);
        check(r#"{"Records":["#, &[], &["-:truncated@12+0"]);
        check(r#"{"Rec"#, &[], &["0:truncated@0+5"]);
    }

    #[test]
    fn no_cloudtrail() {
        check("", &[], &["-:empty_object@0+0"]);
        check(" \n", &[], &["-:empty_object@0+2"]);
        check("hello\nworld", &[], &["-:not_json@0+11"]);
        check(
            "hello\nworld\n{\"n\":1}\nbye",
            &["0:1"],
            &["-:not_json@0+12", "-:not_json@20+3"],
        );
        check(r#"{"a":1}"#, &[], &["0:not_cloudtrail@0+7"]);
    }

    #[test]
    fn hostile_input_ends() {
        for text in [
            "{",
            "[",
            "[[[[",
            "}",
            "]",
            ":",
            "{\"Records\":[}}}}",
            "[}",
            "{\"Records\":[]]]]",
            "\"",
            "[\"",
            "{\"Records\"",
            "{\"Records\":",
            "[,,,,]",
            "{\"Records\":[{]}",
        ] {
            let mut notes = Notes::default();
            unwrap(text.as_bytes(), true, &mut notes);
            assert!(notes.records.is_empty(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end(text in "[{}\\[\\]\",:a1 \n]{0,40}") {
            unwrap(text.as_bytes(), true, &mut Notes::default());
            unwrap(format!("{{\"Records\":[{text}").as_bytes(), false, &mut Notes::default());
        }
    }
}

//! An object's content to its records, whatever they are wrapped in, told by shape.
//!
//! Known: `{"Records":[…]}`, a bare array, one record, JSON lines, records one after another without separators, LookupEvents
//! output, EventBridge envelopes, CloudWatch Logs subscription payloads and log-export lines (a time, a space, a record). Records are found by
//! following brackets and quotes, so a bad one costs itself and not its neighbours.

mod shape;

use std::borrow::Cow;

use super::scan;
use crate::limits;
use crate::reject::{Reason, Reject};
use shape::Shape;

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
        horizon: None,
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
        horizon: None,
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
    /// Set once a quote or bracket was missing.
    horizon: Option<Horizon>,
}

/// How far a value is followed in an object that has broken ones, lest each of many that never end be followed to the object's end.
#[derive(Debug, Clone, Copy, Default)]
struct Horizon {
    end: usize,
    /// From here on it is looked for anew.
    renewed_at: usize,
}

impl Horizon {
    /// Looks ahead of a place, over some things that begin like another record.
    fn ahead_of(content: &[u8], start: usize) -> Self {
        let begins_here =
            |at: &usize| content[at - 1] == b'\n' || content[*at..].starts_with(RECORD_BEGIN);
        let behind = content.get(start + 1..).unwrap_or_default();
        let mut begins = memchr::memchr_iter(b'{', behind)
            .map(|at| start + 1 + at)
            .filter(begins_here);
        let renewed_at = begins.nth(limits::BEGINS_PASSED_MAX / 2);
        let end = begins.nth(limits::BEGINS_PASSED_MAX / 2);
        Self {
            end: end.unwrap_or(content.len()),
            renewed_at: renewed_at.unwrap_or(content.len()),
        }
    }
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
        match self.value_end(start) {
            Some(end) => {
                self.item(start..end, 0, Scope::Line);
                end
            }
            None => self.unfinished(start, Scope::Line),
        }
    }

    /// Returns where a value ends, as [`scan::value_end`]; `None` where that is too far in an object that has broken ones.
    fn value_end(&mut self, start: usize) -> Option<usize> {
        let end = match &mut self.horizon {
            None => self.content.len(),
            Some(horizon) => {
                if start >= horizon.renewed_at {
                    *horizon = Horizon::ahead_of(self.content, start);
                }
                horizon.end.min(self.content.len())
            }
        };
        scan::value_end(&self.content[..end], start)
    }

    /// What follows the records of a document, up to its closing brace.
    fn close_document(&mut self, at: usize) -> usize {
        let mut at = scan::skip_space(self.content, at);
        while self.content.get(at) == Some(&b',') {
            let Some(end) = self.member_end(at + 1) else {
                return self.unclosed(at);
            };
            at = scan::skip_space(self.content, end);
        }
        if self.content.get(at) == Some(&b'}') {
            at + 1
        } else {
            at
        }
    }

    /// Returns where the member behind a comma ends.
    fn member_end(&mut self, start: usize) -> Option<usize> {
        let key_end = self.value_end(scan::skip_space(self.content, start))?;
        let colon = scan::skip_space(self.content, key_end);
        let value = scan::skip_space(self.content, (colon + 1).min(self.content.len()));
        self.value_end(value)
    }

    /// What follows the records of a document has no end; returns where to go on.
    fn unclosed(&mut self, start: usize) -> usize {
        let end = self.resume(start, self.content.len(), Scope::Line);
        if self.complete {
            let detail = "the document has no end".into();
            self.reject(None, Reason::Truncated, detail, start..end);
        }
        end
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
            at = match self.value_end(at) {
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
        let end = self.resume(start, self.content.len(), scope);
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
        let end = self.resume(start, self.content.len(), Scope::Array);
        self.reject(
            None,
            Reason::InvalidJson,
            "neither a record nor the end of the array".into(),
            start..end,
        );
        end
    }

    /// Where, behind `start` and before `end`, something begins that may be the next record; `end` where nothing does.
    fn resume(&mut self, start: usize, end: usize, scope: Scope) -> usize {
        let rest = &self.content[start + 1..end];
        let next = match scope {
            Scope::Array => memchr::memmem::find(rest, RECORD_BEGIN),
            Scope::Line => {
                let mut lines = memchr::memchr_iter(b'\n', rest).map(|newline| newline + 1);
                lines.find(|line| rest.get(*line) == Some(&b'{'))
            }
        };
        let Some(next) = next else {
            return end;
        };
        self.horizon.get_or_insert_default();
        start + 1 + next
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
                // What is wrong in it ends with it.
                let whole = self.content;
                self.content = &whole[..range.end];
                self.elements(array, depth + 1);
                self.content = whole;
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
    fn last_scalar(&mut self, mut end: usize) -> usize {
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
            let Some(next_end) = self.value_end(next) else {
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
            Reason::InvalidJson => self.resume(range.start, range.end, scope),
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
mod tests;

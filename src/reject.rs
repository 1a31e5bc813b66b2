//! Rejects: the one error that is data. A bad record costs a row, a bad object costs an object, neither costs the run.

use std::borrow::Cow;

/// A record, or the rest of an object, that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject<'a> {
    /// Position of the record in its object; `None` where the object itself is at fault.
    pub record_index: Option<u32>,
    /// Place in the inflated object at which the rejected bytes begin.
    pub byte_offset: u64,
    /// Why.
    pub reason: Reason,
    /// Why, in words.
    pub detail: Cow<'a, str>,
    /// The bytes.
    pub raw: &'a [u8],
}

/// Why something was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The object is empty.
    EmptyObject,
    /// The object does not inflate, from some place on.
    BadCompression,
    /// The object's bytes end in the middle.
    Truncated,
    /// The object inflates to more than the limit.
    TooLarge,
    /// The object is no JSON.
    NotJson,
    /// Valid JSON that no CloudTrail record is in.
    NotCloudtrail,
    /// The record is no valid JSON.
    InvalidJson,
    /// The record is not UTF-8.
    InvalidUtf8,
    /// The record is nested deeper than the limit.
    TooDeep,
    /// The record is longer than the limit.
    RecordTooLarge,
    /// The element of `Records` is no object.
    NotAnObject,
    /// The record has no event time, or none that can be read.
    NoEventTime,
    /// The object has more rejects than get a row each.
    TooManyRejects,
}

impl Reason {
    /// Returns the reason as `rejects` and the summary have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::EmptyObject => "empty_object",
            Self::BadCompression => "bad_compression",
            Self::Truncated => "truncated",
            Self::TooLarge => "too_large",
            Self::NotJson => "not_json",
            Self::NotCloudtrail => "not_cloudtrail",
            Self::InvalidJson => "invalid_json",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::TooDeep => "too_deep",
            Self::RecordTooLarge => "record_too_large",
            Self::NotAnObject => "not_an_object",
            Self::NoEventTime => "no_event_time",
            Self::TooManyRejects => "too_many_rejects",
        }
    }
}

//! A record to the resources it touches: those that CloudTrail lists, else those that the table of
//! `table.rs` finds in the request and the answer.
//!
//! Most records name none; then nothing is allocated, and each member of the request costs one look at the rules
//! whose path begins with a name of that length.

mod fill;
mod index;
mod listed;
mod rule;
mod table;

use std::borrow::Cow;

use hashbrown::HashSet;

pub(crate) use fill::partition_of;
pub use index::kind_of_arn;
pub use listed::resource_arns;

use super::record::Record;

/// One resource that a record touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch<'a> {
    /// The resource's ARN.
    pub arn: Cow<'a, str>,
    /// Its type in AWS's own writing (`AWS::S3::Bucket`); empty where it is not known.
    pub kind: &'a str,
    /// Where the record names it.
    pub evidence: Evidence,
}

/// Where a record names a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// In `resources`.
    Resources,
    /// In `requestParameters`.
    Request,
    /// In `responseElements`.
    Response,
}

impl Evidence {
    /// Returns the value of the `resource_evidence` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// Returns the distinct resources that a record touches, those in `resources` or else those of the table.
pub fn touched<'a>(record: &Record<'a>) -> Vec<Touch<'a>> {
    let listed = listed::listed(record);
    if listed.is_empty() {
        index::by_rules(record)
    } else {
        distinct(listed, |touch| &touch.arn)
    }
}

/// Keeps the first of each name. Few are compared with each other; of many the names are remembered.
fn distinct<T>(mut list: Vec<T>, name: impl Fn(&T) -> &str) -> Vec<T> {
    if list.len() < 2 {
        return list;
    }
    let mut again = Vec::new();
    if list.len() <= 16 {
        for (at, item) in list.iter().enumerate() {
            if list[..at].iter().any(|before| name(before) == name(item)) {
                again.push(at);
            }
        }
    } else {
        let mut seen = HashSet::with_capacity(list.len());
        for (at, item) in list.iter().enumerate() {
            if !seen.insert(name(item)) {
                again.push(at);
            }
        }
    }
    if !again.is_empty() {
        let (mut at, mut again) = (0, again.into_iter().peekable());
        list.retain(|_| {
            let keep = again.next_if_eq(&at).is_none();
            at += 1;
            keep
        });
    }
    list
}

#[cfg(test)]
mod tests;

//! What a listing finds: delivery objects to read, digests left aside, foreign objects counted by reason.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::aws::S3_SCHEME;
use crate::trail::key::{self, DeliveryKey, ForeignReason};

/// One listed object. Millions of them fit: the source is shared, the key is parsed when asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryObject {
    /// What stands before `object` in the full address: `s3://bucket`, `s3://bucket/prefix`, or a folder.
    pub source: Arc<str>,
    /// The key from `AWSLogs/` on; for a loose object, what follows the bucket or folder as given.
    pub object: Box<str>,
    /// Bytes, as listed. Zero where a single key was given and its object could not be looked up.
    pub size: u64,
    /// When CloudTrail delivered it, in microseconds since 1970; none for a loose object.
    pub delivery_time: Option<i64>,
    /// S3's tag of the content.
    pub etag: Option<ETag>,
    /// Whether its storage class must be restored before it can be read.
    pub archived: bool,
}

impl DeliveryObject {
    /// Returns what the delivery key says; none for a loose object.
    pub fn key(&self) -> Option<DeliveryKey<'_>> {
        self.delivery_time
            .and_then(|_| DeliveryKey::parse(&self.object).ok())
    }

    /// Returns the full address: `s3://bucket/key`, or a path.
    pub fn address(&self) -> String {
        join(&self.source, &self.object)
    }

    /// Returns the full address of its region's folder, with the slash behind it; none for a loose object.
    pub fn region_folder(&self) -> Option<String> {
        self.delivery_time?;
        Some(join(&self.source, key::region_folder(&self.object)?))
    }

    /// Returns whether it lies in S3 and not in a folder here.
    pub fn is_in_s3(&self) -> bool {
        self.source.starts_with(S3_SCHEME)
    }
}

/// The full address of an object of a source.
pub(super) fn join(source: &str, object: &str) -> String {
    match source {
        "/" => format!("/{object}"),
        _ => format!("{source}/{object}"),
    }
}

/// S3's tag of an object's content, without its quotes; the common form takes no memory of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ETag {
    /// 32 hexadecimal digits, lower case: the MD5 of the content, or as long as one.
    Md5([u8; 16]),
    /// Any other, such as those of multipart uploads.
    Other(Box<str>),
}

impl ETag {
    /// Reads a tag, with or without quotes.
    pub fn new(text: &str) -> Self {
        let bare = text.trim_matches('"');
        hex_16(bare).map_or_else(|| Self::Other(bare.into()), Self::Md5)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Md5(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::Other(text) => f.write_str(text),
        }
    }
}

fn hex_16(text: &str) -> Option<[u8; 16]> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let text: &[u8; 32] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Objects and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub objects: u64,
    /// Their bytes, as listed.
    pub bytes: u64,
}

impl Tally {
    /// Counts one more object.
    pub fn add(&mut self, bytes: u64) {
        self.objects += 1;
        self.bytes += bytes;
    }

    /// Counts as many more.
    pub fn merge(&mut self, other: Self) {
        self.objects += other.objects;
        self.bytes += other.bytes;
    }

    /// Counts objects.
    pub fn of<'o>(objects: impl IntoIterator<Item = &'o DeliveryObject>) -> Self {
        let mut tally = Self::default();
        objects
            .into_iter()
            .for_each(|object| tally.add(object.size));
        tally
    }
}

/// An object or file that CloudTrail did not deliver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForeignObject {
    /// What stands before `object` in the full address.
    pub source: Arc<str>,
    /// The rest of the address. Not UTF-8 in the file system: with U+FFFD in place.
    pub object: Box<str>,
    /// Why it is foreign.
    pub reason: ForeignReason,
    /// Bytes, as listed.
    pub size: u64,
}

/// The requests that a listing made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requests {
    /// `ListObjectsV2`.
    pub list: u64,
    /// `HeadObject`, for keys that were given one by one.
    pub head: u64,
}

/// What there is to read, and what was left aside: each listed object is in exactly one place, so that
/// `listed = objects + digests + foreign + filtered`.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// What a run reads, in delivery order: by delivery time (loose objects first), source, object.
    pub objects: Vec<DeliveryObject>,
    /// Digest files, in the same order: recognised, never read.
    pub digests: Vec<DeliveryObject>,
    /// Foreign objects by reason.
    pub foreign: BTreeMap<ForeignReason, Tally>,
    /// The first of the foreign objects by address, at most [`FOREIGN_KEPT_MAX`](crate::limits::FOREIGN_KEPT_MAX).
    pub foreign_objects: Vec<ForeignObject>,
    /// Foreign folders in S3 that were not counted to their end, because that may cost more than the run, with what they were cut at.
    pub foreign_cut: Vec<String>,
    /// Keys given one by one that the selection leaves out. Folders that it leaves out are not listed, and not counted.
    pub filtered: Tally,
    /// Every object seen, once.
    pub listed: Tally,
    /// How often an object was found again through another source; these are not in `listed`.
    pub repeated: u64,
    /// What the listing cost.
    pub requests: Requests,
}

impl Listing {
    /// Returns all foreign objects together.
    pub fn foreign_total(&self) -> Tally {
        let mut total = Tally::default();
        self.foreign.values().for_each(|tally| total.merge(*tally));
        total
    }

    /// Returns whether every listed object is in exactly one place.
    pub fn balances(&self) -> bool {
        let mut sum = Tally::of(&self.objects);
        sum.merge(Tally::of(&self.digests));
        sum.merge(self.foreign_total());
        sum.merge(self.filtered);
        sum == self.listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_give_back_what_they_were() {
        for tag in [
            "d41d8cd98f00b204e9800998ecf8427e",
            "d41d8cd98f00b204e9800998ecf8427e-12",
            "D41D8CD98F00B204E9800998ECF8427E",
            "",
        ] {
            assert_eq!(ETag::new(&format!("\"{tag}\"")).to_string(), tag);
            assert_eq!(ETag::new(tag), ETag::new(&format!("\"{tag}\"")));
        }
        assert!(matches!(
            ETag::new("d41d8cd98f00b204e9800998ecf8427e"),
            ETag::Md5(_)
        ));
    }

    #[test]
    fn a_listed_object_is_small() {
        assert!(
            size_of::<DeliveryObject>() <= 96,
            "{}",
            size_of::<DeliveryObject>()
        );
    }
}

//! `objects`: one row per delivery object and reading. With `duplicates` and `rejects` these are the books.

use xxhash_rust::xxh3::Xxh3;

use super::chunk::Chunk;
use super::schema::{Table, columns};
use crate::select::Span;

columns! {
    delivery_date: Time, "";
    source: Text, "Bucket or folder, with what stands before AWSLogs/";
    source_object: Plain, "Delivery object, from AWSLogs/ on";
    etag: Plain, "S3's ETag of the object that was read";
    version_id: Plain, "S3's version id of the object that was read";
    size: Int64, "Bytes as stored";
    delivery_time: Time, "When the object was delivered, as its key says (UTC)";
    account_id: Text, "Account, as the key says";
    region: Text, "Region, as the key says";
    family: Text, "Folder family: CloudTrail, CloudTrail-Insight …";
    status: Text, "done, corrupt, digest, foreign, gone, archived, denied, too_large or failed";
    status_detail: Text, "What went wrong, or why the object is foreign";
    records: Int64, "Records read";
    written: Int64, "Records that stand in events, insights or aggregated_events from this object";
    duplicates: Int64, "Records that are copies of one written from another place";
    filtered: Int64, "Records left out on request";
    rejected: Int64, "Records that could not be used";
    first_event_time: Time, "Time of the first event read (UTC)";
    last_event_time: Time, "Time of the last event read (UTC)";
    content_sha256: Plain, "SHA-256 of the inflated bytes, in hex: what a digest file signs";
    commit_id: Text, "Commit that the object belongs to";
    read_before: Int64, "Records that an earlier reading of the object has taken";
    selected_from: Time, "Events from this time on were wanted (UTC); null: from the first";
    selected_to: Time, "Events before this time were wanted (UTC); null: to the last";
    object_hash: Binary, "XXH3 (128 bits) of source, object and ETag, or size: what tells that an object was read";
}

/// The table.
pub static TABLE: Table = Table {
    name: "objects",
    doc: "The books: every delivery object with what became of it",
    columns: COLUMNS,
    order: &[
        Col::delivery_date as usize,
        Col::source as usize,
        Col::source_object as usize,
        Col::etag as usize,
    ],
    identity: None,
    grouped: &[],
    partition: "delivery_date",
};

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Read to its end.
    Done,
    /// Read as far as its bytes go.
    Corrupt,
    /// A digest file, left aside.
    Digest,
    /// Not CloudTrail's, left aside.
    Foreign,
    /// Listed, and no longer there.
    Gone,
    /// In an archive class that must be restored first.
    Archived,
    /// Not ours to read.
    Denied,
    /// Larger than the limit.
    TooLarge,
    /// Could not be fetched.
    Failed,
}

impl Status {
    /// Returns the status as the table has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Corrupt => "corrupt",
            Self::Digest => "digest",
            Self::Foreign => "foreign",
            Self::Gone => "gone",
            Self::Archived => "archived",
            Self::Denied => "denied",
            Self::TooLarge => "too_large",
            Self::Failed => "failed",
        }
    }

    /// Returns the status of a name; none where it is no status.
    pub fn of_name(name: &str) -> Option<Self> {
        const ALL: [Status; 9] = [
            Status::Done,
            Status::Corrupt,
            Status::Digest,
            Status::Foreign,
            Status::Gone,
            Status::Archived,
            Status::Denied,
            Status::TooLarge,
            Status::Failed,
        ];
        ALL.into_iter().find(|status| status.name() == name)
    }
}

/// One row.
#[derive(Debug)]
#[expect(missing_docs, reason = "as the columns")]
pub struct Object<'a> {
    pub delivery_date: i64,
    pub source: &'a str,
    pub source_object: &'a str,
    pub etag: Option<&'a str>,
    pub version_id: Option<&'a str>,
    pub size: u64,
    pub delivery_time: Option<i64>,
    pub account_id: Option<&'a str>,
    pub region: Option<&'a str>,
    pub family: Option<&'a str>,
    pub status: Status,
    pub status_detail: Option<&'a str>,
    pub counts: Counts,
    /// The first and the last.
    pub event_times: Option<(i64, i64)>,
    pub content_sha256: Option<&'a str>,
    pub commit_id: &'a str,
    /// The event times that were wanted.
    pub selected: Span,
    /// [`object_hash`] of the version that was listed.
    pub hash: u128,
}

/// Returns what tells one version of an object from all others: a hash of its address and of its `ETag` or, where it has none,
/// its size.
pub fn object_hash(source: &str, source_object: &str, etag: Option<&str>, size: u64) -> u128 {
    let mut hash = Xxh3::new();
    for text in [source, source_object, etag.unwrap_or_default()] {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    if etag.is_none() {
        hash.update(&size.to_le_bytes());
    }
    hash.digest128()
}

/// What became of an object's records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the columns")]
pub struct Counts {
    pub records: u64,
    pub written: u64,
    pub duplicates: u64,
    pub filtered: u64,
    pub rejected: u64,
    pub read_before: u64,
}

/// Appends an object.
pub fn append(chunk: &mut Chunk, object: &Object<'_>) {
    let mut text = |column: Col, value: Option<&str>| {
        if let Some(value) = value {
            chunk.text(column, value);
        }
    };
    text(Col::source, Some(object.source));
    text(Col::source_object, Some(object.source_object));
    text(Col::etag, object.etag);
    text(Col::version_id, object.version_id);
    text(Col::account_id, object.account_id);
    text(Col::region, object.region);
    text(Col::family, object.family);
    text(Col::status, Some(object.status.name()));
    text(Col::status_detail, object.status_detail);
    text(Col::content_sha256, object.content_sha256);
    text(Col::commit_id, Some(object.commit_id));
    let mut int = |column: Col, value: Option<i64>| {
        if let Some(value) = value {
            chunk.int(column, value);
        }
    };
    let count = |n: u64| Some(i64::try_from(n).unwrap_or(i64::MAX));
    int(Col::delivery_date, Some(object.delivery_date));
    int(Col::size, count(object.size));
    int(Col::delivery_time, object.delivery_time);
    int(
        Col::first_event_time,
        object.event_times.map(|(first, _)| first),
    );
    int(
        Col::last_event_time,
        object.event_times.map(|(_, last)| last),
    );
    if matches!(object.status, Status::Done | Status::Corrupt) {
        int(Col::records, count(object.counts.records));
        int(Col::written, count(object.counts.written));
        int(Col::duplicates, count(object.counts.duplicates));
        int(Col::filtered, count(object.counts.filtered));
        int(Col::rejected, count(object.counts.rejected));
        int(Col::read_before, count(object.counts.read_before));
        int(Col::selected_from, open_end(object.selected.from));
        int(Col::selected_to, open_end(object.selected.to));
    }
    chunk.binary(Col::object_hash, &object.hash.to_be_bytes());
    chunk.end_row();
}

/// An end that is open has no value.
fn open_end(time: i64) -> Option<i64> {
    (time != Span::ALL.from && time != Span::ALL.to).then_some(time)
}

//! `objects`: one row per delivery object and reading. With `duplicates` and `rejects` these are the books.

use super::chunk::Chunk;
use super::schema::{Table, columns};

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
    }
    chunk.end_row();
}

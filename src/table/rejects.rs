//! `rejects`: what could not be used, with place and reason, and its bytes: nothing is beyond recovery.

use super::chunk::Chunk;
use super::schema::{Table, columns};
use crate::limits;
use crate::reject::Reject;

columns! {
    delivery_date: Time, "";
    source: Text, "Bucket or folder, with what stands before AWSLogs/";
    source_object: Text, "Delivery object, from AWSLogs/ on";
    record_index: Int64, "Position of the record in its object, from 0; null where the object itself is at fault";
    byte_offset: Int64, "Place in the inflated object at which the rejected bytes begin";
    reason: Text, "Why, from a closed list";
    detail: Text, "Why, in words";
    raw: Binary, "The rejected bytes, up to a limit";
    raw_bytes: Int64, "How many bytes were rejected: more than raw has where it was cut";
}

/// The table.
pub static TABLE: Table = Table {
    name: "rejects",
    doc: "Records and objects that could not be used, with place, reason and bytes",
    columns: COLUMNS,
    order: &[
        Col::delivery_date as usize,
        Col::source as usize,
        Col::source_object as usize,
        Col::byte_offset as usize,
        Col::record_index as usize,
        Col::reason as usize,
    ],
    identity: None,
    grouped: &[],
    partition: "delivery_date",
};

/// Appends a reject of an object.
pub fn append(
    chunk: &mut Chunk,
    delivery_date: i64,
    source: &str,
    source_object: &str,
    reject: &Reject<'_>,
) {
    let int = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    chunk.int(Col::delivery_date, delivery_date);
    chunk.text(Col::source, source);
    chunk.text(Col::source_object, source_object);
    if let Some(index) = reject.record_index {
        chunk.int(Col::record_index, i64::from(index));
    }
    chunk.int(Col::byte_offset, int(reject.byte_offset));
    chunk.text(Col::reason, reject.reason.name());
    if !reject.detail.is_empty() {
        chunk.text(Col::detail, &reject.detail);
    }
    chunk.binary(
        Col::raw,
        &reject.raw[..reject.raw.len().min(limits::REJECT_RAW_BYTES_MAX)],
    );
    chunk.int(Col::raw_bytes, int(reject.raw.len() as u64));
    chunk.end_row();
}

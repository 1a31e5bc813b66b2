//! `duplicates`: the copies that were dropped, because custody needs to know where each lay.

use super::chunk::Chunk;
use super::schema::{Table, columns};

columns! {
    delivery_date: Time, "";
    event_id: Plain, "CloudTrail's id of the event that stands in events";
    recipient_account_id: Text, "Account that the record was delivered to";
    source: Text, "Bucket or folder that held the copy, with what stands before AWSLogs/";
    source_object: Text, "Delivery object that held the copy, from AWSLogs/ on";
    source_index: Int64, "Position of the copy in its object, from 0";
}

/// The table.
pub static TABLE: Table = Table {
    name: "duplicates",
    doc: "Copies of events that were dropped: same ids and same content as a row of events",
    columns: COLUMNS,
    order: &[
        Col::delivery_date as usize,
        Col::source as usize,
        Col::source_object as usize,
        Col::source_index as usize,
    ],
    identity: None,
    grouped: &[],
    partition: "delivery_date",
};

/// One row.
#[derive(Debug)]
#[expect(missing_docs, reason = "as the columns")]
pub struct Duplicate<'a> {
    pub delivery_date: i64,
    pub event_id: Option<&'a str>,
    pub recipient_account_id: Option<&'a str>,
    pub source: &'a str,
    pub source_object: &'a str,
    pub source_index: i64,
}

/// Appends a copy.
pub fn append(chunk: &mut Chunk, copy: &Duplicate<'_>) {
    chunk.int(Col::delivery_date, copy.delivery_date);
    if let Some(id) = copy.event_id {
        chunk.text(Col::event_id, id);
    }
    if let Some(account) = copy.recipient_account_id {
        chunk.text(Col::recipient_account_id, account);
    }
    chunk.text(Col::source, copy.source);
    chunk.text(Col::source_object, copy.source_object);
    chunk.int(Col::source_index, copy.source_index);
    chunk.end_row();
}

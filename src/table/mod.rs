//! The tables: what columns each has (one file per table), how rows of any of them are gathered
//! ([`chunk`]), brought into one order ([`merge`]), encoded as Parquet ([`encode`]) and read back ([`read`]).

pub mod activity;
pub mod aggregated_events;
pub mod chunk;
pub mod dict;
pub mod duplicates;
pub mod encode;
pub mod events;
pub mod insights;
pub mod mcp_events;
pub mod mcp_links;
pub mod merge;
pub mod objects;
pub mod origin;
pub mod read;
pub mod rebuild;
pub mod record_ids;
pub mod rejects;
pub mod resource_activity;
pub mod schema;
pub mod shape;
pub mod sign_ins;
pub mod spill;
mod store;

pub use schema::{Column, Kind, SCHEMA_VERSION, Table};

/// The tables that are derived from `events`.
pub static DERIVED: [&Table; 5] = [
    &mcp_events::TABLE,
    &mcp_links::TABLE,
    &activity::TABLE,
    &sign_ins::TABLE,
    &resource_activity::TABLE,
];

/// The tables whose rows are additive partials.
pub static ADDITIVE: [&Table; 2] = [&activity::TABLE, &resource_activity::TABLE];

/// Every table, in the order in which they are published: `events` first, `objects` last.
pub static TABLES: [&Table; 11] = [
    &events::TABLE,
    &mcp_events::TABLE,
    &mcp_links::TABLE,
    &activity::TABLE,
    &sign_ins::TABLE,
    &resource_activity::TABLE,
    &insights::TABLE,
    &aggregated_events::TABLE,
    &duplicates::TABLE,
    &rejects::TABLE,
    &objects::TABLE,
];

//! Where rows go: runs until they are merged ([`runs`]), data files and the commit log after ([`dataset`]), in a place that keeps them
//! ([`store`]: a [`folder`], or a prefix in [`s3`]); and what lies in a dataset's folder ([`inventory`]).
//!
//! ```text
//! <dest>/events/event_date=2026-08-01/<name>.parquet    one folder per table
//! <dest>/_trailmill/dataset.json                        what all runs into it have in common
//! <dest>/_trailmill/stage/…                             in a folder: data files that are not committed
//! <dest>/_trailmill/runs/<run>.json                     what a run did, for people
//! <dest>/_trailmill/log/<n>.json                        what is committed; <n>.done, with its SHA-256, when it is published
//! ```
//!
//! Files are staged, then entry n is created, which commits them, then each is brought to its place. Staged
//! files never end in `.parquet` and never lie under a table's folder, so no reader of a glob sees one.

pub mod dataset;
pub mod disk;
mod error;
pub mod folder;
pub mod inventory;
pub mod reader;
pub mod runs;
pub mod s3;
pub mod store;

pub use error::SinkError;

/// What is ours in a dataset, beside the tables.
const OURS: &str = "_trailmill";
/// Held by the one run that writes.
const LOCK: &str = "lock";
/// How the names of empty objects begin with which a bucket is tried out.
const PROBE: &str = "probe-";
/// The folder of what runs did, for people.
pub const RUNS: &str = "_trailmill/runs";

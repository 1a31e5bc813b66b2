//! Where rows go: runs until they are merged ([`runs`]), data files and the commit log after ([`folder`]); and what lies
//! in a dataset's folder ([`inventory`]).
//!
//! A dataset is a folder:
//!
//! ```text
//! <dest>/events/event_date=2026-08-01/<name>.parquet    one folder per table
//! <dest>/_trailmill/stage/…                             data files that are not committed
//! <dest>/_trailmill/log/<n>.json                        what is committed; <n>.done, with its SHA-256, when it is published
//! ```
//!
//! Files are staged, then entry n is created, which commits them, then each is renamed to its place. Staged
//! files never end in `.parquet` and never lie under a table's folder, so no reader of a glob sees one.

pub mod folder;
pub mod inventory;
pub mod runs;

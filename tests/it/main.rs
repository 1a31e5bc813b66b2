//! The integration tests: one binary, a module a topic.

#![expect(
    clippy::unwrap_used,
    reason = "a test says best where it fails by failing there"
)]

mod generate; // trailmill generate
mod list; // trailmill list
mod s3_double; // an S3 in this process
mod source; // listing and reading

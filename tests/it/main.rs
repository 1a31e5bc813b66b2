//! The integration tests: one binary, a module a topic.

#![expect(
    clippy::unwrap_used,
    reason = "a test says best where it fails by failing there"
)]

mod disk_double; // a disk whose power can fail
mod generate; // trailmill generate
mod json; // a JSON reader of the tests' own
mod known; // rows that the dataset has
mod list; // trailmill list
mod model; // a dataset against a model of it
mod places; // places for datasets that fail on demand
mod records; // made-up records, usual and odd
mod s3_double; // an S3 in this process
mod source; // listing and reading
mod support; // data sets in folders and in memory, the program as a process

mod bad_input; // what is broken, and each wrapping
mod cli; // command lines, exit codes, what people read
mod compact; // trailmill compact
mod dataset; // the files of a run
mod ddl; // trailmill sql
mod faults; // what fails: its class, its count, its exit code
mod golden; // datasets of earlier versions
mod guardrail; // trailmill guardrail
mod hostile; // input that is made to be dear
mod incremental; // runs that add to a dataset
mod invariance; // the same rows whatever the threads, order and memory
mod kill; // runs that are killed, stopped, or meet another one
mod lookup; // trailmill lookup
mod lossless; // record to row to record
mod manual; // trailmill completions, trailmill man
mod memory; // --memory as a bound
mod oracle; // columns against a naive reading
mod power_cut; // what a power cut leaves is gone on with
mod rebuild; // trailmill rebuild
mod report; // trailmill report
mod run_s3; // a whole run from S3
mod run_to_s3; // a whole run into S3
mod settings; // trailmill.toml
#[cfg(unix)]
mod signals; // runs that are told to stop
mod store; // places for a dataset
mod tidy; // who may use what
mod verify; // trailmill verify

//! trailmill: CloudTrail logs to Parquet.

pub mod cli;
pub mod trail;

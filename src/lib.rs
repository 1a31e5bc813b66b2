//! trailmill: CloudTrail logs to Parquet.

pub mod cli;
pub mod escape;
pub mod generate;
pub mod trail;

//! trailmill: CloudTrail logs to Parquet.

pub mod cli;
pub mod escape;
pub mod limits;
pub mod list;
pub mod source;
pub mod trail;

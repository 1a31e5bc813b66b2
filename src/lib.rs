//! trailmill: CloudTrail logs to Parquet.

pub mod cli;
pub mod limits;
pub mod mcp;
pub mod trail;

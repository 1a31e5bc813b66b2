//! trailmill: CloudTrail logs to Parquet.

pub mod cli;
pub mod escape;
pub mod limits;
pub mod mcp;
pub mod reject;
pub mod source;
pub mod trail;

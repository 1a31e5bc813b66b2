//! trailmill: CloudTrail logs to Parquet.

pub mod app;
pub mod cli;
pub mod commit;
pub mod config;
pub mod escape;
pub mod exit;
pub mod export;
pub mod generate;
pub mod limits;
pub mod list;
pub mod mcp;
pub mod mill;
pub mod pipeline;
pub mod reject;
pub mod rollup;
pub mod run;
pub mod select;
pub mod sink;
pub mod source;
pub mod summary;
pub mod table;
pub mod trail;
pub mod write;

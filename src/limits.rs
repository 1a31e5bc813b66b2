//! Every bound, with its unit in the name and its reason beside it.

/// Nesting of a JSON record. CloudTrail's own records stay below 30; engines that query the JSON columns
/// recurse, DuckDB refuses beyond 1,000 and others far earlier.
pub const JSON_DEPTH_MAX: usize = 200;

/// Memory of a reused buffer that is kept from one object to the next; one grown larger is given back.
pub const REUSED_BYTES_MAX: usize = 16 << 20;

/// Objects up to this size, inflated, are parsed whole; above it record by record, because a tape takes
/// 24 bytes a value: 50 MB of `[1,1,…` would be 600 MB of tape.
pub const WHOLE_OBJECT_BYTES_MAX: usize = 8 << 20;

/// One object, inflated. CloudTrail's own end at 50 MB; the rest is room for piles made by hand. What is larger wants
/// cutting.
pub const INFLATED_BYTES_MAX: usize = 128 << 20;

/// How far an object may stretch when it is inflated, beyond the first [`INFLATED_BYTES_FREE`]. Real trails stretch 7 to 20
/// times, the most repetitive ones 100 times; deflate can do 1,032, and what comes near is a bomb.
pub const INFLATE_RATIO_MAX: usize = 200;

/// Inflated bytes that are given without asking how far the object stretches.
pub const INFLATED_BYTES_FREE: usize = 16 << 20;

/// One record. CloudTrail's end at 256 KB, or 1 MB where event data stores were configured so.
pub const RECORD_BYTES_MAX: usize = 16 << 20;

/// Bytes of a rejected record that are kept in `rejects`; the cut is marked.
pub const REJECT_RAW_BYTES_MAX: usize = 64 << 10;

/// Wrappings inside wrappings that are opened: records in LookupEvents output in an array is three.
pub const WRAPPINGS_MAX: usize = 4;

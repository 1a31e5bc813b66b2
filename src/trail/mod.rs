//! What a trail delivers: keys, times, bytes, records.

pub mod time;

//! What a trail delivers, in the order it is taken apart: keys, bytes, JSON, records.

pub mod json;
pub mod key;
pub mod record;
pub mod scan;
pub mod time;

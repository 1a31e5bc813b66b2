//! What a trail delivers, in the order it is taken apart: bytes, wrappings, JSON, records.

pub mod hash;
pub mod inflate;
pub mod json;
pub mod key;
pub mod mend;
pub mod record;
pub mod scan;
pub mod time;
pub mod wrap;

//! What a trail delivers, in the order it is taken apart: keys, bytes, wrappings, JSON, records; and what a record
//! means: who, whether a sign-in, on which resources.

pub mod hash;
pub mod identity;
pub mod inflate;
pub mod json;
pub mod key;
pub mod mend;
pub mod record;
pub mod resources;
pub mod scan;
pub mod sha256;
pub mod sign_in;
pub mod time;
pub mod wrap;

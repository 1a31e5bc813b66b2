//! What a trail delivers, in the order it is taken apart: keys, bytes, JSON, records; and what a record means: who,
//! whether a sign-in, on which resources.

pub mod identity;
pub mod json;
pub mod record;
pub mod resources;
pub mod scan;
pub mod sign_in;
pub mod time;

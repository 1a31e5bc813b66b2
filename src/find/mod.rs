//! Rows of data files that fit a question, newest first, with little read: what a row group cannot have is told by its statistics
//! and Bloom filters, of the others the columns that are asked for are read, and of the rows that fit the rest.

mod file;
mod filter;
mod newest;
mod query;

pub use newest::{Candidate, Newest};
pub use query::{Condition, Query};

#[cfg(test)]
mod tests;

//! tests

mod generate;

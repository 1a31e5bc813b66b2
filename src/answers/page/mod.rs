//! The report as one page for the browser, which loads nothing: template, style, scripts and data in one file.
//!
//! Title, findings, caveats and totals are written here, so that they can be read without scripts; the rest is drawn by
//! `page.js` from the data. What logs hold gets into the page in two ways alone: escaped as text (`html.rs`), and as JSON in which
//! nothing can end its element (`data.rs`). The page's policy lets the browser run this script and use this style, by their hashes,
//! and forbids all else.

mod data;
mod html;

pub use html::page;

#[cfg(test)]
mod tests;

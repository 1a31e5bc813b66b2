//! How rows stand in a row group: alike ones together, so that pages are small and a reader who wants few rows skips most of them.
//!
//! This takes nearly a quarter off `events`, and saves more time of compressing than it takes. Row groups stay in the order of
//! time, and readers of ours that need it sort the rows of one again.

use parquet::errors::Result;
use parquet::file::metadata::SortingColumn;
use parquet::schema::types::SchemaDescriptor;
use rayon::prelude::*;

use super::pages::Spare;
use super::rle;
use super::texts::Entries;
use crate::table::merge::Window;
use crate::table::schema::Table;

/// The first so many columns have few texts, and their rows stand in the order of these; of the others alike rows stand
/// together, those first that came first, because sorting many texts is dear and says nothing to who looks for one.
const SORTED_COLUMNS: usize = 2;

/// A window with its rows as they are to stand in its row group.
pub(super) struct Grouped {
    pub(super) window: Window,
    /// The columns whose texts are more than a dictionary may hold, as far as grouping showed that.
    pub(super) without_dictionary: Vec<usize>,
}

/// Puts the rows of a window in order; `None` where they stand so already.
pub(super) fn window(table: &Table, window: &Window, spare: &Spare) -> Result<Option<Grouped>> {
    if table.grouped.is_empty() {
        return Ok(None);
    }
    let columns = table.grouped.par_iter().enumerate().with_max_len(1);
    let numbers: Vec<Numbers> = columns
        .map(|(nth, column)| numbers(window, *column, nth < SORTED_COLUMNS, spare))
        .collect::<Result<_>>()?;
    let outgrown = table.grouped.iter().zip(&numbers);
    Ok(Some(Grouped {
        without_dictionary: outgrown
            .filter(|(_, numbers)| numbers.outgrow_a_dictionary)
            .map(|(column, _)| *column)
            .collect(),
        window: Window {
            day: window.day,
            blocks: window.blocks.clone(),
            rows: order(&numbers, window.rows.len())
                .map(|row| window.rows[row])
                .collect(),
            copies: Vec::new(),
        },
    }))
}

/// Returns what a file says of the order of its rows.
pub(super) fn said(table: &Table, schema: &SchemaDescriptor) -> Option<Vec<SortingColumn>> {
    let columns = table.grouped.iter().take(SORTED_COLUMNS);
    let sorting = |column: &usize| {
        let name = table.columns[*column].name;
        let mut leaves = schema.columns().iter();
        let leaf = leaves.position(|leaf| leaf.path().string() == name)?;
        Some(SortingColumn {
            column_idx: i32::try_from(leaf).ok()?,
            descending: false,
            nulls_first: true,
        })
    };
    let said: Vec<_> = columns.filter_map(sorting).collect();
    (!said.is_empty()).then_some(said)
}

/// A number for each row, equal where texts are; 0 where there is none.
struct Numbers {
    of_rows: Vec<u32>,
    /// Bits of the greatest.
    width: u32,
    outgrow_a_dictionary: bool,
}

fn numbers(window: &Window, column: usize, is_sorted: bool, spare: &Spare) -> Result<Numbers> {
    spare.lend(|scratch| {
        let mut entries = Entries::new(window, column, scratch);
        let mut of_rows = entries.numbers(&window.rows);
        let texts = entries.texts();
        if is_sorted {
            let ranks = ranks(texts);
            for number in &mut of_rows {
                *number = ranks[*number as usize];
            }
        }
        let greatest = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        let width = rle::width(greatest);
        Ok(Numbers {
            of_rows,
            width,
            outgrow_a_dictionary: entries.outgrow_a_dictionary(),
        })
    })
}

/// The rank plus one of each text, by its number plus one; 0 for none.
fn ranks(texts: &[&[u8]]) -> Vec<u32> {
    let mut sorted: Vec<usize> = (0..texts.len()).collect();
    sorted.sort_unstable_by_key(|nth| texts[*nth]);
    let mut ranks = vec![0; texts.len() + 1];
    for (rank, nth) in (1..).zip(sorted) {
        ranks[nth + 1] = rank;
    }
    ranks
}

/// The rows in the order of their numbers, those that agree in all of them as they came.
fn order(columns: &[Numbers], n_rows: usize) -> impl Iterator<Item = usize> {
    // A window is cut long before 2^24 rows, so five numbers fit.
    let row_width = usize::BITS - n_rows.leading_zeros();
    let mut keys: Vec<u128> = (0..n_rows)
        .map(|row| {
            let key = columns.iter().fold(0, |key, column| {
                key << column.width | u128::from(column.of_rows[row])
            });
            key << row_width | row as u128
        })
        .collect();
    keys.sort_unstable();
    let mask = (1 << row_width) - 1;
    keys.into_iter()
        .map(move |key| usize::try_from(key & mask).unwrap_or_default())
}

//! Columns of text and bytes: with a dictionary page where that pays, else plain.
//!
//! The numbers that texts have in their chunks lead to the numbers they have in the column, so that a text is looked
//! up once for every chunk that has it, and not once for every row.

use std::collections::HashSet;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use parquet::basic::Encoding;
use parquet::errors::Result;
use parquet::schema::types::ColumnDescPtr;

use super::pages::{Data, Encoded, Pages, Range, Scratch, level_width, levels};
use super::rle;
use crate::table::merge::Window;
use crate::table::store::Texts;

/// Rows of a page: what a reader that wants one row has to decode.
const PAGE_ROWS: usize = 20_000;
/// Bytes of a page, at which it ends.
const PAGE_BYTES: usize = 1 << 20;
/// A dictionary ends here: who wants one row has to read it whole.
const DICTIONARY_BYTES_MAX: usize = 1 << 20;
/// Values of a column by which it is decided whether to look for a dictionary.
const SAMPLE_VALUES: usize = 4096;
/// What a value takes beside its bytes.
const LENGTH_BYTES: usize = 4;

/// How a column of text is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Whether values that repeat get a dictionary.
    pub(super) has_dictionary: bool,
    /// Whether its bounds are kept.
    pub(super) has_statistics: bool,
}

/// Encodes a column of texts or bytes.
pub(super) fn flat(
    window: &Window,
    column: usize,
    descr: &ColumnDescPtr,
    plan: Plan,
    scratch: &mut Scratch,
) -> Result<Encoded> {
    let chunks = window.blocks.iter().map(|block| block.chunk());
    let columns: Vec<_> = chunks.map(|chunk| chunk.texts(column)).collect();
    let value = |(block, row): &(u32, u32)| columns[*block as usize].get(*row as usize);
    let mut slots = Slots::with_capacity(window.rows.len());
    let repeats = plan.has_dictionary && repeat(window.rows.iter().filter_map(value));
    let values = if repeats {
        let mut entries = Entries::new(window, scratch);
        let mut numbers = Vec::with_capacity(window.rows.len());
        for place @ (block, row) in &window.rows {
            let number = match columns[*block as usize] {
                Texts::Numbered(ids, _) => match ids[*row as usize] {
                    0 => None,
                    id => Some(entries.number(*block, id)),
                },
                _ => value(place).map(|value| entries.number_of(value)),
            };
            slots.defs.push(u8::from(number.is_some()));
            numbers.extend(number);
        }
        entries.finish(numbers)
    } else {
        let mut values = Vec::with_capacity(window.rows.len());
        for place in &window.rows {
            let value = value(place);
            slots.defs.push(u8::from(value.is_some()));
            values.extend(value);
        }
        Values::Plain(values)
    };
    write(descr, &slots, &values, plan, scratch)
}

/// Encodes the leaves of a column of lists; an element has a text for each of them.
pub(super) fn lists(
    window: &Window,
    column: usize,
    descrs: &[ColumnDescPtr],
    plan: Plan,
    scratch: &mut Scratch,
) -> Result<Vec<Encoded>> {
    let leaf = |(nth, descr): (usize, &ColumnDescPtr)| {
        list_leaf(window, column, (nth, descrs.len()), descr, plan, scratch)
    };
    descrs.iter().enumerate().map(leaf).collect()
}

fn list_leaf(
    window: &Window,
    column: usize,
    (nth, width): (usize, usize),
    descr: &ColumnDescPtr,
    plan: Plan,
    scratch: &mut Scratch,
) -> Result<Encoded> {
    const NO_LIST: u8 = 0;
    const NO_ELEMENT: u8 = 1;
    let has_text = level(descr.max_def_level());
    let mut slots = Slots::with_capacity(window.rows.len());
    let mut entries = Entries::new(window, scratch);
    let mut numbers = Vec::new();
    for (block, row) in &window.rows {
        let list = window.blocks[*block as usize]
            .chunk()
            .get_list(column, *row as usize);
        let mut elements = list
            .unwrap_or_default()
            .chunks_exact(width)
            .map(|element| element[nth])
            .peekable();
        slots.reps.push(0);
        if elements.peek().is_none() {
            slots
                .defs
                .push(if list.is_some() { NO_ELEMENT } else { NO_LIST });
            continue;
        }
        for (place, id) in elements.enumerate() {
            if place > 0 {
                slots.reps.push(1);
            }
            if id == 0 {
                slots.defs.push(has_text - 1);
            } else {
                slots.defs.push(has_text);
                numbers.push(entries.number(*block, id));
            }
        }
    }
    let values = entries.finish(numbers);
    write(descr, &slots, &values, plan, scratch)
}

/// Returns whether the first of the values say most things more than once.
fn repeat<'v>(values: impl Iterator<Item = &'v [u8]>) -> bool {
    let mut distinct = HashSet::<&[u8], DefaultHashBuilder>::default();
    let (mut fresh, mut all) = (0, 0);
    for value in values.take(SAMPLE_VALUES) {
        let bytes = LENGTH_BYTES + value.len();
        all += bytes;
        fresh += if distinct.insert(value) { bytes } else { 0 };
    }
    2 * fresh <= all
}

/// The rows, or elements of lists, of a column.
#[derive(Debug)]
struct Slots {
    /// 0 where a row begins; empty where each slot is a row.
    reps: Vec<u8>,
    defs: Vec<u8>,
}

impl Slots {
    fn with_capacity(rows: usize) -> Self {
        Self {
            reps: Vec::new(),
            defs: Vec::with_capacity(rows),
        }
    }

    fn begins_row(&self, slot: usize) -> bool {
        self.reps.get(slot).is_none_or(|rep| *rep == 0)
    }
}

/// The values of the slots that have one.
#[derive(Debug)]
enum Values<'w> {
    Numbered {
        entries: Vec<&'w [u8]>,
        numbers: Vec<u32>,
    },
    Plain(Vec<&'w [u8]>),
}

impl<'w> Values<'w> {
    fn get(&self, nth: usize) -> &'w [u8] {
        match self {
            Self::Numbered { entries, numbers } => entries[numbers[nth] as usize],
            Self::Plain(values) => values[nth],
        }
    }
}

/// The distinct texts of a column, numbered in the order in which its rows have them: whatever chunks the rows came in.
struct Entries<'w, 's> {
    window: &'w Window,
    /// By block, by the text's number plus one in it: its number plus one here.
    known: &'s mut Vec<Vec<u32>>,
    /// Where `known` is not 0.
    noted: Vec<(u32, u32)>,
    texts: Vec<&'w [u8]>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<'w, 's> Entries<'w, 's> {
    fn new(window: &'w Window, scratch: &'s mut Scratch) -> Self {
        let known = &mut scratch.numbers;
        if known.len() < window.blocks.len() {
            known.resize_with(window.blocks.len(), Vec::new);
        }
        for (known, block) in known.iter_mut().zip(&window.blocks) {
            let length = block.chunk().dictionary_len() + 1;
            if known.len() < length {
                known.resize(length, 0);
            }
        }
        Self {
            window,
            known,
            noted: Vec::new(),
            texts: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Returns the number of a text by its number plus one in a block.
    #[inline]
    fn number(&mut self, block: u32, id: u32) -> u32 {
        let known = self.known[block as usize][id as usize];
        if known == 0 {
            self.note(block, id)
        } else {
            known - 1
        }
    }

    #[cold]
    fn note(&mut self, block: u32, id: u32) -> u32 {
        let text = self.window.blocks[block as usize]
            .chunk()
            .dictionary_text(id)
            .unwrap_or_default();
        let number = self.number_of(text.as_bytes());
        self.known[block as usize][id as usize] = number + 1;
        self.noted.push((block, id));
        number
    }

    fn number_of(&mut self, text: &'w [u8]) -> u32 {
        let Self {
            texts,
            index,
            hasher,
            ..
        } = self;
        let hash = hasher.hash_one(text);
        if let Some(number) = index.find(hash, |number| texts[*number as usize] == text) {
            return *number;
        }
        let number = u32::try_from(texts.len()).expect("a row group has fewer than 2^32 values");
        texts.push(text);
        index.insert_unique(hash, number, |number| {
            hasher.hash_one(texts[*number as usize])
        });
        number
    }

    /// Returns the values by number, or each as it is where a dictionary does not pay.
    fn finish(self, numbers: Vec<u32>) -> Values<'w> {
        for (block, id) in self.noted {
            self.known[block as usize][id as usize] = 0;
        }
        let entries = self.texts;
        let width = rle::width(count(entries.len()).saturating_sub(1)) as usize;
        let dictionary: usize = entries.iter().map(|entry| LENGTH_BYTES + entry.len()).sum();
        let entry = |number: &u32| entries[*number as usize];
        let plain: usize = numbers
            .iter()
            .map(|number| LENGTH_BYTES + entry(number).len())
            .sum();
        if dictionary <= DICTIONARY_BYTES_MAX && dictionary + numbers.len() * width / 8 <= plain {
            Values::Numbered { entries, numbers }
        } else {
            Values::Plain(numbers.iter().map(entry).collect())
        }
    }
}

/// Writes a column page by page.
fn write(
    descr: &ColumnDescPtr,
    slots: &Slots,
    values: &Values<'_>,
    plan: Plan,
    scratch: &mut Scratch,
) -> Result<Encoded> {
    let mut pages = Pages::new(descr.clone(), plan.has_statistics);
    let mut bounds = plan.has_statistics.then(|| Bounds::new(values));
    if let Values::Numbered { entries, .. } = values {
        scratch.page.clear();
        entries
            .iter()
            .for_each(|entry| plain(entry, &mut scratch.page));
        pages.dictionary(entries.len(), scratch)?;
    }
    let (mut slot, mut value) = (0, 0);
    while slot < slots.defs.len() {
        let page = Cut::after(slot, value, slots, values, level(descr.max_def_level()));
        scratch.page.clear();
        let (reps, defs) = (
            slots.reps.get(slot..page.slot),
            &slots.defs[slot..page.slot],
        );
        levels(&mut scratch.page, descr.max_rep_level(), |out| {
            rle::encode(
                reps.unwrap_or_default(),
                level_width(descr.max_rep_level()),
                out,
            )
        });
        levels(&mut scratch.page, descr.max_def_level(), |out| {
            rle::encode(defs, level_width(descr.max_def_level()), out)
        });
        let encoding = match values {
            Values::Numbered { entries, numbers } => {
                let width = rle::width(count(entries.len()).saturating_sub(1));
                scratch.page.push(width.to_le_bytes()[0]);
                rle::encode(&numbers[value..page.value], width, &mut scratch.page);
                Encoding::RLE_DICTIONARY
            }
            Values::Plain(values) => {
                values[value..page.value]
                    .iter()
                    .for_each(|value| plain(value, &mut scratch.page));
                Encoding::PLAIN
            }
        };
        let data = Data {
            encoding,
            rows: page.rows,
            slots: page.slot - slot,
            nulls: page.slot - slot - (page.value - value),
            range: bounds
                .as_mut()
                .and_then(|bounds| bounds.of(value..page.value)),
        };
        pages.data(data, scratch)?;
        (slot, value) = (page.slot, page.value);
    }
    pages.close()
}

fn plain(value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&count(value.len()).to_le_bytes());
    out.extend_from_slice(value);
}

/// Where a page ends: the next slot and value, and its rows.
struct Cut {
    slot: usize,
    value: usize,
    rows: usize,
}

impl Cut {
    fn after(slot: usize, value: usize, slots: &Slots, values: &Values<'_>, has_value: u8) -> Self {
        let mut cut = Self {
            slot,
            value,
            rows: 0,
        };
        let mut bytes = 0;
        while cut.slot < slots.defs.len() {
            if slots.begins_row(cut.slot) {
                if cut.rows == PAGE_ROWS || bytes >= PAGE_BYTES {
                    break;
                }
                cut.rows += 1;
            }
            if slots.defs[cut.slot] == has_value {
                if let Values::Plain(values) = values {
                    bytes += LENGTH_BYTES + values[cut.value].len();
                }
                cut.value += 1;
            }
            cut.slot += 1;
        }
        cut
    }
}

/// Finds the bounds of pages.
struct Bounds<'v, 'w> {
    values: &'v Values<'w>,
    /// By number: whether the page at hand has it. Comparing it once is enough.
    seen: Vec<u32>,
    page: u32,
}

impl<'v, 'w> Bounds<'v, 'w> {
    fn new(values: &'v Values<'w>) -> Self {
        let seen = match values {
            Values::Numbered { entries, .. } => vec![0; entries.len()],
            Values::Plain(_) => Vec::new(),
        };
        Self {
            values,
            seen,
            page: 0,
        }
    }

    fn of(&mut self, range: std::ops::Range<usize>) -> Option<Range<'w>> {
        self.page += 1;
        let mut found: Option<Range<'w>> = None;
        for nth in range {
            if let Values::Numbered { numbers, .. } = self.values
                && std::mem::replace(&mut self.seen[numbers[nth] as usize], self.page) == self.page
            {
                continue;
            }
            let value = self.values.get(nth);
            found = Some(found.map_or((value, value), |(min, max)| {
                (min.min(value), max.max(value))
            }));
        }
        found
    }
}

fn level(max: i16) -> u8 {
    u8::try_from(max).expect("lists are one deep")
}

fn count(n: usize) -> u32 {
    u32::try_from(n).expect("a row group is cut long before 4 GiB")
}

//! Columns of text and bytes: with a dictionary page where that pays, else plain.
//!
//! The numbers that texts have in their chunks lead to the numbers they have in the column, so that a text is looked
//! up once for every chunk that has it, and not once for every row.

use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashTable;
use memchr::memchr_iter;
use parquet::basic::Encoding;
use parquet::bloom_filter::Sbbf;
use parquet::errors::Result;
use parquet::schema::types::ColumnDescPtr;

use super::pages::{self, Data, Encoded, Pages, Scratch, levels};
use super::{delta, rle};
use crate::table::chunk::Sorted;
use crate::table::dict::{TextHash, hash, spread};
use crate::table::merge::Window;
use crate::table::store::{NO_TEXT, Texts};

/// Rows of a page: what a reader that wants one row has to decode.
const PAGE_ROWS: usize = 20_000;
/// Bytes of a page, at which it ends.
const PAGE_BYTES: usize = 1 << 20;
/// A dictionary ends here: who wants one row has to read it whole.
const DICTIONARY_BYTES_MAX: usize = 1 << 20;
/// Values of a column by which it is decided whether to look for a dictionary.
const SAMPLE_VALUES: usize = 1024;
/// Texts of so many bytes are long.
const LONG_BYTES: usize = 64;
/// What a value takes beside its bytes.
const LENGTH_BYTES: usize = 4;
/// How often a Bloom filter may say "perhaps" of a text that is not there: a row group read in vain for 30 that are skipped, at
/// a byte a text.
const FALSE_POSITIVES: f64 = 0.03;

/// How a column of text is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Whether values that repeat get a dictionary.
    pub(super) has_dictionary: bool,
    /// Whether the smallest and greatest text of a page say something.
    pub(super) has_bounds: bool,
    /// Whether row groups that do not have a text are to be skipped.
    pub(super) has_filter: bool,
}

/// Encodes a column of texts or bytes.
pub(super) fn flat(
    window: &Window,
    column: usize,
    descr: &ColumnDescPtr,
    plan: Plan,
    scratch: &mut Scratch,
) -> Result<Encoded> {
    let found = if plan.has_dictionary {
        numbered(window, column, scratch)
    } else {
        None
    };
    let (defs, values) = found.unwrap_or_else(|| unnumbered(window, column));
    let reps = Vec::new();
    let slots = Slots { reps, defs };
    write(descr, &slots, &values, plan, scratch)
}

/// The levels of a column's rows, and its texts by their numbers; `None` where the first of them say that they hardly repeat, or
/// as soon as they are more than a dictionary may hold.
fn numbered<'w>(
    window: &'w Window,
    column: usize,
    scratch: &mut Scratch,
) -> Option<(Vec<u8>, Values<'w>)> {
    let n_rows = window.rows.len();
    let (mut defs, mut numbers) = (Vec::with_capacity(n_rows), Vec::with_capacity(n_rows));
    let mut entries = Entries::new(window, column, scratch);
    let mut rest = window.rows.chunks(SAMPLE_VALUES);
    for rows in rest.by_ref() {
        entries.take(rows, &mut defs, &mut numbers);
        if numbers.len() >= SAMPLE_VALUES {
            break;
        }
    }
    let sample = &numbers[..SAMPLE_VALUES.min(numbers.len())];
    if !repeat(&entries.texts, sample) {
        return None;
    }
    for rows in rest {
        if entries.outgrow_a_dictionary() {
            return None;
        }
        entries.take(rows, &mut defs, &mut numbers);
    }
    Some((defs, entries.finish(numbers)))
}

/// The levels of a column's rows, and its texts as they are.
fn unnumbered(window: &Window, column: usize) -> (Vec<u8>, Values<'_>) {
    let chunks = window.blocks.iter().map(|block| block.chunk());
    let columns: Vec<_> = chunks.map(|chunk| chunk.texts(column)).collect();
    let n_rows = window.rows.len();
    let (mut defs, mut values) = (Vec::with_capacity(n_rows), Vec::with_capacity(n_rows));
    defs.extend(window.rows.iter().map(|(block, row)| {
        let value = columns[*block as usize].get(*row as usize);
        if let Some(value) = value {
            values.push(value);
        }
        u8::from(value.is_some())
    }));
    (defs, Values::Plain(values))
}

/// Encodes the leaves of a column of lists; an element has a text for each of them.
pub(super) fn lists(
    window: &Window,
    column: usize,
    descrs: &[ColumnDescPtr],
    plan: Plan,
    scratch: &mut Scratch,
) -> Result<Vec<Encoded>> {
    let lists = Lists::of(window, column, descrs.len());
    let mut leaf = |(nth, descr): (usize, &ColumnDescPtr)| {
        let entries = Entries::new(window, column, scratch);
        let (slots, values) = lists.leaf(nth, level(descr.max_def_level()), entries);
        write(descr, &slots, &values, plan, scratch)
    };
    descrs.iter().enumerate().map(&mut leaf).collect()
}

/// The lists of a column, end to end.
struct Lists<'w> {
    /// 0 where a row begins.
    reps: Vec<u8>,
    /// The element of each slot: its block and the numbers plus one of its texts; without texts where the row has no
    /// element.
    elements: Vec<(u32, &'w [u32])>,
    /// Whether a slot without element is an empty list, and not none.
    is_list: Vec<bool>,
}

impl<'w> Lists<'w> {
    fn of(window: &'w Window, column: usize, width: usize) -> Self {
        let rows = window.rows.len();
        let mut lists = Self {
            reps: Vec::with_capacity(rows),
            elements: Vec::with_capacity(rows),
            is_list: Vec::with_capacity(rows),
        };
        for (block, row) in &window.rows {
            let chunk = window.blocks[*block as usize].chunk();
            let list = chunk.get_list(column, *row as usize);
            let elements = list.unwrap_or_default().chunks_exact(width);
            if elements.len() == 0 {
                lists.push(0, (*block, &[]), list.is_some());
            }
            for (place, element) in elements.enumerate() {
                lists.push(u8::from(place > 0), (*block, element), true);
            }
        }
        lists
    }

    fn push(&mut self, rep: u8, element: (u32, &'w [u32]), is_list: bool) {
        self.reps.push(rep);
        self.elements.push(element);
        self.is_list.push(is_list);
    }

    /// One text of each element. `has_text` is the level of an element that has it.
    fn leaf(&self, nth: usize, has_text: u8, mut entries: Entries<'w, '_>) -> (Slots, Values<'w>) {
        let (mut defs, mut numbers) = (Vec::with_capacity(self.reps.len()), Vec::new());
        for ((block, texts), is_list) in self.elements.iter().zip(&self.is_list) {
            defs.push(match texts.get(nth) {
                None => u8::from(*is_list),
                Some(0) => has_text - 1,
                Some(id) => {
                    numbers.push(entries.number(*block, *id));
                    has_text
                }
            });
        }
        let reps = self.reps.clone();
        (Slots { reps, defs }, entries.finish(numbers))
    }
}

/// Returns whether enough of the first values, given by their numbers, repeat to go on with a dictionary: half of the bytes
/// where texts are short, a quarter where they are long, which compression does not find again once other texts of their
/// kind lie between.
fn repeat(entries: &[&[u8]], sample: &[u32]) -> bool {
    let bytes = |entry: &[u8]| LENGTH_BYTES + entry.len();
    let all: usize = sample.iter().map(|n| bytes(entries[*n as usize])).sum();
    // Numbers are given in the order in which texts come.
    let n_fresh = sample.iter().max().map_or(0, |n| *n as usize + 1);
    let fresh: usize = entries[..n_fresh].iter().map(|entry| bytes(entry)).sum();
    let is_long = all >= sample.len() * LONG_BYTES;
    4 * fresh <= all * if is_long { 3 } else { 2 }
}

/// The rows, or elements of lists, of a column.
#[derive(Debug)]
struct Slots {
    /// 0 where a row begins; empty where each slot is a row.
    reps: Vec<u8>,
    defs: Vec<u8>,
}

impl Slots {
    /// Returns whether a row begins at a slot.
    #[inline]
    fn begins_row(&self, slot: usize) -> bool {
        self.reps.get(slot).is_none_or(|rep| *rep == 0)
    }

    /// Appends the levels of some slots.
    fn write(&self, range: Range<usize>, descr: &ColumnDescPtr, out: &mut Vec<u8>) {
        let reps = self.reps.get(range.clone()).unwrap_or_default();
        levels(out, descr.max_rep_level(), |out, width| {
            rle::encode(reps, width, out);
        });
        levels(out, descr.max_def_level(), |out, width| {
            rle::encode(&self.defs[range], width, out);
        });
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

impl Values<'_> {
    /// Returns how many bytes a value takes in a page; a number, next to none.
    #[inline]
    fn bytes(&self, nth: usize) -> usize {
        match self {
            Self::Numbered { .. } => 0,
            Self::Plain(values) => LENGTH_BYTES + values[nth].len(),
        }
    }

    /// Returns how many there are, each of those that have numbers once.
    fn len(&self) -> usize {
        match self {
            Self::Numbered { entries, .. } => entries.len(),
            Self::Plain(values) => values.len(),
        }
    }

    /// Appends some values and returns how they are written.
    fn write(&self, range: Range<usize>, out: &mut Vec<u8>) -> Encoding {
        match self {
            Self::Numbered { entries, numbers } => {
                let width = rle::width(count(entries.len()) - 1);
                out.push(width.to_le_bytes()[0]);
                rle::encode(&numbers[range], width, out);
                Encoding::RLE_DICTIONARY
            }
            Self::Plain(values) => own(&values[range], out),
        }
    }
}

/// The distinct texts of a column, numbered in the order in which its rows have them: whatever chunks the rows came in.
pub(super) struct Entries<'w, 's> {
    window: &'w Window,
    /// By block.
    sources: Vec<Source<'w, 's>>,
    /// Whether texts of some block have no numbers there.
    has_own_texts: bool,
    /// What is known of them: block, the text's number plus one in it.
    noted: &'s mut Vec<(u32, u32)>,
    /// The numbers of `texts`, by text.
    index: &'s mut HashTable<(TextHash, u32)>,
    texts: Vec<&'w [u8]>,
    /// What the texts take in a dictionary.
    bytes: usize,
}

/// What a block has of a column.
struct Source<'w, 's> {
    texts: Texts<'w>,
    /// By a text's number plus one in the block: its number plus one in the column, or 0.
    known: &'s mut [u32],
}

/// The memory of entries, which leave it as they found it: nothing is known.
#[derive(Default)]
pub(super) struct Memory {
    known: Vec<Vec<u32>>,
    noted: Vec<(u32, u32)>,
    index: HashTable<(TextHash, u32)>,
}

impl<'w, 's> Entries<'w, 's> {
    pub(super) fn new(window: &'w Window, column: usize, scratch: &'s mut Scratch) -> Self {
        let Memory {
            known,
            noted,
            index,
        } = &mut scratch.entries;
        if known.len() < window.blocks.len() {
            known.resize_with(window.blocks.len(), Vec::new);
        }
        let source = |(known, block): (&'s mut Vec<u32>, &'w Arc<Sorted>)| {
            let length = block.chunk().dictionary_len() + 1;
            if known.len() < length {
                known.resize(length, 0);
            }
            let texts = block.chunk().texts(column);
            Source { texts, known }
        };
        let sources: Vec<_> = known.iter_mut().zip(&window.blocks).map(source).collect();
        Self {
            window,
            has_own_texts: sources
                .iter()
                .any(|source| matches!(source.texts, Texts::Own(..))),
            sources,
            noted,
            index,
            texts: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes some rows: the level of each, and the number of each text.
    fn take(&mut self, rows: &[(u32, u32)], defs: &mut Vec<u8>, numbers: &mut Vec<u32>) {
        let of_rows = self.numbers(rows);
        let first = defs.len();
        defs.extend(of_rows.iter().map(|number| u8::from(*number != 0)));
        if defs[first..].contains(&0) {
            let values = of_rows.iter().filter(|number| **number != 0);
            numbers.extend(values.map(|number| number - 1));
        } else {
            numbers.extend(of_rows.iter().map(|number| number - 1));
        }
    }

    /// Returns the number plus one of each row's text; 0 for none.
    pub(super) fn numbers(&mut self, rows: &[(u32, u32)]) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(rows.len());
        if !self.has_own_texts {
            numbers.extend(rows.iter().map(|row| self.number_of_row(*row)));
            return numbers;
        }
        for rows in rows.chunks(WAITED_FOR) {
            wait_for(rows.iter().filter_map(|(block, row)| {
                let texts = &self.sources[*block as usize].texts;
                texts.own(*row as usize)
            }));
            numbers.extend(rows.iter().map(|row| self.number_of_row(*row)));
        }
        numbers
    }

    /// Returns the number plus one of a row's text; 0 for none.
    #[inline]
    fn number_of_row(&mut self, (block, row): (u32, u32)) -> u32 {
        let Source { texts, known } = &self.sources[block as usize];
        match texts {
            Texts::Numbered(ids, _) => {
                let id = ids[row as usize];
                match known[id as usize] {
                    0 if id == NO_TEXT => 0,
                    0 => self.note(block, id) + 1,
                    known => known,
                }
            }
            texts => match texts.own(row as usize) {
                Some(text) => self.number_of(text, hash(text)) + 1,
                None => 0,
            },
        }
    }

    /// Returns the texts, in the order of their numbers.
    pub(super) fn texts(&self) -> &[&'w [u8]] {
        &self.texts
    }

    /// Returns whether the texts are more than a dictionary may hold.
    pub(super) fn outgrow_a_dictionary(&self) -> bool {
        self.bytes > DICTIONARY_BYTES_MAX
    }

    /// Returns the number of a text by its number plus one in a block.
    #[inline]
    fn number(&mut self, block: u32, id: u32) -> u32 {
        match self.sources[block as usize].known[id as usize] {
            0 => self.note(block, id),
            known => known - 1,
        }
    }

    #[cold]
    fn note(&mut self, block: u32, id: u32) -> u32 {
        let chunk = self.window.blocks[block as usize].chunk();
        let (text, hash) = chunk.dictionary_entry(id);
        let number = self.number_of(text, hash);
        self.sources[block as usize].known[id as usize] = number + 1;
        self.noted.push((block, id));
        number
    }

    fn number_of(&mut self, text: &'w [u8], hash: TextHash) -> u32 {
        let Self {
            texts,
            bytes,
            index,
            ..
        } = self;
        let is_it =
            |(known, number): &(TextHash, u32)| *known == hash && texts[*number as usize] == text;
        if let Some((_, number)) = index.find(spread(hash), is_it) {
            return *number;
        }
        let number = u32::try_from(texts.len()).expect("a row group has fewer than 2^32 values");
        texts.push(text);
        *bytes += LENGTH_BYTES + text.len();
        index.insert_unique(spread(hash), (hash, number), |(hash, _)| spread(*hash));
        number
    }

    /// Returns the values by number, or each as it is where a dictionary does not pay.
    fn finish(mut self, numbers: Vec<u32>) -> Values<'w> {
        let entries = std::mem::take(&mut self.texts);
        let repeat = 4 * entries.len() <= 3 * numbers.len() && !entries.is_empty();
        if repeat && !self.outgrow_a_dictionary() {
            Values::Numbered { entries, numbers }
        } else {
            let entry = |number: &u32| entries[*number as usize];
            Values::Plain(numbers.iter().map(entry).collect())
        }
    }
}

impl Drop for Entries<'_, '_> {
    fn drop(&mut self) {
        for (block, id) in self.noted.drain(..) {
            self.sources[block as usize].known[id as usize] = 0;
        }
        self.index.clear();
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
    let mut pages = Pages::new(descr, slots.defs.len());
    let mut bounds = plan.has_bounds.then(|| Bounds::new(values));
    let mut filter = plan.has_filter.then(|| Filter::new(values.len()));
    // What was just written is in the cache, and a filter takes it from there.
    let mut note = |written: &[&[u8]]| filter.iter_mut().for_each(|filter| filter.add(written));
    if let Values::Numbered { entries, .. } = values {
        scratch.page.clear();
        plain(entries, &mut scratch.page);
        note(entries);
        pages.dictionary(entries.len(), scratch)?;
    }
    let (mut slot, mut value) = (0, 0);
    while slot < slots.defs.len() {
        let end = Cut::after(slot, value, slots, values, level(descr.max_def_level()));
        scratch.page.clear();
        slots.write(slot..end.slot, descr, &mut scratch.page);
        let data = Data {
            encoding: values.write(value..end.value, &mut scratch.page),
            rows: end.rows,
            slots: end.slot - slot,
            nulls: end.slot - slot - (end.value - value),
            range: bounds
                .as_mut()
                .and_then(|bounds| bounds.of(value..end.value)),
        };
        if let Values::Plain(values) = values {
            note(&values[value..end.value]);
        }
        pages.data(data, scratch)?;
        (slot, value) = (end.slot, end.value);
    }
    if let Some(filter) = filter {
        pages.filter(filter.finish());
    }
    pages.close()
}

/// A Bloom filter of a column's values.
struct Filter(Sbbf);

impl Filter {
    /// Returns an empty one that has room for so many.
    fn new(n_values: usize) -> Self {
        Self(Sbbf::new_with_num_of_bytes(n_values))
    }

    fn add(&mut self, values: &[&[u8]]) {
        for value in values {
            self.0.insert(*value);
        }
    }

    /// Makes it as small as it can be.
    fn finish(mut self) -> Sbbf {
        self.0.fold_to_target_fpp(FALSE_POSITIVES);
        self.0
    }
}

/// Texts that are waited for at once: they lie scattered over chunks, far from any cache.
const WAITED_FOR: usize = 64;

/// Looks at both ends of some texts: memory brings them side by side, and not one after the other as they are used.
fn wait_for<'t>(texts: impl Iterator<Item = &'t [u8]>) {
    let end = |byte: Option<&u8>| byte.copied().unwrap_or_default();
    let ends = |text: &[u8]| end(text.first()) ^ end(text.last());
    black_box(texts.fold(0, |sum, text| sum ^ ends(text)));
}

/// Appends each value behind its length.
fn plain(values: &[&[u8]], out: &mut Vec<u8>) {
    for values in values.chunks(WAITED_FOR) {
        wait_for(values.iter().copied());
        for value in values {
            out.extend_from_slice(&count(value.len()).to_le_bytes());
            out.extend_from_slice(value);
        }
    }
}

/// Appends values of their own: where most are as long as the one before, as ids are, all lengths before all values, which
/// compresses better and faster; else in turns, so that a text that comes again is found with its length.
fn own(values: &[&[u8]], out: &mut Vec<u8>) -> Encoding {
    let is_change = |pair: &&[&[u8]]| pair[0].len() != pair[1].len();
    if values.windows(2).filter(is_change).count() > values.len() / 8 {
        plain(values, out);
        return Encoding::PLAIN;
    }
    let lengths: Vec<u32> = values.iter().map(|value| count(value.len())).collect();
    delta::encode(&lengths, out);
    for values in values.chunks(WAITED_FOR) {
        wait_for(values.iter().copied());
        for value in values {
            out.extend_from_slice(value);
        }
    }
    Encoding::DELTA_LENGTH_BYTE_ARRAY
}

/// Where a page ends: the next slot and value, and its rows.
struct Cut {
    slot: usize,
    value: usize,
    rows: usize,
}

impl Cut {
    /// Returns the end of the page that begins at a slot and a value: after so many rows or bytes.
    fn after(slot: usize, value: usize, slots: &Slots, values: &Values<'_>, has_value: u8) -> Self {
        if slots.reps.is_empty() && matches!(values, Values::Numbered { .. }) {
            // Numbers are small, and a slot is a row.
            let rows = PAGE_ROWS.min(slots.defs.len() - slot);
            let n_values = memchr_iter(has_value, &slots.defs[slot..slot + rows]).count();
            let (slot, value) = (slot + rows, value + n_values);
            return Self { slot, value, rows };
        }
        let mut cut = Self {
            slot,
            value,
            rows: 0,
        };
        let mut bytes = 0;
        for def in &slots.defs[slot..] {
            if slots.begins_row(cut.slot) {
                if cut.rows == PAGE_ROWS || bytes >= PAGE_BYTES {
                    break;
                }
                cut.rows += 1;
            }
            cut.slot += 1;
            if *def == has_value {
                bytes += values.bytes(cut.value);
                cut.value += 1;
            }
        }
        cut
    }
}

/// Finds the bounds of pages.
struct Bounds<'v, 'w> {
    values: &'v Values<'w>,
    /// By number: the last page that has it. Comparing it once a page is enough.
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

    fn of(&mut self, range: Range<usize>) -> Option<pages::Range<'w>> {
        match self.values {
            Values::Plain(values) => bounds(values[range].iter().copied()),
            Values::Numbered { entries, numbers } => {
                self.page += 1;
                for number in &numbers[range] {
                    self.seen[*number as usize] = self.page;
                }
                let seen = entries.iter().zip(&self.seen);
                let here = seen.filter(|(_, page)| **page == self.page);
                bounds(here.map(|(entry, _)| *entry))
            }
        }
    }
}

/// The smallest and the greatest of texts.
fn bounds<'w>(texts: impl Iterator<Item = &'w [u8]>) -> Option<pages::Range<'w>> {
    let mut texts = texts.map(|text| (prefix(text), text));
    let first = texts.next()?;
    let (mut min, mut max) = (first, first);
    for text in texts {
        if text < min {
            min = text;
        } else if text > max {
            max = text;
        }
    }
    Some((min.1, max.1))
}

/// The first bytes of a text as a number that compares as they do: tells most texts apart without a call.
#[inline]
fn prefix(text: &[u8]) -> u64 {
    match text.first_chunk::<8>() {
        Some(first) => u64::from_be_bytes(*first),
        None => text
            .iter()
            .zip([56, 48, 40, 32, 24, 16, 8])
            .fold(0, |sum, (byte, shift)| sum | u64::from(*byte) << shift),
    }
}

fn level(max: i16) -> u8 {
    u8::try_from(max).expect("lists are one deep")
}

fn count(n: usize) -> u32 {
    u32::try_from(n).expect("a row group is cut long before 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn prefixes_compare_as_their_texts(a in ".{0,12}", b in ".{0,12}") {
            let ordering = (prefix(a.as_bytes()), &a).cmp(&(prefix(b.as_bytes()), &b));
            prop_assert_eq!(ordering, a.cmp(&b));
        }
    }

    #[test]
    fn a_page_has_the_bounds_of_its_own_texts() {
        let texts: [&[u8]; 4] = [b"b", b"c", b"a", b"d"];
        let range = |min: usize, max: usize| Some((texts[min], texts[max]));
        let check = |values: &Values<'_>| {
            let mut bounds = Bounds::new(values);
            assert_eq!(bounds.of(0..2), range(0, 1));
            assert_eq!(bounds.of(2..4), range(2, 0));
            assert_eq!(bounds.of(4..6), range(3, 3));
            assert_eq!(bounds.of(6..6), None);
        };
        let numbers = vec![0, 1, 2, 0, 3, 3];
        check(&Values::Plain(
            numbers.iter().map(|n| texts[*n as usize]).collect(),
        ));
        let entries = texts.to_vec();
        check(&Values::Numbered { entries, numbers });
    }

    #[test]
    fn a_dictionary_is_looked_for_where_texts_repeat() {
        let check = |share_percent: usize, length: usize, expected: bool| {
            let n = SAMPLE_VALUES;
            let fresh = n * share_percent / 100;
            let texts: Vec<String> = (0..n)
                .map(|nth| format!("{:0length$}", nth % fresh))
                .collect();
            let entries: Vec<_> = texts[..fresh].iter().map(String::as_bytes).collect();
            let sample: Vec<_> = (0..n).map(|nth| count(nth % fresh)).collect();
            let found = repeat(&entries, &sample);
            assert_eq!(found, expected, "{share_percent} % of length {length}");
        };
        check(1, 10, true);
        check(49, 10, true);
        check(51, 10, false);
        check(51, 100, true);
        check(76, 100, false);
        assert!(repeat(&[], &[]), "nothing is no reason against it");
    }
}

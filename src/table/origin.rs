//! Where a record comes from: the lineage columns.

use super::chunk::Chunk;

/// Where a record comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Number of the object in this run.
    pub object: usize,
    /// Bucket or folder, with what stands before `AWSLogs/`.
    pub source: &'a str,
    /// The delivery object, from `AWSLogs/` on where there is one.
    pub source_object: &'a str,
    /// Position in the object.
    pub source_index: u32,
    /// When the object was delivered, as its key says, in microseconds since 1970; `None` for loose files.
    pub delivery_time: Option<i64>,
    /// XXH3 of the record without white space outside strings.
    pub content_hash: i64,
    /// The record's own bytes, where the parser took them only mended.
    pub mended: Option<&'a [u8]>,
}

/// The columns of a table that hold an [`Origin`].
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "as in Origin")]
pub struct OriginColumns {
    pub source: usize,
    pub source_object: usize,
    pub source_index: usize,
    pub content_hash: usize,
    pub delivery_time: usize,
    pub object: usize,
}

impl Origin<'_> {
    /// Writes the lineage columns of a row.
    pub fn write(&self, chunk: &mut Chunk, columns: &OriginColumns) {
        let object = i64::try_from(self.object).unwrap_or(i64::MAX);
        let is_of_last = chunk.ints(columns.object).last() == Some(&object);
        for (column, text) in [
            (columns.source, self.source),
            (columns.source_object, self.source_object),
        ] {
            if is_of_last {
                chunk.text_again(column, text);
            } else {
                chunk.text(column, text);
            }
        }
        chunk.int(columns.source_index, i64::from(self.source_index));
        chunk.int(columns.content_hash, self.content_hash);
        chunk.int(columns.object, object);
        if let Some(time) = self.delivery_time {
            chunk.int(columns.delivery_time, time);
        }
    }
}

/// Names a table's lineage columns.
macro_rules! origin_columns {
    () => {
        $crate::table::origin::OriginColumns {
            source: Col::source as usize,
            source_object: Col::source_object as usize,
            source_index: Col::source_index as usize,
            content_hash: Col::content_hash as usize,
            delivery_time: Col::delivery_time as usize,
            object: Col::object as usize,
        }
    };
}
pub(crate) use origin_columns;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;
    use crate::table::events::{Col, TABLE};

    fn origin(object: usize, source_object: &str) -> Origin<'_> {
        Origin {
            object,
            source: "bucket",
            source_object,
            source_index: 0,
            delivery_time: None,
            content_hash: 0,
            mended: None,
        }
    }

    /// The rows of an object have what the first of them has, and windows end by what rows are: their sizes are those of rows that
    /// have no other before them.
    #[test]
    fn rows_that_follow_one_of_their_object_are_like_it() {
        let long = "k".repeat(limits::TEXT_BYTES_MAX + 1);
        for source_object in ["key", &long] {
            let rows = [
                origin(0, source_object),
                origin(0, source_object),
                origin(1, "other"),
                origin(1, "other"),
                origin(0, source_object),
            ];
            let mut together = Chunk::new(&TABLE);
            for (row, origin) in rows.iter().enumerate() {
                let mut alone = Chunk::new(&TABLE);
                for chunk in [&mut together, &mut alone] {
                    origin.write(chunk, &origin_columns!());
                    chunk.end_row();
                }
                for column in [Col::source, Col::source_object] {
                    let expected = alone.get_text(column, 0);
                    assert_eq!(together.get_text(column, row), expected, "row {row}");
                }
                assert_eq!(together.row_size(row), alone.row_size(0), "row {row}");
            }
        }
    }

    /// A column that gave up numbering its texts, as of objects with a record each.
    #[test]
    fn a_row_may_follow_one_whose_text_has_no_number() {
        let mut chunk = Chunk::new(&TABLE);
        let keys: Vec<String> = (0..5_000).map(|n| format!("key of object {n}")).collect();
        for (object, key) in keys.iter().enumerate() {
            for _ in 0..2 {
                origin(object, key).write(&mut chunk, &origin_columns!());
                chunk.end_row();
            }
        }
        for row in 0..chunk.rows() {
            let text = chunk.get_text(Col::source_object, row);
            assert_eq!(text, Some(keys[row / 2].as_str()), "row {row}");
        }
    }
}

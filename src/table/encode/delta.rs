//! Parquet's packed differences, in which the lengths of plain texts are written.
//!
//! Encodings.md of github.com/apache/parquet-format, "Delta Encoding (`DELTA_BINARY_PACKED`)".

use super::rle::{pack, varint, width};

/// Differences of a block, which has one smallest difference.
const BLOCK: usize = 128;
/// Differences of a miniblock, which has one width.
const MINIBLOCK: usize = 32;

/// Appends numbers below 2^31 as their differences.
pub(super) fn encode(values: &[u32], out: &mut Vec<u8>) {
    varint(BLOCK as u64, out);
    varint((BLOCK / MINIBLOCK) as u64, out);
    varint(values.len() as u64, out);
    varint(
        zigzag(values.first().map_or(0, |first| i64::from(*first))),
        out,
    );
    let differences: Vec<i64> = values
        .windows(2)
        .map(|pair| i64::from(pair[1]) - i64::from(pair[0]))
        .collect();
    for block in differences.chunks(BLOCK) {
        let least = block.iter().copied().min().unwrap_or_default();
        varint(zigzag(least), out);
        let above = |difference: &i64| u32::try_from(difference - least).expect("of 32 bits");
        let above: Vec<u32> = block.iter().map(above).collect();
        let widths = out.len();
        out.extend_from_slice(&[0; BLOCK / MINIBLOCK]); // a miniblock that is not there has no width
        for (nth, miniblock) in above.chunks(MINIBLOCK).enumerate() {
            let width = width(miniblock.iter().copied().max().unwrap_or_default());
            out[widths + nth] = width.to_le_bytes()[0];
            let end = out.len() + MINIBLOCK * width as usize / 8;
            pack(miniblock, width, out);
            out.resize(end, 0); // the last one is filled up
        }
    }
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification() {
        let header = |n: u8, first: u8| [128, 1, 4, n, first];
        let check = |values: &[u32], expected: &[u8]| {
            let mut out = Vec::new();
            encode(values, &mut out);
            assert_eq!(out, expected, "{values:?}");
        };
        // All differences are 1: nothing but the smallest is written.
        check(
            &[1, 2, 3, 4, 5],
            &[&header(5, 2)[..], &[2, 0, 0, 0, 0]].concat(),
        );
        // Smallest difference -2, so 0 0 0 3 3 3 3 in two bits each.
        let packed = [0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0];
        let block = [&[3, 2, 0, 0, 0][..], &packed].concat();
        check(
            &[7, 5, 3, 1, 2, 3, 4, 5],
            &[&header(8, 14)[..], &block].concat(),
        );
        check(&[], &header(0, 0));
        check(&[9], &header(1, 18));
    }
}

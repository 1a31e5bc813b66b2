//! Parquet's hybrid of run lengths and bit packing, in which levels and dictionary numbers are written.
//!
//! Encodings.md of github.com/apache/parquet-format, "Run Length Encoding / Bit-Packing Hybrid".

/// Values are packed in groups of so many, and a run begins only between two groups.
const GROUP: usize = 8;

/// Returns how many bits a value up to `max` takes.
pub(super) fn width(max: u32) -> u32 {
    u32::BITS - max.leading_zeros()
}

/// Appends the values, of so many bits each.
pub(super) fn encode<T: Copy + Eq + Into<u32>>(values: &[T], width: u32, out: &mut Vec<u8>) {
    let (mut packed, mut at) = (0, 0);
    while let Some(group) = values[at..].first_chunk::<GROUP>() {
        if *group != [group[0]; GROUP] {
            at += GROUP;
            continue;
        }
        let length = alike(&values[at..], group[0]);
        literal(&values[packed..at], width, out);
        repeat(group[0].into(), length, width, out);
        at += length;
        packed = at;
    }
    literal(&values[packed..], width, out);
}

/// Returns how many values from the first on are this one.
fn alike<T: Copy + Eq>(values: &[T], value: T) -> usize {
    let (groups, _) = values.as_chunks::<GROUP>();
    let is_alike = |group: &&[T; GROUP]| **group == [value; GROUP];
    let length = GROUP * groups.iter().take_while(is_alike).count();
    let rest = values[length..].iter();
    length + rest.take_while(|other| **other == value).count()
}

/// Appends one value so many times over.
pub(super) fn repeat(value: u32, length: usize, width: u32, out: &mut Vec<u8>) {
    if length > 0 {
        varint((length as u64) << 1, out);
        out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
    }
}

/// Appends values side by side, the last group filled up with zeros.
fn literal<T: Copy + Into<u32>>(values: &[T], width: u32, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(GROUP);
    varint((groups as u64) << 1 | 1, out);
    let end = out.len() + groups * width as usize;
    pack(values, width, out);
    out.resize(end, 0);
}

/// Appends the bits of values, the first at the lowest bit of the first byte.
pub(super) fn pack<T: Copy + Into<u32>>(values: &[T], width: u32, out: &mut Vec<u8>) {
    let (mut bits, mut n_bits) = (0_u64, 0);
    for value in values {
        bits |= u64::from((*value).into()) << n_bits;
        n_bits += width;
        if n_bits >= u32::BITS {
            out.extend_from_slice(&bits.to_le_bytes()[..4]);
            bits >>= u32::BITS;
            n_bits -= u32::BITS;
        }
    }
    out.extend_from_slice(&bits.to_le_bytes()[..n_bits.div_ceil(8) as usize]);
}

/// Appends a number in groups of seven bits.
pub(super) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the specification says, read slowly.
    fn decode(mut bytes: &[u8], width: u32, n: usize) -> Vec<u32> {
        let mut values = Vec::new();
        while values.len() < n {
            let (mut header, mut shift) = (0_u64, 0);
            loop {
                let (byte, rest) = bytes.split_first().expect("a header");
                bytes = rest;
                header |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            let count = usize::try_from(header >> 1).expect("small");
            if header & 1 == 0 {
                let (value, rest) = bytes.split_at(width.div_ceil(8) as usize);
                bytes = rest;
                let value = value
                    .iter()
                    .rev()
                    .fold(0, |v, byte| v << 8 | u32::from(*byte));
                values.extend(std::iter::repeat_n(value, count));
            } else {
                let (packed, rest) = bytes.split_at(count * width as usize);
                bytes = rest;
                let bit = |at: usize| u32::from(packed[at / 8] >> (at % 8) & 1);
                let width = width as usize;
                values.extend((0..count * GROUP).map(|nth| {
                    (0..width).fold(0, |value, at| value | bit(nth * width + at) << at)
                }));
            }
        }
        assert!(bytes.is_empty(), "nothing behind the values");
        values.truncate(n); // a last group is filled up
        values
    }

    #[test]
    fn widths() {
        assert_eq!([0, 1, 2, 3, 4, 255, 256].map(width), [0, 1, 2, 2, 3, 8, 9]);
        assert_eq!(width(u32::MAX), 32);
    }

    #[test]
    fn the_examples_of_the_specification() {
        let mut packed = Vec::new();
        encode(&[0_u8, 1, 2, 3, 4, 5, 6, 7], 3, &mut packed);
        assert_eq!(packed, [3, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
        let mut run = Vec::new();
        encode(&[300_u32; 100], 9, &mut run);
        assert_eq!(run, [200, 1, 44, 1]);
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            width in 0..=32_u32,
            runs in prop::collection::vec((any::<u32>(), 1..40_usize), 0..40),
        ) {
            let mask = u32::try_from((1_u64 << width) - 1).expect("32 bits at most");
            let values: Vec<u32> = runs
                .iter()
                .flat_map(|(value, length)| {
                    // Some runs, some values that all differ.
                    let step = u32::from(*length % 3 == 0);
                    (0..*length).scan(*value, move |v, _| { *v = v.wrapping_add(step); Some(*v & mask) })
                })
                .collect();
            let mut bytes = Vec::new();
            encode(&values, width, &mut bytes);
            prop_assert_eq!(decode(&bytes, width, values.len()), values);
        }
    }
}

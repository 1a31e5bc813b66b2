//! Numbers that look random and are the same on every machine, and the identifiers AWS would make of them.
//!
//! Integers only: the last bit of a float's logarithm differs from one C library to the next.

use std::fmt::Write as _;

/// Sebastiano Vigna's splitmix64 (<https://prng.di.unimi.it/splitmix64.c>).
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(mix(seed, 0x7472_6169_6c6d_696c))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        finish(self.0)
    }

    /// A number below `n`, as evenly as nobody will notice.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(n)) >> 64).unwrap_or(0)
    }

    pub(super) fn seconds(&mut self, below: i64) -> i64 {
        self.below(below.unsigned_abs()).cast_signed()
    }

    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[index(self.next(), of.len())]
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, index(self.next(), last + 1));
        }
    }

    /// A factor from 1 to 256 whose logarithm is bell-shaped: most are near 16, a few far above.
    pub(super) fn log_normal(&mut self) -> u64 {
        1 << (self.next() & 0xff).count_ones()
    }

    pub(super) fn uuid(&mut self) -> Uuid {
        Uuid(self.next(), self.next())
    }
}

/// One of two numbers' many possible heirs, the same each time.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    finish(finish(a.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ b.wrapping_mul(0xd1b5_4a32_d192_ed03))
}

/// A number that stands for a name.
pub(super) fn hash(name: &str) -> u64 {
    name.bytes()
        .fold(name.len() as u64, |sum, byte| mix(sum, u64::from(byte)))
}

/// A place in a list of `len`, for a number that is spread over all of `u64`.
pub(super) fn index(number: u64, len: usize) -> usize {
    usize::try_from((u128::from(number) * len as u128) >> 64).unwrap_or(0)
}

fn finish(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A version 4 UUID; S3 writes its request ids otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Uuid(u64, u64);

impl Uuid {
    pub(super) fn push(self, out: &mut String) {
        let (high, low) = (self.0 & !0xf000 | 0x4000, self.1 & !(3 << 62) | (2 << 62));
        for (part, n_digits) in [
            (high >> 32, 8),
            (high >> 16, 4),
            (high, 4),
            (low >> 48, 4),
            (low, 12),
        ] {
            if n_digits != 8 {
                out.push('-');
            }
            push_hex(out, part, n_digits);
        }
    }
}

impl Uuid {
    /// The id as a service writes it when it is that of a request.
    pub(super) fn push_request_id(self, out: &mut String, source: &str) {
        if source == "s3" {
            out.push_str(&key_id("", self.0, 16));
        } else {
            self.push(out);
        }
    }
}

impl std::fmt::Display for Uuid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::with_capacity(36);
        self.push(&mut text);
        f.write_str(&text)
    }
}

/// The last `n_digits` hexadecimal digits of a number.
pub(super) fn push_hex(out: &mut String, number: u64, n_digits: u32) {
    push_digits(out, b"0123456789abcdef", n_digits, |at| {
        number >> (4 * at.min(15)) & 15
    });
}

/// `prefix` and so many characters of a key id's alphabet: `AKIA…`, `ASIA…`, `AROA…`.
pub(super) fn key_id(prefix: &str, number: u64, n_chars: u32) -> String {
    let mut id = String::from(prefix);
    push_digits(
        &mut id,
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        n_chars,
        |at| {
            (if at < 12 {
                number >> (5 * at)
            } else {
                mix(number, 5) >> (5 * (at - 12))
            }) & 31
        },
    );
    id
}

/// The 16 letters and digits at the end of a delivery object's name.
pub(super) fn unique(number: u64) -> String {
    const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = String::new();
    push_digits(&mut text, LETTERS, 16, |at| mix(number, u64::from(at)) % 62);
    text
}

/// 57 bytes in base 64, as S3's `x-amz-id-2`. Most are always the same: they would only make the bucket bigger.
pub(super) fn push_base64(out: &mut String, number: u64) {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    push_digits(out, LETTERS, 10, |at| number >> (6 * at) & 63);
    out.push_str("Eg9KbXhPzQw5vN2cT7uR4sYaLdJf0mHiOq1ZxWVrBtSkGnUoCpMlEyA3DEXAMPLEA=");
}

fn push_digits(out: &mut String, letters: &[u8], n: u32, digit: impl Fn(u32) -> u64) {
    for at in (0..n).rev() {
        out.push(char::from(letters[usize::try_from(digit(at)).unwrap_or(0)]));
    }
}

/// `AWS`'s other way to write a time, `Aug 1, 2026, 1:05:09 PM`, from seconds since 1970.
pub(super) fn push_long_date(out: &mut String, iso: &str) {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let number = |from: usize, to: usize| iso[from..to].parse::<usize>().unwrap_or(0);
    let (month, day, hour) = (number(5, 7).clamp(1, 12), number(8, 10), number(11, 13));
    let (half, hour12) = (if hour < 12 { "AM" } else { "PM" }, (hour + 11) % 12 + 1);
    let _ = write!(
        out,
        "{} {day}, {}, {hour12}{} {half}",
        MONTHS[month - 1],
        &iso[..4],
        &iso[13..19]
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The generator's first numbers, for ever: a change here changes every fixture.
    #[test]
    fn numbers_stay() {
        let mut rng = Rng::new(7);
        let first = rng.clone().uuid();
        let numbers: Vec<u64> = (0..4).map(|_| rng.below(1000)).collect();
        assert_eq!(
            format!("{first} {numbers:?}"),
            "01725439-50a5-4620-a682-6b43eb2d3958 [5, 900, 107, 149]"
        );
    }

    #[test]
    fn identifiers_have_their_shape() {
        assert_eq!(key_id("ASIA", u64::MAX, 16).len(), 20);
        assert_eq!(unique(5).len(), 16);
        let mut text = String::new();
        push_base64(&mut text, 3);
        assert_eq!(text.len(), 76);
        text.clear();
        push_long_date(&mut text, "2026-08-01T00:05:09Z");
        text.push_str(" | ");
        push_long_date(&mut text, "2026-12-11T13:05:09Z");
        assert_eq!(text, "Aug 1, 2026, 12:05:09 AM | Dec 11, 2026, 1:05:09 PM");
    }
}

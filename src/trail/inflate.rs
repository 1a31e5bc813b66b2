//! A delivery object's bytes to its content: gzip (one member or many), zstd, or as they are, told by
//! content and not by name, into a buffer that is used again and never grows past the limit.

use std::io::Read;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::limits;
use crate::reject::Reason;

/// How far an object may say that it stretches, to be taken at its word: real trails stretch 7 to 20 times.
const LIKELY_RATIO: usize = 40;

/// Where inflating stopped before the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// [`Reason::BadCompression`], [`Reason::Truncated`] or [`Reason::TooLarge`].
    pub reason: Reason,
    /// What the decoder said.
    pub detail: String,
}

/// Inflates one object after another with the same memory.
#[derive(Debug)]
pub struct Inflater {
    deflate: Decompress,
    /// Holds the content at its beginning; what stands behind it is left from before.
    buffer: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            deflate: Decompress::new(false),
            buffer: Vec::new(),
        }
    }
}

impl Inflater {
    /// Returns an object's content; where inflating stopped before the end, what came until then, and why it stopped.
    pub fn inflate(&mut self, object: &[u8]) -> (&[u8], Option<Broken>) {
        if self.buffer.len() > limits::REUSED_BYTES_MAX {
            self.buffer = Vec::new();
        }
        if let Some(length) = self.one_member(object) {
            return (&self.buffer[..length], None);
        }
        self.buffer.clear();
        let outcome = inflate(object, &mut self.buffer);
        (&self.buffer, outcome.err())
    }

    /// The usual object: one gzip member (RFC 1952), sound and with nothing in its header, inflated in one go into a buffer
    /// of the size that its trailer says. Returns `None` for any other, of which the slower way knows what to keep.
    fn one_member(&mut self, object: &[u8]) -> Option<usize> {
        let (body, trailer) = object
            .strip_prefix(&[0x1f, 0x8b, 8, 0])?
            .split_last_chunk::<8>()?;
        let body = body.get(6..)?; // time, extra flags and system
        let (crc, length) = trailer.split_at(4);
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        if length > limit(object).min(object.len().saturating_mul(LIKELY_RATIO)) {
            return None; // a hint from a stranger
        }
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        let content = &mut self.buffer[..length];
        self.deflate.reset(false);
        let status = self
            .deflate
            .decompress(body, content, FlushDecompress::Finish);
        let (read, written) = (self.deflate.total_in(), self.deflate.total_out());
        let is_whole = matches!(status, Ok(Status::StreamEnd))
            && (read, written) == (body.len() as u64, length as u64);
        let mut found = Crc::new();
        if is_whole {
            found.update(content);
        }
        (is_whole && found.sum().to_le_bytes() == *crc).then_some(length)
    }
}

/// Inflates whatever it is into `content`, which is empty.
fn inflate(object: &[u8], content: &mut Vec<u8>) -> Result<(), Broken> {
    if object.starts_with(&[0x1f, 0x8b]) {
        reserve(object, content);
        read(
            flate2::bufread::MultiGzDecoder::new(object),
            limit(object),
            content,
        )
    } else if object.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let decoder = zstd::stream::read::Decoder::with_buffer(object).and_then(|mut decoder| {
            decoder.window_log_max(27)?; // 128 MiB, the most that zstd's own levels ask for
            Ok(decoder)
        });
        match decoder {
            Ok(decoder) => read(decoder, limit(object), content),
            Err(e) => Err(broken(&e)),
        }
    } else if object.len() > limits::INFLATED_BYTES_MAX {
        Err(too_large(limits::INFLATED_BYTES_MAX))
    } else {
        content.extend_from_slice(object);
        Ok(())
    }
}

/// Reserves what gzip's trailer says the last member inflates to (RFC 1952, ISIZE): a hint from a stranger, so capped
/// by how far deflate can stretch.
fn reserve(object: &[u8], content: &mut Vec<u8>) {
    if let Some(trailer) = object.last_chunk::<4>() {
        let said = u32::from_le_bytes(*trailer) as usize;
        let likely = object
            .len()
            .saturating_mul(LIKELY_RATIO)
            .min(limits::INFLATED_BYTES_MAX);
        content.reserve(said.min(likely) + 1);
    }
}

/// The most that an object may inflate to.
fn limit(object: &[u8]) -> usize {
    let stretched = object.len().saturating_mul(limits::INFLATE_RATIO_MAX);
    stretched.clamp(limits::INFLATED_BYTES_FREE, limits::INFLATED_BYTES_MAX)
}

fn read(mut decoder: impl Read, limit: usize, content: &mut Vec<u8>) -> Result<(), Broken> {
    match decoder.by_ref().take(limit as u64 + 1).read_to_end(content) {
        Ok(_) if content.len() > limit => {
            content.truncate(limit);
            Err(too_large(limit))
        }
        Ok(_) => Ok(()),
        Err(e) => Err(broken(&e)),
    }
}

fn too_large(limit: usize) -> Broken {
    Broken {
        reason: Reason::TooLarge,
        detail: format!("inflates to more than {limit} bytes"),
    }
}

fn broken(error: &std::io::Error) -> Broken {
    let is_cut = error.kind() == std::io::ErrorKind::UnexpectedEof
        || error.to_string().contains("incomplete");
    let reason = if is_cut {
        Reason::Truncated
    } else {
        Reason::BadCompression
    };
    Broken {
        reason,
        detail: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).expect("in memory");
        encoder.finish().expect("in memory")
    }

    fn check(object: &[u8], expected: Result<(), Reason>, content: &[u8]) {
        let mut inflater = Inflater::default();
        inflater.inflate(&gzip(b"left from before"));
        let (found, broken) = inflater.inflate(object);
        assert_eq!(broken.map_or(Ok(()), |broken| Err(broken.reason)), expected);
        assert_eq!(found, content);
    }

    #[test]
    fn by_content() {
        check(&gzip(b"abc"), Ok(()), b"abc");
        check(&[gzip(b"abc"), gzip(b"def")].concat(), Ok(()), b"abcdef");
        check(
            &zstd::encode_all(&b"abc"[..], 1).expect("in memory"),
            Ok(()),
            b"abc",
        );
        check(b"{}", Ok(()), b"{}");
        check(b"", Ok(()), b"");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![b' '; 64 << 20]);
        assert!(bomb.len() < 100_000);
        let mut inflater = Inflater::default();
        let (content, broken) = inflater.inflate(&bomb);
        assert_eq!(broken.expect("too large").reason, Reason::TooLarge);
        assert_eq!(content.len(), limits::INFLATED_BYTES_FREE);
        assert!(inflater.buffer.capacity() <= 2 * limits::INFLATED_BYTES_FREE);
    }

    #[test]
    fn broken_objects_give_what_came_before() {
        let text: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        let whole = gzip(&text);
        let mut inflater = Inflater::default();
        let (content, broken) = inflater.inflate(&whole[..whole.len() / 2]);
        assert_eq!(broken.expect("cut").reason, Reason::Truncated);
        assert!(content.len() > 10_000 && text.starts_with(content));
        let mut bad_crc = gzip(b"abc");
        let place = bad_crc.len() - 6;
        bad_crc[place] ^= 1;
        check(&bad_crc, Err(Reason::BadCompression), b"abc");
        check(
            &[gzip(b"abc"), b"tail that is no member".to_vec()].concat(),
            Err(Reason::BadCompression),
            b"abc",
        );
        let mut cut_zstd = zstd::encode_all(&text[..], 1).expect("in memory");
        cut_zstd.truncate(cut_zstd.len() / 2);
        let (_, broken) = inflater.inflate(&cut_zstd);
        assert_eq!(broken.expect("cut").reason, Reason::Truncated);
    }

    #[test]
    fn a_member_is_inflated_at_once_only_where_its_trailer_is_right() {
        let usual = gzip(b"abc");
        assert_eq!(Inflater::default().one_member(&usual), Some(3));
        let with = |at: usize, byte: u8| {
            let mut object = usual.clone();
            object[at] = byte;
            object
        };
        let end = usual.len();
        for odd in [
            with(3, 8),          // a name in the header
            with(end - 8, 0),    // the check sum
            with(end - 4, 2),    // a shorter length
            with(end - 4, 4),    // a longer one
            with(end - 1, 0x7f), // one beyond belief
            [usual.clone(), usual.clone()].concat(),
            usual[..end - 1].to_vec(),
            usual[..12].to_vec(),
        ] {
            assert_eq!(Inflater::default().one_member(&odd), None, "{odd:?}");
        }
    }
}

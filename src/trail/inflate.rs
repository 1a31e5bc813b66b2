//! A delivery object's bytes to its content: gzip (one member or many), zstd, or as they are, told by
//! content and not by name, into a buffer that is used again and never grows past the limit. One that grows large waits until there
//! is memory for it.

use std::borrow::Cow;
use std::io::Read;
use std::ops::Deref;

use crc_fast::CrcAlgorithm::Crc32IsoHdlc;
use flate2::{Decompress, FlushDecompress, Status};

use crate::budget::{Gate, Permit};
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

/// An object's content.
#[derive(Debug)]
pub enum Content<'a> {
    /// At the beginning of the inflater's memory: so many bytes. Who puts other memory in its place may keep it.
    Inflated(&'a mut Vec<u8>, usize),
    /// The object's own bytes.
    AsItWas(Cow<'a, [u8]>),
}

impl Deref for Content<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Inflated(buffer, length) => &buffer[..*length],
            Self::AsItWas(object) => object,
        }
    }
}

/// Inflates one object after another with the same memory.
#[derive(Debug)]
pub struct Inflater<'g> {
    deflate: Decompress,
    /// Holds the content at its beginning; what stands behind it is left from before.
    buffer: Vec<u8>,
    gate: &'g Gate,
    /// For a buffer that is more than is free.
    permit: Option<Permit<'g>>,
}

impl<'g> Inflater<'g> {
    /// Returns an inflater that takes the memory of large objects through a gate.
    pub fn new(gate: &'g Gate) -> Self {
        Self {
            deflate: Decompress::new(false),
            buffer: Vec::new(),
            gate,
            permit: None,
        }
    }

    /// Returns an object's content; where inflating stopped before the end, what came until then, and why it stopped. Content that
    /// lies in the object as it is takes no memory, and an object that is owned goes when its content stands beside.
    pub fn inflate<'a>(
        &'a mut self,
        object: impl Into<Cow<'a, [u8]>>,
    ) -> (Content<'a>, Option<Broken>) {
        let object = object.into();
        self.give_back();
        if let Some(length) = self.one_member(&object) {
            return (Content::Inflated(&mut self.buffer, length), None);
        }
        self.give_back();
        let outcome = if object.starts_with(GZIP) {
            self.read(flate2::bufread::MultiGzDecoder::new(&*object), &object)
        } else if object.starts_with(ZSTD) {
            zstd_decoder(&object).and_then(|decoder| self.read(decoder, &object))
        } else if object.len() > limits::INFLATED_BYTES_MAX {
            let nothing = Content::AsItWas(Cow::default());
            return (nothing, Some(too_large(limits::INFLATED_BYTES_MAX)));
        } else {
            return (Content::AsItWas(object), None);
        };
        let length = self.buffer.len();
        (Content::Inflated(&mut self.buffer, length), outcome.err())
    }

    /// Gives back the memory that a large object took, and lets others have it.
    pub fn give_back(&mut self) {
        if self.buffer.capacity() > self.gate.free_bytes() {
            self.buffer = Vec::new();
        }
        self.permit = None;
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
        self.permit = self.gate.enter(self.bytes_to_unwrap(length));
        if self.buffer.len() < length {
            // What is there need not be copied; and a little more, so that this is rare.
            let room = length.next_power_of_two().min(self.gate.free_bytes());
            self.buffer = vec![0; room.max(length)];
        }
        let content = &mut self.buffer[..length];
        self.deflate.reset(false);
        let status = self
            .deflate
            .decompress(body, content, FlushDecompress::Finish);
        let (read, written) = (self.deflate.total_in(), self.deflate.total_out());
        let is_whole = matches!(status, Ok(Status::StreamEnd))
            && (read, written) == (body.len() as u64, length as u64);
        let is_sound = || {
            let found = crc_fast::checksum(Crc32IsoHdlc, content).to_le_bytes();
            found.starts_with(crc)
        };
        (is_whole && is_sound()).then_some(length)
    }

    /// Reads what a decoder makes of an object: first what is free, and the rest when there is memory for as much as it may be.
    fn read(&mut self, mut decoder: impl Read, object: &[u8]) -> Result<(), Broken> {
        let limit = limit(object);
        self.buffer.clear();
        self.read_up_to(self.gate.free_bytes().min(limit + 1), &mut decoder)?;
        if self.buffer.len() == self.gate.free_bytes() {
            self.permit = self.gate.enter(self.bytes_to_unwrap(limit));
            self.buffer.reserve_exact(limit + 1 - self.buffer.len());
            let outcome = self.read_up_to(limit + 1, &mut decoder);
            let bytes = self.bytes_to_unwrap(self.buffer.len());
            if let Some(permit) = &mut self.permit {
                permit.keep(bytes);
            }
            outcome?;
        }
        if self.buffer.len() > limit {
            self.buffer.truncate(limit);
            return Err(too_large(limit));
        }
        Ok(())
    }

    /// What content takes: where it is large, with a record that is taken out of a string in it, and copied once.
    fn bytes_to_unwrap(&self, length: usize) -> usize {
        if length <= self.gate.free_bytes() {
            length
        } else {
            length + length.min(2 * limits::RECORD_BYTES_MAX)
        }
    }

    fn read_up_to(&mut self, length: usize, decoder: &mut impl Read) -> Result<(), Broken> {
        let rest = (length - self.buffer.len()) as u64;
        let outcome = decoder.take(rest).read_to_end(&mut self.buffer);
        outcome.map(|_| ()).map_err(|e| broken(&e))
    }
}

/// What gzip begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// What zstd begins with.
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

fn zstd_decoder(object: &[u8]) -> Result<impl Read, Broken> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(object).map_err(|e| broken(&e))?;
    // 128 MiB, the most that zstd's own levels ask for.
    decoder.window_log_max(27).map_err(|e| broken(&e))?;
    Ok(decoder)
}

/// The most that an object may inflate to.
fn limit(object: &[u8]) -> usize {
    let stretched = object.len().saturating_mul(limits::INFLATE_RATIO_MAX);
    stretched.clamp(limits::INFLATED_BYTES_FREE, limits::INFLATED_BYTES_MAX)
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

    const FREE_BYTES: usize = 100_000;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).expect("in memory");
        encoder.finish().expect("in memory")
    }

    fn check(object: &[u8], expected: Result<(), Reason>, content: &[u8]) {
        let gate = Gate::new(usize::MAX, FREE_BYTES);
        let mut inflater = Inflater::new(&gate);
        inflater.inflate(gzip(b"left from before"));
        let (found, broken) = inflater.inflate(object);
        assert_eq!(broken.map_or(Ok(()), |broken| Err(broken.reason)), expected);
        assert_eq!(*found, *content);
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
        let gate = Gate::new(usize::MAX, FREE_BYTES);
        let mut inflater = Inflater::new(&gate);
        let (content, broken) = inflater.inflate(&bomb);
        assert_eq!(broken.expect("too large").reason, Reason::TooLarge);
        assert_eq!(content.len(), limits::INFLATED_BYTES_FREE);
        assert!(inflater.buffer.capacity() <= 2 * limits::INFLATED_BYTES_FREE);
    }

    #[test]
    fn broken_objects_give_what_came_before() {
        let text: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        let whole = gzip(&text);
        let gate = Gate::new(usize::MAX, FREE_BYTES);
        let mut inflater = Inflater::new(&gate);
        let (content, broken) = inflater.inflate(&whole[..whole.len() / 2]);
        assert_eq!(broken.expect("cut").reason, Reason::Truncated);
        assert!(content.len() > 10_000 && text.starts_with(&content));
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
        let gate = Gate::new(usize::MAX, FREE_BYTES);
        let one_member = |object: &[u8]| Inflater::new(&gate).one_member(object);
        assert_eq!(one_member(&usual), Some(3));
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
            assert_eq!(one_member(&odd), None, "{odd:?}");
        }
    }

    #[test]
    fn large_content_is_asked_for_and_given_back() {
        let gate = Gate::new(usize::MAX, FREE_BYTES);
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let zstd = zstd::encode_all(&text[..], 1).expect("in memory");
        let two = [gzip(&text), gzip(b"abc")].concat();
        for object in [gzip(&text), zstd, two] {
            let mut inflater = Inflater::new(&gate);
            let (content, broken) = inflater.inflate(&object);
            assert!(broken.is_none() && content.starts_with(&text));
            assert!(inflater.permit.is_some());
            inflater.inflate(gzip(&text[..FREE_BYTES]));
            assert!(inflater.permit.is_none(), "what is free is not asked for");
            assert!(
                inflater.buffer.capacity() <= FREE_BYTES,
                "and no more is kept"
            );
        }
        let mut inflater = Inflater::new(&gate);
        assert_eq!(
            inflater.inflate(&text).0.as_ptr(),
            text.as_ptr(),
            "plain content stays where it is"
        );
    }
}

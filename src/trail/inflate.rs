//! A delivery object's bytes to its content: gzip (one member or many), zstd, or as they are, told by
//! content and not by name, into a buffer that is used again and never grows past the limit.

use std::io::Read;

use crate::limits;
use crate::reject::Reason;

/// Where inflating stopped before the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// [`Reason::BadCompression`], [`Reason::Truncated`] or [`Reason::TooLarge`].
    pub reason: Reason,
    /// What the decoder said.
    pub detail: String,
}

/// Inflates `object` into `content`, which is cleared first.
///
/// # Errors
///
/// Returns why inflating stopped; `content` then holds what came before.
pub fn inflate(object: &[u8], content: &mut Vec<u8>) -> Result<(), Broken> {
    content.clear();
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
            .saturating_mul(40)
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
        let mut buffer = b"left from before".to_vec();
        assert_eq!(
            inflate(object, &mut buffer).map_err(|broken| broken.reason),
            expected
        );
        assert_eq!(buffer, content);
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
        let mut buffer = Vec::new();
        assert_eq!(
            inflate(&bomb, &mut buffer).map_err(|b| b.reason),
            Err(Reason::TooLarge)
        );
        assert_eq!(buffer.len(), limits::INFLATED_BYTES_FREE);
        assert!(buffer.capacity() <= 2 * limits::INFLATED_BYTES_FREE);
    }

    #[test]
    fn broken_objects_give_what_came_before() {
        let text: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        let whole = gzip(&text);
        let mut buffer = Vec::new();
        let cut = inflate(&whole[..whole.len() / 2], &mut buffer).expect_err("cut");
        assert_eq!(cut.reason, Reason::Truncated);
        assert!(buffer.len() > 10_000 && text.starts_with(&buffer));
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
        assert_eq!(
            inflate(&cut_zstd, &mut buffer).map_err(|b| b.reason),
            Err(Reason::Truncated)
        );
    }
}

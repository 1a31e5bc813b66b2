//! SHA-256 (FIPS 180-4) of one content after the other, each beside the one before it.
//!
//! A round waits for the round before, so that of one message alone a core does little at once. Two messages fill each
//! other's gaps: 1.3 times as fast where the processor has instructions for it (`rounds`).

mod rounds;

use rounds::{BLOCK_BYTES, Block, State, compress, compress_two};

use super::inflate::Content;

/// A SHA-256.
pub type Sha256 = [u8; 32];

/// Hashes contents as they come. Of two, the longer one waits for the next with what is left of it; so a hash is there when its
/// content was added, or later.
#[derive(Debug)]
pub struct ContentHashes<T> {
    /// The most memory of a content that may wait.
    waiting_bytes_max: usize,
    waiting: Option<Waiting<T>>,
    /// The memory of one that waited before.
    spare: Vec<u8>,
}

#[derive(Debug)]
struct Waiting<T> {
    of: T,
    buffer: Vec<u8>,
    length: usize,
    hash: Hash,
}

impl<T> ContentHashes<T> {
    /// Returns hashes of no content, of which none waits that has more memory than so many bytes.
    pub fn new(waiting_bytes_max: usize) -> Self {
        Self {
            waiting_bytes_max,
            waiting: None,
            spare: Vec::new(),
        }
    }

    /// Adds what a content belongs to, and the content. Returns the hashes that are known with it: its own, that of the one that
    /// waited, both or none.
    pub fn add(
        &mut self,
        of: T,
        content: Content<'_>,
    ) -> impl Iterator<Item = (T, Sha256)> + use<T> {
        let mut hash = Hash::default();
        let before = self.waiting.take().map(|mut before| {
            let length = before.length;
            before
                .hash
                .go_on_beside(&before.buffer[..length], &mut hash, &content);
            before
        });
        let (before, done_before) = match before {
            Some(before) if before.has_ended() => (None, Some(self.end(before))),
            before => (before, None),
        };
        let (waits, done) = match (before, content) {
            (None, Content::Inflated(buffer, length))
                if !hash.has_ended(length) && buffer.capacity() <= self.waiting_bytes_max =>
            {
                let buffer = std::mem::replace(buffer, std::mem::take(&mut self.spare));
                (
                    Some(Waiting {
                        of,
                        buffer,
                        length,
                        hash,
                    }),
                    None,
                )
            }
            (before, content) => (before, Some((of, hash.finish(&content)))),
        };
        self.waiting = waits;
        done_before.into_iter().chain(done)
    }

    /// Returns the hash that is left.
    pub fn finish(mut self) -> Option<(T, Sha256)> {
        self.waiting.take().map(|last| self.end(last))
    }

    fn end(&mut self, waiting: Waiting<T>) -> (T, Sha256) {
        let Waiting {
            of,
            buffer,
            length,
            hash,
        } = waiting;
        let sha256 = hash.finish(&buffer[..length]);
        self.spare = buffer;
        (of, sha256)
    }
}

impl<T> Waiting<T> {
    fn has_ended(&self) -> bool {
        self.hash.has_ended(self.length)
    }
}

/// The hash of the first blocks of a content.
#[derive(Debug)]
struct Hash {
    state: State,
    /// Bytes that it covers, whole blocks.
    bytes: usize,
}

impl Default for Hash {
    fn default() -> Self {
        Self {
            state: rounds::BEGIN,
            bytes: 0,
        }
    }
}

impl Hash {
    /// Whether less than a block is left of a content.
    fn has_ended(&self, length: usize) -> bool {
        length - self.bytes < BLOCK_BYTES
    }

    /// Goes on until this content or the other has no whole block left.
    fn go_on_beside(&mut self, content: &[u8], other: &mut Self, other_content: &[u8]) {
        let (one, two) = (self.blocks(content), other.blocks(other_content));
        let n_blocks = one.len().min(two.len());
        compress_two(
            &mut self.state,
            &one[..n_blocks],
            &mut other.state,
            &two[..n_blocks],
        );
        self.bytes += n_blocks * BLOCK_BYTES;
        other.bytes += n_blocks * BLOCK_BYTES;
    }

    /// The whole blocks of a content that are left.
    fn blocks<'c>(&self, content: &'c [u8]) -> &'c [Block] {
        content[self.bytes..].as_chunks().0
    }

    /// Hashes what is left of a content, with the padding of section 5.1.1: a bit, zeros, and the length in bits.
    fn finish(mut self, content: &[u8]) -> Sha256 {
        let (blocks, tail) = content[self.bytes..].as_chunks();
        compress(&mut self.state, blocks);
        let mut end = [0; 2 * BLOCK_BYTES];
        end[..tail.len()].copy_from_slice(tail);
        end[tail.len()] = 0x80;
        let n_blocks = (tail.len() + 1 + size_of::<u64>()).div_ceil(BLOCK_BYTES);
        let end = &mut end[..n_blocks * BLOCK_BYTES];
        if let Some(bits) = end.last_chunk_mut() {
            *bits = (8 * content.len() as u64).to_be_bytes();
        }
        compress(&mut self.state, end.as_chunks().0);
        let mut sha256 = Sha256::default();
        for (bytes, word) in sha256.as_chunks_mut().0.iter_mut().zip(self.state) {
            *bytes = word.to_be_bytes();
        }
        sha256
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::Digest;

    use super::*;

    fn bytes(length: usize, seed: u8) -> Vec<u8> {
        (0..length)
            .map(|at| seed ^ (at * at / 7).to_le_bytes()[0])
            .collect()
    }

    fn hashed(contents: &[Vec<u8>], waiting_bytes_max: usize) -> Vec<(usize, Sha256)> {
        let mut hashes = ContentHashes::new(waiting_bytes_max);
        let mut buffer = Vec::new();
        let mut done = Vec::new();
        for (nth, content) in contents.iter().enumerate() {
            buffer.clear();
            buffer.extend_from_slice(content);
            buffer.extend_from_slice(b"left from before");
            done.extend(hashes.add(nth, Content::Inflated(&mut buffer, content.len())));
        }
        done.extend(hashes.finish());
        done.sort_unstable();
        done
    }

    #[test]
    fn the_example_of_the_standard() {
        let hashes = hashed(&[b"abc".to_vec()], usize::MAX);
        let sha256 = crate::trail::hash::hex(&hashes[0].1);
        assert_eq!(
            sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn the_longer_of_two_waits_for_the_next() {
        let mut hashes = ContentHashes::new(usize::MAX);
        let mut add = |of: &'static str, length: usize| {
            let mut buffer = bytes(length, 0);
            let done = hashes.add(of, Content::Inflated(&mut buffer, length));
            done.map(|(of, _)| of).collect::<Vec<_>>()
        };
        assert_eq!(add("long", 1000), [""; 0]);
        assert_eq!(add("short", 300), ["short"]);
        assert_eq!(add("longer", 3000), ["long"]);
        assert_eq!(
            add("as long as what is left", 2296),
            ["longer", "as long as what is left"]
        );
        assert_eq!(add("less than a block", 63), ["less than a block"]);
        assert!(hashes.finish().is_none());
    }

    #[test]
    fn what_takes_much_memory_or_is_not_inflated_does_not_wait() {
        let mut hashes = ContentHashes::new(1000);
        let text = bytes(500, 1);
        assert_eq!(hashes.add(1, Content::AsItWas((&text).into())).count(), 1);
        let mut large = bytes(1001, 1);
        assert_eq!(hashes.add(2, Content::Inflated(&mut large, 500)).count(), 1);
        assert_eq!(large.len(), 1001, "and its memory stays where it is");
    }

    proptest! {
        #[test]
        fn as_another_makes_them(
            contents in prop::collection::vec((0..700_usize, any::<u8>()), 0..8),
            waiting_bytes_max in prop_oneof![Just(usize::MAX), Just(0), 0..700_usize],
        ) {
            let contents: Vec<_> = contents.iter().map(|(length, seed)| bytes(*length, *seed)).collect();
            let expected: Vec<(usize, Sha256)> = contents
                .iter()
                .map(|content| sha2::Sha256::digest(content).into())
                .enumerate()
                .collect();
            prop_assert_eq!(hashed(&contents, waiting_bytes_max), expected);
        }
    }
}

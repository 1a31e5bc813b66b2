//! The rounds of SHA-256 (FIPS 180-4, section 6.2.2) over blocks of two messages at a time.

use multiversion::multiversion;
use multiversion::target::match_target;
use sha2::block_api::compress256;

pub(super) const BLOCK_BYTES: usize = 64;
/// What is hashed at once.
pub(super) type Block = [u8; BLOCK_BYTES];
/// What a hash goes on from: *a* to *h*.
pub(super) type State = [u32; 8];

/// What every hash begins with (section 5.3.3).
pub(super) const BEGIN: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Goes on with blocks of one message.
pub(super) fn compress(state: &mut State, blocks: &[Block]) {
    compress256(state, blocks);
}

/// Goes on with as many blocks of one message as of the other.
#[multiversion(targets("x86_64+sha+sse2+ssse3+sse4.1"))]
pub(super) fn compress_two(a: &mut State, a_blocks: &[Block], b: &mut State, b_blocks: &[Block]) {
    match_target! {
        "x86_64+sha+sse2+ssse3+sse4.1" => x86_64::compress_two(a, a_blocks, b, b_blocks),
        _ => in_turns(a, a_blocks, b, b_blocks),
    }
}

/// Block by block: a core that looks far enough ahead begins the one before the other has ended.
fn in_turns(a: &mut State, a_blocks: &[Block], b: &mut State, b_blocks: &[Block]) {
    for (a_block, b_block) in a_blocks.iter().zip(b_blocks) {
        compress256(a, std::slice::from_ref(a_block));
        compress256(b, std::slice::from_ref(b_block));
    }
}

/// With SHA256RNDS2, SHA256MSG1 and SHA256MSG2 (Intel's manual, volume 2): in turns of four rounds each, which is closer than a core
/// looks ahead.
#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi8, _mm_set_epi32,
        _mm_set_epi64x, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32,
        _mm_shuffle_epi8, _mm_shuffle_epi32,
    };

    use super::{Block, State};

    #[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
    pub(super) fn compress_two(
        a: &mut State,
        a_blocks: &[Block],
        b: &mut State,
        b_blocks: &[Block],
    ) {
        let (mut a_halves, mut b_halves) = (Halves::of(a), Halves::of(b));
        for (a_block, b_block) in a_blocks.iter().zip(b_blocks) {
            let (mut one, mut two) = (a_halves, b_halves);
            let (mut one_words, mut two_words) = (words(a_block), words(b_block));
            for (nth, constants) in K.iter().enumerate() {
                let constants = four(*constants);
                one.four_rounds(one_words[0], constants);
                two.four_rounds(two_words[0], constants);
                one_words = next(one_words, nth);
                two_words = next(two_words, nth);
            }
            a_halves = a_halves.plus(one);
            b_halves = b_halves.plus(two);
        }
        (*a, *b) = (a_halves.state(), b_halves.state());
    }

    /// The state as the instructions want it, *a* and *c* highest.
    #[derive(Clone, Copy)]
    struct Halves {
        abef: __m128i,
        cdgh: __m128i,
    }

    impl Halves {
        #[inline]
        #[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
        fn of(state: &State) -> Self {
            Self {
                abef: four([state[5], state[4], state[1], state[0]]),
                cdgh: four([state[7], state[6], state[3], state[2]]),
            }
        }

        #[inline]
        #[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
        fn state(self) -> State {
            let lanes = |four: __m128i| {
                [
                    _mm_extract_epi32::<3>(four).cast_unsigned(),
                    _mm_extract_epi32::<2>(four).cast_unsigned(),
                    _mm_extract_epi32::<1>(four).cast_unsigned(),
                    _mm_extract_epi32::<0>(four).cast_unsigned(),
                ]
            };
            let (abef, cdgh) = (lanes(self.abef), lanes(self.cdgh));
            [
                abef[0], abef[1], cdgh[0], cdgh[1], abef[2], abef[3], cdgh[2], cdgh[3],
            ]
        }

        #[inline]
        #[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
        fn four_rounds(&mut self, words: __m128i, constants: __m128i) {
            let sums = _mm_add_epi32(words, constants);
            self.cdgh = _mm_sha256rnds2_epu32(self.cdgh, self.abef, sums);
            let upper = _mm_shuffle_epi32::<0b00_00_11_10>(sums);
            self.abef = _mm_sha256rnds2_epu32(self.abef, self.cdgh, upper);
        }

        #[inline]
        #[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
        fn plus(self, other: Self) -> Self {
            Self {
                abef: _mm_add_epi32(self.abef, other.abef),
                cdgh: _mm_add_epi32(self.cdgh, other.cdgh),
            }
        }
    }

    /// The words of a block, which are big-endian.
    #[inline]
    #[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
    fn words(block: &Block) -> [__m128i; 4] {
        let bytes_turned = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
        let (longs, _) = block.as_chunks::<8>();
        let long = |nth: usize| i64::from_le_bytes(longs[nth]);
        let four = |nth: usize| {
            _mm_shuffle_epi8(
                _mm_set_epi64x(long(2 * nth + 1), long(2 * nth)),
                bytes_turned,
            )
        };
        [four(0), four(1), four(2), four(3)]
    }

    /// The words of the message schedule that follow: four more at the end of sixteen, as long as any are wanted.
    #[inline]
    #[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
    fn next([w0, w1, w2, w3]: [__m128i; 4], nth: usize) -> [__m128i; 4] {
        if nth >= K.len() - 4 {
            return [w1, w2, w3, w3];
        }
        let sums = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8::<4>(w3, w2));
        [w1, w2, w3, _mm_sha256msg2_epu32(sums, w3)]
    }

    /// Four words, the lowest first.
    #[inline]
    #[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
    fn four(words: [u32; 4]) -> __m128i {
        let [w0, w1, w2, w3] = words.map(u32::cast_signed);
        _mm_set_epi32(w3, w2, w1, w0)
    }

    /// The constants of the rounds, four at a time (section 4.2.2).
    #[rustfmt::skip]
    const K: [[u32; 4]; 16] = [
        [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5], [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
        [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3], [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
        [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc], [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
        [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7], [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
        [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13], [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
        [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3], [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
        [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5], [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
        [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208], [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The one that this machine does not take is there for others.
    #[test]
    fn two_at_a_time_as_one_at_a_time() {
        let blocks = |seed: u8| -> Vec<Block> {
            (0..9)
                .map(|nth| std::array::from_fn(|at| seed ^ (nth * 64 + at * at).to_le_bytes()[0]))
                .collect()
        };
        let (a_blocks, b_blocks) = (blocks(1), blocks(77));
        let one = |blocks: &[Block]| {
            let mut state = BEGIN;
            compress(&mut state, blocks);
            state
        };
        let expected = (one(&a_blocks), one(&b_blocks[..9]));
        for way in [compress_two, in_turns] {
            let (mut a, mut b) = (BEGIN, BEGIN);
            way(&mut a, &a_blocks, &mut b, &b_blocks);
            assert_eq!((a, b), expected);
        }
    }
}

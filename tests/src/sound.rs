//! What a phone's recorder gives, for tests.

/// So many frames of AAC, each saying its length and holding words to look for.
#[must_use]
pub fn speech(frames: usize) -> Vec<u8> {
    let payload = SAID.repeat(16);
    let length = payload.len() + HEAD;
    // ISO/IEC 13818-7, 6.2: the length has 13 bits, over three bytes.
    let bits = |shift: usize| u8::try_from(length >> shift & 0xff).unwrap_or_default();
    let head = [0xff, 0xf1, 0x50, 0x80 | bits(11), bits(3), bits(0) << 5, 0xfc];
    [&head[..], &payload].concat().repeat(frames)
}

/// The words in it.
pub const SAID: &[u8] = b"CANARY of what was said";

/// The length of a frame's head.
const HEAD: usize = 7;

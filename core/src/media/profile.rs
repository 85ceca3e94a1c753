//! Colour profiles (ICC.1), as far as containers must know them: where one ends.

/// How long the profile says it is, if `start` is the start of a profile.
///
/// What stands behind the stated end is not part of the profile and must not pass with it.
pub(super) fn stated_len(start: &[u8]) -> Option<u32> {
    let len = u32::from_be_bytes(*start.first_chunk()?);
    let is_profile = start.get(SIGNATURE_AT..START_LEN)? == b"acsp";
    (is_profile && len as usize >= MIN_LEN).then_some(len)
}

/// How many bytes [`stated_len`] needs.
pub(super) const START_LEN: usize = SIGNATURE_AT + 4;

/// Where the signature of every profile stands.
const SIGNATURE_AT: usize = 36;

/// The length of the header and the count of tags.
const MIN_LEN: usize = 132;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_profile_has_a_length() {
        let mut start = [0; START_LEN];
        start[2..4].copy_from_slice(&[2, 0]);
        assert_eq!(stated_len(&start), None);
        start[36..].copy_from_slice(b"acsp");
        assert_eq!(stated_len(&start), Some(512));
        assert_eq!(stated_len(&start[..39]), None);
        start[2] = 0;
        assert_eq!(stated_len(&start), None, "too short for its own header");
    }
}

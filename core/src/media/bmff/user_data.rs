//! Which notes inside a video stream may pass.
//!
//! H.264 and HEVC (ITU-T H.274) let an encoder write SEI messages between the pictures: some are
//! needed to show the pictures, some are notes with dates and places (AVCHD camcorders), some are
//! an encoder's signature. What passes is listed here; a note that is not understood is blanked.

use super::bits;

/// Messages of plain numbers that decoders and screens use (timing, recovery, layout, colour
/// volume), and how few and how many bytes each has. Where a count decides, what encoders write has
/// room. Not here: user data (4, 5), time codes (136), and whatever else may tell of the world.
const MESSAGES: &[(u64, usize, usize)] = &[
    // Buffering and timing of a picture; which part of it to show; where to start.
    (0, 1, 64),
    (1, 1, 64),
    (2, 1, 64),
    (6, 1, 8),
    // How pictures refer to each other, freezes, scenes: of old H.264.
    (7, 1, 32),
    (8, 1, 32),
    (9, 1, 12),
    (10, 1, 16),
    (11, 1, 32),
    (12, 1, 32),
    (13, 1, 8),
    (14, 0, 0),
    (15, 1, 8),
    (16, 1, 16),
    (17, 1, 8),
    (18, 1, 32),
    // How to show: deblocking, two eyes, sharpening, tone, views, how it is turned.
    (20, 1, 4),
    (21, 1, 4),
    (22, 1, 64),
    (23, 1, 64),
    (45, 1, 24),
    (46, 1, 32),
    (47, 1, 8),
    // Structure, parameter sets, layers, checksums of three planes, regions: of HEVC.
    (128, 1, 64),
    (129, 1, 32),
    (130, 1, 24),
    (131, 2, 2),
    (132, 3, 49),
    (133, 1, 32),
    (134, 1, 1),
    (135, 0, 0),
    // Colour and brightness.
    (137, 24, 24),
    (142, 1, 64),
    (144, 4, 4),
    (147, 1, 1),
    (148, 8, 8),
    (149, 1, 37),
    // Transparency, screens for two eyes, depth.
    (165, 1, 8),
    (176, 1, 64),
    (177, 1, 64),
];

/// Registered user data (4) that screens need: brightness curves of HDR10+.
const HDR10_PLUS: &[u8] = &[0xB5, 0x00, 0x3C, 0x00, 0x01, 0x04];
/// Those of HDR Vivid, and how long they may be: two curves of three splines each have 60 bytes.
const HDR_VIVID: &[u8] = &[0x26, 0x00, 0x04, 0x00, 0x05];
const HDR_VIVID_LEN: usize = 80;

const X264: [u8; 16] = *b"\xDC\x45\xE9\xBD\xE6\xD9\x48\xB7\x96\x2C\xD8\x20\xD9\x23\xEE\xEF";
const X265: [u8; 16] = *b"\x2C\xA2\xDE\x09\xB5\x17\x47\xDB\xBB\x55\xA4\xFE\x7F\xC2\xFC\x4E";
/// Apple's encoders sign each stream with ten bytes: a constant and a counter.
const APPLE: [u8; 16] = *b"\x47\x56\x4A\xDC\x5C\x4C\x43\x3F\x94\xEF\xC5\x11\x3C\xD1\x43\xA8";
const APPLE_LEN: usize = 26;

/// Longest signature text of an encoder.
const MAX_TEXT: usize = 4096;
/// Longest setting of an encoder with its value, so that no sentence passes for one.
const MAX_SETTING: usize = 48;

/// Whether an SEI message of `kind` may stay as it is.
pub(super) fn may_pass(kind: u64, payload: &[u8]) -> bool {
    match kind {
        3 => payload.iter().all(|&byte| byte == 0xFF),
        4 => registered(payload),
        5 => unregistered(payload),
        19 => bits::is_film_grain(payload),
        _ => MESSAGES
            .iter()
            .any(|&(known, least, most)| kind == known && (least..=most).contains(&payload.len())),
    }
}

/// Whether registered user data are brightness curves.
pub(super) fn registered(payload: &[u8]) -> bool {
    match payload.strip_prefix(HDR10_PLUS) {
        Some(numbers) => bits::is_hdr10_plus(numbers),
        None => payload.starts_with(HDR_VIVID) && payload.len() <= HDR_VIVID_LEN,
    }
}

fn unregistered(payload: &[u8]) -> bool {
    let Some((uuid, text)) = payload.split_first_chunk::<16>() else {
        return payload.is_empty();
    };
    match *uuid {
        // An identifier and nothing else says no more than which encoder it was.
        _ if text.is_empty() => is_identifier(uuid),
        X264 => settings(text, b"x264 - core ", b" - H.264/MPEG-4 AVC codec - Copy"),
        X265 => settings(text, b"x265 (build ", b" - H.265/HEVC codec - Copyright "),
        APPLE => payload.len() == APPLE_LEN,
        _ => false,
    }
}

/// Whether sixteen bytes are an identifier by RFC 9562, which no text of plain letters is: a
/// version, and a bit that letters don't have.
fn is_identifier(bytes: &[u8; 16]) -> bool {
    (1..=8).contains(&(bytes[6] >> 4)) && bytes[8] >> 6 == 0b10
}

/// Whether `text` is an encoder's list of settings and holds nothing else.
fn settings(text: &[u8], start: &[u8], middle: &[u8]) -> bool {
    let text = text.strip_suffix(&[0]).unwrap_or(text);
    if text.len() > MAX_TEXT || !text.starts_with(start) {
        return false;
    }
    let find = |part: &[u8]| memchr::memmem::find(text, part);
    let Some((first, second)) = find(middle).zip(find(b" - options: ")) else {
        return false;
    };
    let head_end = second + b" - options: ".len();
    let is_head = |byte: &u8| byte.is_ascii_alphanumeric() || b" -./:+()[],".contains(byte);
    first < 160
        && second.saturating_sub(first) < 160
        && text[..head_end].iter().all(is_head)
        && text[head_end..].split(|&byte| byte == b' ').all(setting)
}

/// Whether `token` is a name or `name=value` as encoders write them.
fn setting(token: &[u8]) -> bool {
    let is_value = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.,:()=/".contains(byte);
    token.len() <= MAX_SETTING && token.iter().all(is_value)
}

/// Whether the user data of an MPEG-4 Part 2 stream is the signature of an encoder. Decoders read
/// it to work around that encoder's mistakes, so the picture may depend on it.
pub(super) fn is_encoder_name(text: &[u8]) -> bool {
    let text = text.strip_suffix(&[0]).unwrap_or(text);
    let names: [&[u8]; 4] = [b"Lavc", b"FFmpeg", b"XviD", b"DivX"];
    let version = names.iter().find_map(|name| text.strip_prefix(*name));
    let is_version = |byte: &u8| byte.is_ascii_digit() || b".bBpC".contains(byte);
    version.is_some_and(|version| version.len() <= 16 && version.iter().all(is_version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(uuid: [u8; 16], text: &[u8]) -> Vec<u8> {
        [&uuid, text].concat()
    }

    const SETTINGS: &[u8] = b"x264 - core 164 r3095 baee400 - H.264/MPEG-4 AVC codec - Copyleft \
        2003-2022 - http://www.videolan.org/x264.html - options: cabac=1 me=hex psy_rd=1.00:0.00\0";

    #[test]
    fn the_settings_of_an_encoder_may_pass() {
        assert!(may_pass(5, &with(X264, SETTINGS)));
        assert!(may_pass(5, &X264));
        assert!(may_pass(5, b"\xB9\xED\xB9\x30\x5D\x21\x4B\x71\x83\x71\x2C\x10\xA3\x14\xBB\x29"));
    }

    #[test]
    fn a_note_in_the_settings_does_not_pass() {
        let long = [SETTINGS.trim_ascii_end(), b" place=", &[b'a'; 60]].concat();
        assert!(!may_pass(5, &with(X264, &long)));
        assert!(!may_pass(5, &with(X264, b"x264 - core 1; home at +13.1+22.4/")));
    }

    #[test]
    fn notes_of_others_and_captions_do_not_pass() {
        assert!(!may_pass(
            5,
            &with(*b"\x17\xee\x8c\x60\xf8\x4d\x11\xd9\x8c\xd6\x08\x00\x20\x0c\x9a\x66", b"MDPM")
        ));
        assert!(!may_pass(4, b"\xB5\x00\x31GA94"));
        assert!(!may_pass(136, &[1, 2, 3]));
    }

    #[test]
    fn a_message_of_numbers_has_no_room_for_more() {
        let words = |len| b"SECRET home 52.5200,13.4050 ".repeat(20)[..len].to_vec();
        for kind in 0..256 {
            assert!(!may_pass(kind, &words(100)), "{kind}");
        }
        for (kind, len) in [(137, 23), (137, 25), (144, 5), (147, 2), (135, 1), (3, 1)] {
            assert!(!may_pass(kind, &words(len)), "{kind}");
        }
        assert!(may_pass(3, &[0xFF; 100]) && may_pass(137, &[7; 24]) && may_pass(144, &[1; 4]));
        assert!(!may_pass(4, &[HDR10_PLUS, &words(40)].concat()));
        assert!(!may_pass(4, &[HDR_VIVID, &words(100)].concat()));
        assert!(!may_pass(5, &words(16)));
    }

    #[test]
    fn only_the_name_of_an_encoder_is_one() {
        assert!(is_encoder_name(b"Lavc59.37.100"));
        assert!(!is_encoder_name(b"Lavc at home"));
    }
}

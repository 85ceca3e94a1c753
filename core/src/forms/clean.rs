//! Makes typed and pasted text safe to show and to compare, without taking a letter away.
//!
//! Text pasted from a chat can carry invisible marks that turn what follows around or hide in a
//! name. They go. What a script needs to be written rightly stays: the joiners of Persian and the
//! Indian scripts, variation selectors, Mongolian vowel separators.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{
    Alphabetic, BidiControl, BinaryProperty, DefaultIgnorableCodePoint, EnumeratedProperty,
    GeneralCategory, GeneralCategoryGroup,
};

/// Text of several lines, as it is stored: NFC, no hidden marks, no space around it.
pub(crate) fn lines(text: &str) -> String {
    clean(&text.replace("\r\n", "\n").replace('\r', "\n"), |c| c == '\n' || c == '\t')
}

/// Text of one line, as it is stored.
pub(super) fn line(text: &str) -> String {
    clean(&text.replace(['\r', '\n', '\t', '\u{2028}', '\u{2029}'], " "), |_| false)
}

/// Text with the digits and the number signs of every script written in ASCII.
pub(super) fn ascii_digits(text: &str) -> String {
    text.chars().map(ascii_digit).collect()
}

fn clean(text: &str, keeps_control: impl Fn(char) -> bool) -> String {
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        let stays = match c {
            ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER => {
                kept.chars().next_back().is_some_and(takes_joiner)
            }
            MONGOLIAN_VOWEL_SEPARATOR => true,
            _ if BidiControl::for_char(c) => false,
            _ => match GeneralCategory::for_char(c) {
                GeneralCategory::Control => keeps_control(c),
                GeneralCategory::Format => !DefaultIgnorableCodePoint::for_char(c),
                _ => true,
            },
        };
        if stays {
            kept.push(c);
        }
    }
    // Trimming comes last: what was taken away may have hidden a space.
    ComposingNormalizerBorrowed::new_nfc().normalize(kept.trim()).trim().to_owned()
}

/// Whether a joiner after `before` can mean something: after letters and marks of scripts that
/// join, and between the parts of an emoji; not in plain Latin text or after a space.
fn takes_joiner(before: char) -> bool {
    !before.is_ascii()
        && before != ZERO_WIDTH_JOINER
        && before != ZERO_WIDTH_NON_JOINER
        && (Alphabetic::for_char(before)
            || GeneralCategoryGroup::Mark.contains(GeneralCategory::for_char(before))
            || GeneralCategoryGroup::Symbol.contains(GeneralCategory::for_char(before)))
}

/// Unicode promises that decimal digits come in runs of ten from zero to nine, so a digit's value
/// is its distance from the start of its run; a few runs follow each other without a gap.
fn ascii_digit(c: char) -> char {
    match c {
        '\u{0}'..='\u{7f}' => c,
        '\u{66b}' => '.',
        '\u{66c}' => ',',
        '\u{2212}' => '-',
        '\u{ff01}'..='\u{ff5e}' => fullwidth_to_ascii(c),
        _ if is_digit(c) => {
            let run = (1..c as u32).take_while(|back| before(c, *back).is_some_and(is_digit));
            char::from_digit(run.count() as u32 % 10, 10).unwrap_or(c)
        }
        _ => c,
    }
}

fn fullwidth_to_ascii(c: char) -> char {
    char::from_u32(c as u32 - 0xfee0).unwrap_or(c)
}

fn before(c: char, back: u32) -> Option<char> {
    char::from_u32(c as u32 - back)
}

fn is_digit(c: char) -> bool {
    GeneralCategory::for_char(c) == GeneralCategory::DecimalNumber
}

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
const MONGOLIAN_VOWEL_SEPARATOR: char = '\u{180e}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_marks_that_turn_or_hide_text_go() {
        assert_eq!(
            line("\u{202e}Anna\u{202c}\u{200b} \u{2066}Maria\u{2069}\u{feff}"),
            "Anna Maria"
        );
        assert_eq!(line("\u{200f}\u{200e} سارا \u{061c}"), "سارا");
        assert_eq!(line("An\u{ad}na\u{2060}\0\u{1b}[31m"), "Anna[31m");
    }

    #[test]
    fn joiners_that_a_script_needs_stay() {
        for needed in ["می‌خواهم", "ه‍.", "क्‍ष", "ന്‍", "👨‍👩‍👧", "葛\u{e0100}", "ᠭ\u{180e}ᠠ"]
        {
            assert_eq!(line(needed), needed);
        }
        assert_eq!(line("An\u{200d}na \u{200c}B"), "Anna B");
    }

    #[test]
    fn letters_and_their_accents_become_one() {
        assert_eq!(line("Zoe\u{308}"), "Zoë");
    }

    #[test]
    fn a_line_has_no_line_breaks_and_a_long_text_keeps_them() {
        assert_eq!(line(" a\r\nb\t"), "a  b");
        assert_eq!(lines(" a\r\nb\rc\t"), "a\nb\nc");
    }

    #[test]
    fn digits_of_every_script_are_read() {
        for seven in ["٧", "۷", "७", "৭", "๗", "７", "𝟕", "𝟽", "߇", "၇", "៧"] {
            assert_eq!(ascii_digits(seven), "7", "{seven}");
        }
        for zero in ["٠", "०", "𝟎", "𝟘", "𝟶"] {
            assert_eq!(ascii_digits(zero), "0", "{zero}");
        }
        assert_eq!(ascii_digits("١٫٥：፯"), "1.5:፯");
    }
}

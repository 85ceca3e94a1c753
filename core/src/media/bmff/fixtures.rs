//! Small files for the tests, built here box by box, with a canary in every hiding place.

use super::super::{Plan, ReadAt, Result};

/// The word that must not come through.
pub(super) const CANARY: &[u8] = b"CANARY";

/// A box.
pub(super) fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

/// A box of boxes.
pub(super) fn parent(kind: &[u8; 4], children: &[Vec<u8>]) -> Vec<u8> {
    boxed(kind, &children.concat())
}

/// A box with version and flags 0.
pub(super) fn full(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[0; 4], body].concat())
}

/// Numbers of 32 bits.
pub(super) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A unit of a stream behind its length.
pub(super) fn unit(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// An H.264 note of a stranger: a type, a size, an identifier, a text.
pub(super) fn note() -> Vec<u8> {
    unit(&[&[6, 5, 16 + 6][..], b"0123456789abcdef", CANARY, &[0x80]].concat())
}

/// A slice of an H.264 picture.
pub(super) fn slice() -> Vec<u8> {
    unit(b"\x65picture")
}

/// Scrubs `file` and gives the copy.
pub(super) fn scrubbed(file: &[u8]) -> Result<Vec<u8>> {
    let file = file.to_vec();
    let plan = super::super::scrub(&file)?;
    Ok(copy(&plan, &file))
}

/// Draws the copy that `plan` describes.
pub(super) fn copy(plan: &Plan, source: &dyn ReadAt) -> Vec<u8> {
    let mut out = Vec::new();
    std::io::Read::read_to_end(&mut plan.reader(source), &mut out).unwrap();
    out
}

/// Whether `bytes` hold the canary.
pub(super) fn leaks(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, CANARY).is_some()
}

/// A list of brands; the last of them is no brand.
pub(super) fn brands(major: &[u8; 4]) -> Vec<u8> {
    boxed(b"ftyp", &[major, &[0; 4][..], major, b"CANA", b"RY!!"].concat())
}

/// Where the samples of a movie are, and which samples they are.
pub(super) struct Media {
    /// Offset of the video's samples: with a note, then without.
    pub(super) video: u64,
    /// Offset of the samples of a track of places.
    pub(super) places: u64,
}

/// The two samples of the video.
pub(super) fn video_samples() -> [Vec<u8>; 2] {
    [[note(), slice()].concat(), slice()]
}

fn times() -> Vec<u8> {
    // The seventh of November 2020, twice.
    words(&[3_687_552_000, 3_687_552_000])
}

fn header(kind: &[u8; 4], rest: &[u8]) -> Vec<u8> {
    full(kind, &[&times(), rest].concat())
}

fn handler(kind: &[u8; 4]) -> Vec<u8> {
    full(b"hdlr", &[b"mhlr", kind, CANARY, &[0; 6], CANARY].concat())
}

/// A description of H.264 video, with a vendor, a name of an encoder and a box of a stranger.
fn video_description() -> Vec<u8> {
    let mut fields = vec![0; 78];
    fields[7] = 1;
    fields[12..16].copy_from_slice(b"CANA");
    fields[42..49].copy_from_slice(b"\x06CANARY");
    let config = [&[1, 66, 0, 10, 0xFF, 0xE1, 0, 1, 0x67, 1, 0, 1, 0x68][..], CANARY].concat();
    let boxes = [boxed(b"avcC", &config), boxed(b"uuid", CANARY)].concat();
    boxed(b"avc1", &[fields, boxes].concat())
}

fn tables(offset: u64, sizes: &[u32], description: Vec<u8>, wide: bool) -> Vec<u8> {
    let count = sizes.len() as u32;
    let offsets = if wide {
        full(b"co64", &[words(&[1]), offset.to_be_bytes().to_vec()].concat())
    } else {
        full(b"stco", &words(&[1, offset as u32]))
    };
    let sizes = [words(&[0, count]), words(sizes), CANARY.to_vec()].concat();
    let children = [
        full(b"stsd", &[words(&[1]), description].concat()),
        full(b"stts", &words(&[1, count, 100])),
        full(b"stsc", &words(&[1, 1, count, 1])),
        full(b"stsz", &sizes),
        offsets,
        boxed(b"subs", CANARY),
    ];
    parent(b"stbl", &children)
}

/// A track that names its samples; `id` and the handler's kind tell which.
fn track(id: u32, kind: &[u8; 4], tables: Vec<u8>) -> Vec<u8> {
    let mut rest = vec![0; 72];
    rest[..4].copy_from_slice(&id.to_be_bytes());
    rest[8..12].copy_from_slice(&words(&[200]));
    let here =
        full(b"dref", &[words(&[1]), boxed(b"url ", &[&[0, 0, 0, 1], CANARY].concat())].concat());
    let media = [
        header(b"mdhd", &[words(&[1000, 200]), vec![0x15, 0xC7, 0, 0]].concat()),
        handler(kind),
        parent(b"minf", &[full(b"vmhd", &[0; 8]), parent(b"dinf", &[here]), tables]),
    ];
    parent(
        b"trak",
        &[
            header(b"tkhd", &rest),
            parent(b"mdia", &media),
            parent(b"udta", &[boxed(b"name", CANARY)]),
            parent(b"tref", &[boxed(b"cdsc", CANARY)]),
        ],
    )
}

/// Apple's keys: a date, a place and a maker.
fn keys() -> Vec<u8> {
    let all = [
        (&b"com.apple.quicktime.creationdate"[..], &b"2021-03-04T05:06:07+0300"[..]),
        (b"com.apple.quicktime.location.ISO6709", b"+13.1234+022.4321+010.500/"),
        (b"com.apple.quicktime.make", CANARY),
    ];
    let names = all.map(|(name, _)| boxed(b"mdta", name)).concat();
    let item = |index: usize, value: &[u8]| {
        let data = boxed(b"data", &[&words(&[1, 0]), value].concat());
        boxed(&(index as u32 + 1).to_be_bytes(), &data)
    };
    let list: Vec<u8> =
        all.iter().enumerate().flat_map(|(at, (_, value))| item(at, value)).collect();
    parent(
        b"meta",
        &[
            full(b"hdlr", &[&[0; 4], &b"mdta"[..], &[0; 13]].concat()),
            full(b"keys", &[words(&[all.len() as u32]), names].concat()),
            boxed(b"ilst", &list),
        ],
    )
}

/// The `moov` box of a movie with a video, a track of places, and metadata everywhere.
pub(super) fn moov(media: &Media, wide: bool, fragmented: bool) -> Vec<u8> {
    let mut rest = vec![0; 88];
    rest[..8].copy_from_slice(&words(&[1000, 200]));
    rest[64..70].copy_from_slice(CANARY);
    let sizes =
        if fragmented { vec![] } else { video_samples().map(|it| it.len() as u32).to_vec() };
    let places = boxed(b"mebx", &[&[0; 8], CANARY].concat());
    let mut children = vec![
        header(b"mvhd", &rest),
        track(1, b"vide", tables(media.video, &sizes, video_description(), wide)),
        track(2, b"meta", tables(media.places, &[6], places, wide)),
        parent(b"udta", &[boxed(b"\xA9cmt", CANARY)]),
        keys(),
        boxed(b"free", CANARY),
        boxed(b"uuid", CANARY),
        boxed(b"iods", CANARY),
    ];
    if fragmented {
        children.push(parent(
            b"mvex",
            &[full(b"trex", &words(&[1, 1, 100, 0, 0])), boxed(b"trep", CANARY)],
        ));
    }
    parent(b"moov", &children)
}

/// Media data: the video, the places, and bytes of nobody.
pub(super) fn media_data(at: u64) -> (Vec<u8>, Media) {
    let video = video_samples().concat();
    let media = Media { video: at + 8, places: at + 8 + video.len() as u64 };
    (boxed(b"mdat", &[&video, CANARY, b"nobody's CANARY"].concat()), media)
}

/// A movie whose header comes last.
pub(super) fn movie() -> Vec<u8> {
    let head = [brands(b"qt  "), boxed(b"wide", b"")].concat();
    let (data, media) = media_data(head.len() as u64);
    let tail = [boxed(b"uuid", CANARY), boxed(b"free", CANARY)].concat();
    [head, data, moov(&media, false, false), tail].concat()
}

/// A movie in one fragment.
pub(super) fn fragmented() -> Vec<u8> {
    let media = Media { video: 0, places: 0 };
    let head = [brands(b"mp42"), moov(&media, false, true)].concat();
    let samples = video_samples();
    let run = |offset: u32| {
        let sizes = [samples[0].len() as u32, samples[1].len() as u32];
        boxed(b"trun", &words(&[0x201, 2, offset, sizes[0], sizes[1]]))
    };
    let fragment = |offset| {
        let traf = parent(
            b"traf",
            &[boxed(b"tfhd", &words(&[0x2_0000, 1])), run(offset), boxed(b"uuid", CANARY)],
        );
        parent(b"moof", &[full(b"mfhd", &words(&[1])), traf, boxed(b"udta", CANARY)])
    };
    let offset = fragment(0).len() as u32 + 8;
    let data = boxed(b"mdat", &[&samples.concat(), CANARY].concat());
    [head, boxed(b"prft", CANARY), fragment(offset), data].concat()
}

/// An H.265 picture of one unit and its configuration with a note.
fn hevc() -> (Vec<u8>, Vec<u8>) {
    let note = [&[39 << 1, 1, 5, 22][..], b"0123456789abcdef", CANARY, &[0x80]].concat();
    let mut config = vec![0; 22];
    config[0] = 1;
    config[21] = 3;
    config.extend([1, 39, 0, 1]);
    config.extend((note.len() as u16).to_be_bytes());
    config.extend(&note);
    config.extend(CANARY);
    let picture = [unit(&note), unit(b"\x26\x01picture"), unit(&[&[50 << 1, 1], CANARY].concat())];
    (picture.concat(), config)
}

/// A colour profile: a canary in its date and maker, its words and behind its only colour.
pub(super) fn profile() -> Vec<u8> {
    let mut profile = CANARY.repeat(22)[..128].to_vec();
    profile[8..24].copy_from_slice(b"\x04\0\0\0mntrRGB XYZ ");
    profile[36..40].copy_from_slice(b"acsp");
    profile[46..48].fill(0);
    profile[60..80].fill(0);
    let words = [&b"text\0\0\0\0"[..], CANARY, &[0; 2]].concat();
    let colour = [COLOUR, CANARY].concat();
    let (first, second) = (156, 156 + words.len());
    profile.extend([0, 0, 0, 2]);
    for (tag, at, len) in [(b"desc", first, words.len()), (b"rXYZ", second, colour.len())] {
        profile.extend(tag);
        profile.extend([at as u32, len as u32].map(u32::to_be_bytes).concat());
    }
    profile.extend([words, colour].concat());
    let len = profile.len() as u32;
    profile[..4].copy_from_slice(&len.to_be_bytes());
    profile
}

/// The one colour of the profile.
pub(super) const COLOUR: &[u8] = b"XYZ \0\0\0\0\0\0\x6F\xA2\0\0\x38\xF5\0\0\x03\x90";

/// The entries of the still's items.
fn still_entries() -> Vec<u8> {
    let entry = |id: u8, kind: &[u8; 4], rest: &[u8]| {
        boxed(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], &kind[..], rest].concat())
    };
    [
        entry(1, b"hvc1", b"CANARY\0"),
        entry(2, b"hvc1", b"\0"),
        entry(3, b"Exif", b"\0"),
        entry(4, b"mime", b"\0application/rdf+xml\0"),
        entry(5, b"grid", b"\0"),
    ]
    .concat()
}

/// A still: a picture, a thumbnail, Exif, XMP, and metadata everywhere.
pub(super) fn still() -> Vec<u8> {
    let (picture, config) = hevc();
    let tiff = super::super::exif::orientation_block(6);
    let exif = [&[0, 0, 0, 6][..], b"Exif\0\0", &tiff, CANARY].concat();
    let parts = [picture.clone(), picture, exif, CANARY.to_vec()];
    let entries = still_entries();
    let refers = |kind: &[u8; 4], from: u8, to: u8| boxed(kind, &[0, from, 0, 1, 0, to]);
    let properties = [
        boxed(b"hvcC", &config),
        full(b"ispe", &words(&[64, 64])),
        boxed(b"irot", &[3]),
        boxed(b"udes", CANARY),
        full(b"ispe", &words(&[16, 16])),
        boxed(b"colr", &[b"prof", &profile()[..]].concat()),
        boxed(b"colr", &[b"rICC", CANARY].concat()),
    ];
    let associations =
        [0, 0, 0, 3, 0, 1, 6, 0x81, 2, 0x83, 4, 6, 0x87, 0, 2, 2, 0x81, 5, 0, 5, 1, 2];
    let meta = |at: u32| {
        let mut locations = vec![1, 0, 0, 0, 0x44, 0, 0, 5];
        let mut offset = at;
        for (index, part) in parts.iter().enumerate() {
            locations.extend([0, index as u8 + 1, 0, 0, 0, 0, 0, 1]);
            locations.extend(words(&[offset, part.len() as u32]));
            offset += part.len() as u32;
        }
        locations.extend([0, 5, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 8]);
        full(
            b"meta",
            &[
                full(b"hdlr", &[&[0; 4], &b"pict"[..], &[0; 12], CANARY].concat()),
                full(b"pitm", &[0, 5, b'C', b'A']),
                boxed(b"iloc", &locations),
                full(b"iinf", &[&[0, 5], &entries[..]].concat()),
                full(
                    b"iref",
                    &[
                        refers(b"dimg", 5, 1),
                        refers(b"thmb", 2, 5),
                        refers(b"cdsc", 3, 5),
                        refers(b"cdsc", 4, 5),
                    ]
                    .concat(),
                ),
                parent(
                    b"iprp",
                    &[boxed(b"ipco", &properties.concat()), full(b"ipma", &associations)],
                ),
                boxed(b"idat", &[b"CA", &[0, 0, 0, 0, 0, 64, 0, 64][..], CANARY].concat()),
                boxed(b"xml ", CANARY),
                boxed(b"free", CANARY),
            ]
            .concat(),
        )
    };
    let head = brands(b"heic");
    let at = head.len() + meta(0).len() + 8;
    let data = boxed(b"mdat", &[parts.concat(), b"nobody's CANARY".to_vec()].concat());
    let tail = [boxed(b"mpvd", CANARY), boxed(b"sefd", CANARY), boxed(b"uuid", CANARY)].concat();
    [head, meta(at as u32), data, tail, b"CANARY behind the end".to_vec()].concat()
}

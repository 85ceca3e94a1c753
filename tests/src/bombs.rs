//! Files that somebody built to harm whoever opens them: small, and each asks for more time or
//! memory than any honest file. All are made in code.

/// The files: a name and the bytes.
#[must_use]
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "a PNG whose pixels inflate to a gigabyte",
            png(60_000, &[chunk(b"IDAT", &zeros(4 << 20))]),
        ),
        ("a PNG with a profile that inflates to a gigabyte", png_with_profile()),
        ("a PNG with a thousand packed texts of a megabyte", png_with_texts()),
        ("a PNG of a million chunks", png(1, &vec![chunk(b"tEXt", &[]); 1_000_000])),
        ("an APNG of three hundred thousand frames", apng()),
        ("a JPEG of sixty-four scans over a million blocks", jpeg_scans()),
        ("a JPEG of sixty-seven million blocks", jpeg_blocks()),
        ("a JPEG of four million comments", jpeg_comments()),
        ("a JPEG with a padded interval for each block", jpeg_intervals()),
        ("a JPEG with a directory that names itself", jpeg_with_exif(&exif_loop())),
        ("a WebP of a million chunks", webp(&riff(b"junk", &[]).repeat(1_000_000))),
        ("a WebP of half a million frames", webp_frames()),
        ("a GIF of a million frames", gif(&gif_frame(1, &[2, 0x44, 0x01]).repeat(1_000_000))),
        ("a GIF of four thousand million pixels", gif(&gif_frame(u16::MAX, &lzw_bomb()))),
        ("an MP4 of a hundred thousand boxes in each other", nested()),
        ("an MP4 of four thousand million samples", mp4(u32::MAX, &[16])),
        ("an MP4 whose chunks are all the same megabyte", mp4(250_000, &vec![16; 250_000])),
        ("an MP4 of four million chunks with a gap behind each", scattered(4_000_000)),
        ("an MP4 of a million chunks with a gap behind each", scattered(1_000_000)),
        ("an MP4 of half a million chunks with a gap behind each", scattered(500_000)),
        ("an MP4 of half a million fragments", fragments()),
        ("an HEIC of sixty thousand extents over one megabyte", heic(60_000, 1)),
        ("an HEIC of four million empty units", heic(1, 16)),
        ("a JPEG XL of a million boxes", jxl()),
        ("an AAC of two million empty frames", adts()),
    ]
}

// PNG (W3C specification, third edition).

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let checked = [name, body].concat();
    let crc = crc32fast::hash(&checked).to_be_bytes();
    [&(body.len() as u32).to_be_bytes()[..], &checked, &crc].concat()
}

/// A grey picture of so many points on each side.
fn png(side: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    let sides = [side.to_be_bytes(), side.to_be_bytes()].concat();
    let head = chunk(b"IHDR", &[&sides[..], &[8, 0, 0, 0, 0]].concat());
    let pixels = if side == 1 { chunk(b"IDAT", &zeros(0)) } else { Vec::new() };
    let end = [pixels, chunk(b"IEND", &[])].concat();
    [b"\x89PNG\r\n\x1A\n", &head[..], &chunks.concat(), &end].concat()
}

/// A zlib stream of two zeros and so many runs of 258 more, 13 bits each (RFC 1951, 3.2.6).
fn zeros(runs: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0b1, 1);
    bits.put(0b01, 2);
    // Codes stand with their highest bit first: a literal 0, twice; the length; the distance.
    bits.put(0b0000_1100, 8);
    bits.put(0b0000_1100, 8);
    for _ in 0..runs {
        bits.put(0b1010_0011, 8);
        bits.put(0, 5);
    }
    bits.put(0, 7);
    let bytes = 2 + 258 * u64::from(runs);
    // Adler-32 of zeros: the low half stays 1, the high half counts.
    let sum = ((bytes % 65_521) as u32) << 16 | 1;
    [&[0x78, 0x01], &bits.finish()[..], &sum.to_be_bytes()].concat()
}

/// Bits from the lowest up, as deflate and GIF have them.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, bits: u32, count: u32) {
        self.held |= bits << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.put(0, 7);
        self.bytes
    }
}

fn png_with_profile() -> Vec<u8> {
    png(1, &[chunk(b"iCCP", &[b"x\0\0", &zeros(4 << 20)[..]].concat())])
}

fn png_with_texts() -> Vec<u8> {
    let text = chunk(b"zTXt", &[b"Raw profile type exif\0\0", &zeros(4096)[..]].concat());
    png(1, &vec![text; 1000])
}

fn apng() -> Vec<u8> {
    const FRAMES: u32 = 300_000;
    let mut chunks = vec![chunk(b"acTL", &[FRAMES.to_be_bytes(), [0; 4]].concat())];
    for frame in 0..FRAMES {
        let place = [frame * 2, 1, 1, 0, 0].map(u32::to_be_bytes).concat();
        chunks.push(chunk(b"fcTL", &[&place[..], &[0, 1, 0, 1, 0, 0]].concat()));
        let number = (frame * 2 + 1).to_be_bytes();
        chunks.push(chunk(b"fdAT", &[&number[..], &zeros(0)].concat()));
    }
    let mut file = png(1, &[]);
    let end = file.len() - 12;
    file.splice(end..end, chunks.concat());
    file
}

// JPEG (ITU-T T.81).

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u16 + 2).to_be_bytes();
    [&[0xFF, marker], &len[..], payload].concat()
}

/// A Huffman table of one code of one bit, 0, which stands for nothing and the end of a block.
fn one_code(class_and_id: u8) -> Vec<u8> {
    let mut table = vec![class_and_id, 1];
    table.extend([0; 16]);
    segment(0xC4, &table)
}

/// A grey picture up to its first scan.
fn jpeg_head(frame: u8, side: u16) -> Vec<u8> {
    let side = side.to_be_bytes();
    let sof = [&[8], &side[..], &side, &[1, 1, 0x11, 0]].concat();
    let dqt = [&[0][..], &[1; 64]].concat();
    [
        &[0xFF, 0xD8][..],
        &segment(0xDB, &dqt),
        &segment(frame, &sof),
        &one_code(0x00),
        &one_code(0x10),
    ]
    .concat()
}

fn scan(band: [u8; 2]) -> Vec<u8> {
    segment(0xDA, &[1, 1, 0, band[0], band[1], 0])
}

fn jpeg_scans() -> Vec<u8> {
    // A bit for each of a million blocks.
    let data = vec![0; 125_000];
    let mut file = jpeg_head(0xC2, 8000);
    for at in 0..64 {
        file.extend([scan([at, at]), data.clone()].concat());
    }
    file.extend([0xFF, 0xD9]);
    file
}

fn jpeg_blocks() -> Vec<u8> {
    // Two bits for each block.
    let data = vec![0; 8188 * 8188 / 4];
    [jpeg_head(0xC0, 65_500), scan([0, 63]), data, vec![0xFF, 0xD9]].concat()
}

fn jpeg_comments() -> Vec<u8> {
    let comments = segment(0xFE, &[]).repeat(4_000_000);
    [&[0xFF, 0xD8][..], &comments, &jpeg_head(0xC0, 8)[2..], &scan([0, 63]), &[0x3F, 0xFF, 0xD9]]
        .concat()
}

fn jpeg_intervals() -> Vec<u8> {
    let dri = segment(0xDD, &[0, 1]);
    let intervals = (0..1_000_000_u32).map(|number| [0x3F, 0xAA, 0xFF, 0xD0 + (number % 8) as u8]);
    let data: Vec<u8> = intervals.flatten().collect();
    [jpeg_head(0xC0, 8000), dri, scan([0, 63]), data, vec![0xFF, 0xD9]].concat()
}

fn jpeg_with_exif(block: &[u8]) -> Vec<u8> {
    let app1 = segment(0xE1, &[b"Exif\0\0", block].concat());
    [&[0xFF, 0xD8][..], &app1, &jpeg_head(0xC0, 8)[2..], &scan([0, 63]), &[0x3F, 0xFF, 0xD9]]
        .concat()
}

/// A directory whose entries all name itself, or one value that reaches over the whole block.
fn exif_loop() -> Vec<u8> {
    const ENTRIES: u16 = 5000;
    let mut block = [b"MM\0\x2A", &8_u32.to_be_bytes()[..], &ENTRIES.to_be_bytes()].concat();
    for entry in 0..ENTRIES {
        let (tag, format, count) = match entry % 3 {
            0 => (0x8769_u16, 4_u16, 1_u32),
            1 => (0x8825, 4, 1),
            _ => (entry, 7, 60_000),
        };
        block.extend([tag.to_be_bytes(), format.to_be_bytes()].concat());
        block.extend([count.to_be_bytes(), 8_u32.to_be_bytes()].concat());
    }
    block.extend(8_u32.to_be_bytes());
    block
}

// WebP (RFC 9649).

fn riff(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [name, &(body.len() as u32).to_le_bytes()[..], body].concat()
}

const VP8L: [u8; 6] = [0x2F, 0, 0, 0, 0, 0];

fn webp(chunks: &[u8]) -> Vec<u8> {
    let head = riff(b"VP8X", &[0; 10]);
    riff(b"RIFF", &[b"WEBP", &head[..], &riff(b"VP8L", &VP8L), chunks].concat())
}

fn webp_frames() -> Vec<u8> {
    let frame = riff(b"ANMF", &[&[0; 16][..], &riff(b"VP8L", &VP8L)].concat());
    let head = riff(b"VP8X", &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let body = [b"WEBP", &head[..], &riff(b"ANIM", &[0; 6]), &frame.repeat(500_000)].concat();
    riff(b"RIFF", &body)
}

// GIF (GIF89a).

fn gif(frames: &[u8]) -> Vec<u8> {
    [b"GIF89a\xFF\xFF\xFF\xFF\x80\0\0", &[0; 6][..], frames, b";"].concat()
}

fn gif_frame(side: u16, data: &[u8]) -> Vec<u8> {
    let side = side.to_le_bytes();
    let mut frame = [&[b',', 0, 0, 0, 0], &side[..], &side, &[0, data[0]]].concat();
    for block in data[1..].chunks(255) {
        frame.push(block.len() as u8);
        frame.extend(block);
    }
    frame.push(0);
    frame
}

/// Codes that each stand for one point more than the one before, up to the longest there is, which
/// then comes again and again.
fn lzw_bomb() -> Vec<u8> {
    let mut bits = Bits::default();
    let (mut size, mut next) = (3, 6_u32);
    bits.put(4, size);
    bits.put(0, size);
    for _ in 0..2_000_000 {
        let code = next.min(4095);
        bits.put(if next < 4096 { code } else { 4095 }, size);
        next = (next + 1).min(4096);
        if next == 1 << size && size < 12 {
            size += 1;
        }
    }
    [vec![2], bits.finish()].concat()
}

// ISO base media (ISO/IEC 14496-12).

fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&(body.len() as u32 + 8).to_be_bytes()[..], name, &body].concat()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn ftyp(brand: &[u8; 4]) -> Vec<u8> {
    boxed(b"ftyp", &[brand, &[0; 4], brand])
}

fn nested() -> Vec<u8> {
    const DEPTH: u32 = 100_000;
    let open = |left: u32| [&(left * 8).to_be_bytes()[..], b"trak"].concat();
    let inner: Vec<u8> = (1..=DEPTH).rev().flat_map(open).collect();
    [ftyp(b"isom"), boxed(b"moov", &[&inner])].concat()
}

/// One track: so many samples of a megabyte, whose chunks lie at `offsets`.
fn mp4(samples: u32, offsets: &[u32]) -> Vec<u8> {
    film(samples, 1 << 20, offsets, 1 << 20)
}

/// One track: so many samples of a byte, each in a chunk of its own, with a byte of nobody behind
/// it.
fn scattered(samples: u32) -> Vec<u8> {
    let first = ftyp(b"isom").len() as u32 + 8;
    let offsets: Vec<u32> = (0..samples).map(|at| first + 2 * at).collect();
    film(samples, 1, &offsets, 2 * samples as usize)
}

/// One track: so many samples of `size` bytes, whose chunks lie at `offsets` in `room` bytes.
fn film(samples: u32, size: u32, offsets: &[u32], room: usize) -> Vec<u8> {
    let unity = numbers(&[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]);
    let mvhd =
        [&numbers(&[0, 0, 0, 1000, 1000, 0x1_0000, 0x0100_0000, 0, 0])[..], &unity, &[0; 28]];
    let tkhd = [&numbers(&[7, 0, 0, 1, 0, 1000, 0, 0, 0, 0])[..], &unity, &[0; 8]];
    let count = offsets.len() as u32;
    let chunks = numbers(offsets);
    let entry = boxed(
        b"vp09",
        &[
            &[0, 0, 0, 0, 0, 0, 0, 1],
            &[0; 70],
            &boxed(b"vpcC", &[&[1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0]]),
        ],
    );
    let stbl = boxed(
        b"stbl",
        &[
            &boxed(b"stsd", &[&numbers(&[0, 1]), &entry]),
            &boxed(b"stts", &[&numbers(&[0, 1, samples, 1])]),
            &boxed(b"stsc", &[&numbers(&[0, 1, 1, samples / count, 1])]),
            &boxed(b"stsz", &[&numbers(&[0, size, samples])]),
            &boxed(b"stco", &[&numbers(&[0, count]), &chunks]),
        ],
    );
    let dref = boxed(b"dref", &[&numbers(&[0, 1]), &boxed(b"url ", &[&numbers(&[1])])]);
    let minf = [&boxed(b"vmhd", &[&numbers(&[1, 0, 0])])[..], &boxed(b"dinf", &[&dref]), &stbl];
    let hdlr = boxed(b"hdlr", &[&[0; 8], b"vide", &[0; 13]]);
    let mdhd = boxed(b"mdhd", &[&numbers(&[0, 0, 0, 1000, 1000, 0x55C4_0000])]);
    let mdia = [&mdhd[..], &hdlr, &boxed(b"minf", &minf)];
    let trak = boxed(b"trak", &[&boxed(b"tkhd", &tkhd), &boxed(b"mdia", &mdia)]);
    let moov = boxed(b"moov", &[&boxed(b"mvhd", &mvhd), &trak]);
    [ftyp(b"isom"), boxed(b"mdat", &[&vec![0; room]]), moov].concat()
}

fn fragments() -> Vec<u8> {
    let moof = boxed(b"moof", &[&boxed(b"mfhd", &[&[0; 8]])]);
    [mp4(0, &[16]), moof.repeat(500_000)].concat()
}

/// One picture in so many extents, each over so many megabytes of zeros.
fn heic(extents: u16, megabytes: u32) -> Vec<u8> {
    let extent = [44_u32.to_be_bytes(), (megabytes << 20).to_be_bytes()].concat();
    let iloc = [
        &[0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0][..],
        &extents.to_be_bytes(),
        &extent.repeat(extents.into()),
    ];
    let infe = boxed(b"infe", &[&[2, 0, 0, 0, 0, 1, 0, 0], b"hvc1\0"]);
    let hvcc = [
        &[1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 30, 0xF0, 0, 0xFC][..],
        &[0xFD, 0xF8, 0xF8, 0, 0, 0x0F, 0],
    ];
    let ipco =
        boxed(b"ipco", &[&boxed(b"hvcC", &hvcc), &boxed(b"ispe", &[&numbers(&[0, 64, 64])])]);
    let ipma = boxed(b"ipma", &[&numbers(&[0, 1]), &[0, 1, 2, 0x81, 2]]);
    let meta = boxed(
        b"meta",
        &[
            &[0; 4],
            &boxed(b"hdlr", &[&[0; 8], b"pict", &[0; 13]]),
            &boxed(b"pitm", &[&[0, 0, 0, 0, 0, 1]]),
            &boxed(b"iloc", &iloc),
            &boxed(b"iinf", &[&[0, 0, 0, 0, 0, 1], &infe]),
            &boxed(b"iprp", &[&ipco, &ipma]),
        ],
    );
    // The media data stand first, so that their place does not depend on the rest.
    let mdat = boxed(b"mdat", &[&vec![0; (megabytes << 20) as usize + 16]]);
    [ftyp(b"heic"), mdat, meta].concat()
}

// JPEG XL (ISO/IEC 18181-2) and AAC (ISO/IEC 13818-7).

fn jxl() -> Vec<u8> {
    let head = boxed(b"JXL ", &[&[0x0D, 0x0A, 0x87, 0x0A]]);
    let kind = boxed(b"ftyp", &[b"jxl \0\0\0\0jxl "]);
    [head, kind, boxed(b"jxlc", &[&[0xFF, 0x0A]]), boxed(b"brob", &[b"xml "]).repeat(1_000_000)]
        .concat()
}

fn adts() -> Vec<u8> {
    [0xFF, 0xF1, 0x50, 0x80, 0x00, 0xFF, 0xFC].repeat(2_000_000)
}

//! Which way up a picture is shown, when several blocks of a file may say it.
//!
//! Viewers take the Exif orientation; where Exif says nothing some take the one in the XMP packet.
//! A copy that is to be shown the same way up must look where they look (decision 0016).

/// What the blocks of a file say about its orientation, 1 to 8.
#[derive(Default)]
pub(super) struct Upright {
    exif: Option<u16>,
    xmp: Option<u16>,
}

impl Upright {
    /// Notes what an Exif block says; an earlier block counts more.
    pub(super) fn exif(&mut self, orientation: Option<u16>) {
        self.exif = self.exif.or(orientation);
    }

    /// Notes what an XMP packet says.
    pub(super) fn xmp(&mut self, packet: &[u8]) {
        self.xmp = self.xmp.or_else(|| orientation(packet));
    }

    /// How to turn the picture; none if it is upright as it is.
    pub(super) fn turn(&self) -> Option<u16> {
        self.exif.or(self.xmp).filter(|&orientation| orientation != 1)
    }
}

/// The value of `tiff:Orientation` in an XMP packet, as attribute or as element.
fn orientation(packet: &[u8]) -> Option<u16> {
    const NAME: &[u8] = b"tiff:Orientation";
    let behind = |at: usize| &packet[at + NAME.len()..];
    memchr::memmem::find_iter(packet, NAME).find_map(|at| match behind(at) {
        [b'=', b'"' | b'\'', digit @ b'1'..=b'8', ..] | [b'>', digit @ b'1'..=b'8', ..] => {
            Some(u16::from(digit - b'0'))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exif_counts_more_than_xmp() {
        let mut upright = Upright::default();
        upright.xmp(b"<rdf:Description tiff:Orientation=\"6\"/>");
        assert_eq!(upright.turn(), Some(6));
        upright.exif(Some(3));
        upright.exif(Some(8));
        assert_eq!(upright.turn(), Some(3));
    }

    #[test]
    fn an_upright_picture_is_not_turned() {
        let mut upright = Upright::default();
        assert_eq!(upright.turn(), None);
        upright.xmp(b"<tiff:Orientation>1</tiff:Orientation>");
        assert_eq!(upright.turn(), None);
    }

    #[test]
    fn an_orientation_that_does_not_exist_is_none() {
        for packet in [&b"tiff:Orientation=\"9\""[..], b"tiff:Orientation", b"tiff:Orientation>"] {
            assert_eq!(orientation(packet), None);
        }
    }
}

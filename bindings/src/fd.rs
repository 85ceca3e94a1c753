//! An open file that an Android app hands over.
//!
//! A photo chosen on Android is a content URI: it has no path, and copying it to one would put it
//! on the disk in clear. So the app opens it, detaches the descriptor
//! (`ParcelFileDescriptor.detachFd`) and hands over the number.
//!
//! The only unsafe code of ours. Opening `/proc/self/fd/N` instead would be safe, but it opens the
//! file anew, which Android denies for files of other apps.

use std::fs::File;
use std::os::fd::FromRawFd;

/// Takes over descriptor `fd`, which is closed when the file is dropped. None for a number that no
/// descriptor has.
#[allow(unsafe_code)]
pub(crate) fn take(fd: i32) -> Option<File> {
    // SAFETY: `from_raw_fd` asks for an open descriptor that nobody else closes. The app promises
    // this (`MediaSource::Descriptor`): it detached it and hands it over in this call only. -1 is
    // what failed calls give, and the one value that a `File` must never hold.
    (fd >= 0).then(|| unsafe { File::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::IntoRawFd;

    use super::*;

    #[test]
    fn a_descriptor_handed_over_is_read_as_a_file() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"bytes").unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        let mut read = String::new();
        take(file.into_raw_fd()).unwrap().read_to_string(&mut read).unwrap();
        assert_eq!(read, "bytes");
    }

    #[test]
    fn the_number_of_no_descriptor_is_refused() {
        assert!(take(-1).is_none());
    }
}

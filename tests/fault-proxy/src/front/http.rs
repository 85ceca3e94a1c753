//! The head of a request or an answer. By hand, because a front writes what no library would: two
//! answers for one request, half a head, an offset that is not true.

/// A first line and headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The first line.
    pub first: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// How long the head at the beginning of `said` is, once all of it is there.
    #[must_use]
    pub fn length(said: &[u8]) -> Option<usize> {
        said.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
    }

    /// Reads a whole head.
    #[must_use]
    pub fn read(head: &[u8]) -> Option<Self> {
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let first = lines.next()?.to_owned();
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Some(Self { first, headers: lines.filter_map(header).collect() })
    }

    /// The so-manieth word of the first line.
    #[must_use]
    pub fn word(&self, number: usize) -> &str {
        self.first.split(' ').nth(number).unwrap_or_default()
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A header that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.parse().ok()
    }

    /// Sets a header, or takes it out.
    pub(super) fn set(&mut self, name: &str, value: Option<&str>) {
        self.headers.retain(|(header, _)| header != name);
        if let Some(value) = value {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut said = format!("{}\r\n", self.first);
        for (name, value) in &self.headers {
            said += &format!("{name}: {value}\r\n");
        }
        (said + "\r\n").into_bytes()
    }
}

/// What a server said to one request, to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Reads what a server said before it closed; nothing when that is not a whole answer.
    pub(super) fn read(mut said: &[u8]) -> Option<Self> {
        loop {
            let (head, body) = said.split_at(Head::length(said)?);
            let head = Head::read(head)?;
            // An interim answer is followed by the answer.
            if head.word(1).starts_with('1') {
                said = body;
                continue;
            }
            return Some(Self { head, body: body.to_vec() });
        }
    }

    /// An answer that no server gave.
    pub(super) fn made(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut head = Head { first: format!("HTTP/1.1 {status} As-It-Were"), headers: Vec::new() };
        for (name, value) in headers {
            head.set(name, Some(value));
        }
        head.set("content-length", Some(&body.len().to_string()));
        Self { head, body: body.as_bytes().to_vec() }
    }

    pub(super) fn status(&self) -> Option<u16> {
        self.head.word(1).parse().ok()
    }

    /// As it goes to the phone.
    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.head.bytes(), self.body.clone()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interim_answer_is_not_the_answer() {
        let said = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\nUpload-Offset: 7\r\n\r\n";
        let answer = Answer::read(said).unwrap();
        assert_eq!((answer.status(), answer.head.number("upload-offset")), (Some(204), Some(7)));
    }

    #[test]
    fn half_a_head_is_no_answer() {
        assert_eq!(Answer::read(b"HTTP/1.1 204 No\r\nUpload-Off"), None);
    }
}

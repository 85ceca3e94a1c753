//! Reads the requests out of what a phone said over one HTTP/1.1 connection.

use fault_proxy::front::Head;

/// A request as a server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `POST`, `HEAD`, `PATCH`, `GET`.
    pub method: String,
    /// Where to.
    pub path: String,
    /// Its first line and headers.
    pub head: Head,
    /// How many bytes of its body came.
    pub body: u64,
}

/// The requests in `said`; the last one's body may be cut short.
pub(super) fn requests(mut said: &[u8]) -> Vec<Request> {
    let mut requests = Vec::new();
    while let Some(end) = Head::length(said) {
        let (head, rest) = said.split_at(end);
        let Some(mut request) = request(head) else { break };
        let length = request.head.number("content-length").unwrap_or(0);
        let came = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
        request.body = came as u64;
        requests.push(request);
        said = &rest[came..];
    }
    requests
}

fn request(head: &[u8]) -> Option<Request> {
    let head = Head::read(head)?;
    let (method, path) = (head.word(0).to_owned(), head.word(1).to_owned());
    Some(Request { method, path, head, body: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_apart_by_the_length_of_their_bodies() {
        let said = b"POST /uploads HTTP/1.1\r\nUpload-Length: 9\r\ncontent-length: 0\r\n\r\n\
            PATCH /uploads/1 HTTP/1.1\r\nUpload-Offset: 4\r\nContent-Length: 5\r\n\r\nGET \r\
            HEAD /uploads/1 HTTP/1.1\r\n\r\nPATCH / HTTP/1.1\r\nContent-Length: 9\r\n\r\ncut";
        let found = requests(said);
        let told: Vec<(&str, u64)> =
            found.iter().map(|request| (request.method.as_str(), request.body)).collect();
        assert_eq!(told, [("POST", 0), ("PATCH", 5), ("HEAD", 0), ("PATCH", 3)]);
        assert_eq!(found[1].head.number("upload-offset"), Some(4));
        assert_eq!(found[2].path, "/uploads/1");
    }
}

//! What every request to the uploads passes before tus sees it: the token, the room that is left,
//! and the rule that a newer request on an upload ends the older one.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::COLLECTION;
use super::body::Watched;
use super::keeping::WHOLE;
use super::limits::Room;
use super::running::Running;

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderValue = HeaderValue::from_static("1.0.0");

/// Seconds after which a phone may look whether there is room again.
const FULL_RETRY_AFTER: HeaderValue = HeaderValue::from_static("600");

/// What the gate knows.
pub(super) struct Gate {
    token: String,
    room: Room,
    running: Running,
}

impl Gate {
    pub(super) fn new(token: String, room: Room) -> Self {
        Self { token, room, running: Running::default() }
    }

    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    pub(super) fn running(&self) -> &Running {
        &self.running
    }

    /// Whether the request shows the pack's token. The time it takes tells only the length.
    fn knows(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        let shown = shown.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
        !self.token.is_empty() && bool::from(shown.ct_eq(self.token.as_bytes()))
    }
}

/// Lets a request through to tus, or answers it.
pub(super) async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    if !gate.knows(request.headers()) {
        let challenge = (header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return (StatusCode::UNAUTHORIZED, [challenge, (TUS_RESUMABLE, TUS_VERSION)])
            .into_response();
    }
    let path = request.uri().path();
    match path.strip_prefix(COLLECTION).and_then(|rest| rest.strip_prefix('/')) {
        None => create(gate, request, next).await,
        Some(id) if is_upload_id(id) => {
            let id = id.to_owned();
            write(gate, id, request, next).await
        }
        Some(_) => refuse(StatusCode::NOT_FOUND),
    }
}

/// A creation holds room for the length that it announces.
async fn create(gate: Arc<Gate>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let length = request.headers().get("upload-length");
    let length = length.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    to_its_end(async move {
        let Some(held) = gate.room.hold(length) else {
            let mut full = refuse(StatusCode::SERVICE_UNAVAILABLE);
            full.headers_mut().insert(header::RETRY_AFTER, FULL_RETRY_AFTER);
            return full;
        };
        let response = WHOLE.scope(true, next.run(request)).await;
        if response.status() == StatusCode::CREATED {
            held.keep();
        }
        response
    })
    .await
}

/// A request that asks for or changes an upload's offset ends the write that is under way on it.
async fn write(gate: Arc<Gate>, id: String, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::HEAD | Method::PATCH | Method::POST | Method::DELETE) {
        return next.run(request).await;
    }
    let whole = request.headers().contains_key("upload-checksum");
    let stop = gate.running.begin(&id);
    let request = request.map(|body| Watched::wrap(body, stop));
    to_its_end(async move {
        let response = WHOLE.scope(whole, next.run(request)).await;
        gate.running.end(&id);
        response
    })
    .await
}

/// Runs `answer` to its end even when the connection is gone: otherwise a cut would drop a write
/// between its bytes and its offset, and its lock before its last bytes are on the disk.
async fn to_its_end(answer: impl Future<Output = Response> + Send + 'static) -> Response {
    let answer = tokio::spawn(answer).await;
    answer.unwrap_or_else(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR))
}

/// Upload ids are ours: UUIDs. Nothing else reaches a file name.
fn is_upload_id(id: &str) -> bool {
    id.len() == 36 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

fn refuse(status: StatusCode) -> Response {
    (status, [(TUS_RESUMABLE, TUS_VERSION)], Body::empty()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knows(token: &str, shown: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(shown) = shown {
            headers.insert(header::AUTHORIZATION, shown.parse().unwrap());
        }
        Gate::new(token.into(), Room::new(0, 0)).knows(&headers)
    }

    #[test]
    fn only_the_whole_token_opens() {
        assert!(knows("secret", Some("Bearer secret")));
        for shown in ["Bearer secre", "Bearer secrets", "Bearer ", "secret", "Basic secret"] {
            assert!(!knows("secret", Some(shown)), "{shown}");
        }
        assert!(!knows("secret", None));
    }

    #[test]
    fn an_empty_token_file_opens_to_nobody() {
        assert!(!knows("", Some("Bearer ")));
        assert!(!knows("", None));
    }

    #[test]
    fn only_our_own_ids_reach_the_store() {
        assert!(is_upload_id("6e2bd5c1-3f2a-4f0e-9a53-0c9f1f6f0b7a"));
        for id in ["", "..", "../state", "%2e%2e%2f", "6E2BD5C1-3F2A-4F0E-9A53-0C9F1F6F0B7A"] {
            assert!(!is_upload_id(id), "{id}");
        }
    }
}

//! What every request to the uploads passes before tus sees it: the token, the room and the places
//! that are left, and the rule that a newer request on an upload ends the older one.
//!
//! Room on the disk and places for connections are kept for small parts, so that however many large
//! uploads there are, a first minute gets through.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::Body as _;
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::COLLECTION;
use super::body::Watched;
use super::connections::{MAX_CONNECTIONS, Standing};
use super::expiring::tell_new_end;
use super::keeping::{TERMS, Terms};
use super::limits::{Room, SMALL};
use super::running::Running;

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderValue = HeaderValue::from_static("1.0.0");

/// Seconds after which a phone may look whether there is room again.
const FULL_RETRY_AFTER: HeaderValue = HeaderValue::from_static("600");
/// Seconds after which a phone may look whether a place is free.
const BUSY_RETRY_AFTER: HeaderValue = HeaderValue::from_static("30");

/// How many large bodies may be under way; the other connections are for small ones.
const LARGE_BODIES: usize = MAX_CONNECTIONS / 2;

/// What the gate knows.
pub(super) struct Gate {
    token: String,
    room: Arc<Room>,
    large: Arc<Semaphore>,
    running: Running,
    /// How many creations there were: gives each a name in `running`.
    created: AtomicU64,
}

impl Gate {
    pub(super) fn new(token: String, room: Arc<Room>) -> Self {
        let large = Arc::new(Semaphore::new(LARGE_BODIES));
        Self { token, room, large, running: Running::default(), created: AtomicU64::new(0) }
    }

    pub(super) fn running(&self) -> &Running {
        &self.running
    }

    /// A place for a request: large bodies have a share of their own, all else needs none.
    fn place(&self, terms: &Terms, body: &Body) -> Option<Option<OwnedSemaphorePermit>> {
        if terms.small || body.size_hint().upper() == Some(0) {
            return Some(None);
        }
        Arc::clone(&self.large).try_acquire_owned().ok().map(Some)
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

/// A creation is refused if what it announces would not fit: nobody begins what can't end.
async fn create(gate: Arc<Gate>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let length = number(request.headers(), "upload-length");
    let small = length.is_some_and(|length| length <= SMALL) && is_small(request.body());
    if !gate.room.fits(length.unwrap_or(0), small) {
        return later(FULL_RETRY_AFTER);
    }
    let name = format!("new {}", gate.created.fetch_add(1, Ordering::Relaxed));
    let_in(gate, name, Terms::new(true, small), request, next).await
}

/// A request that asks for or changes an upload's offset ends the write that is under way on it.
async fn write(gate: Arc<Gate>, id: String, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::HEAD | Method::PATCH | Method::POST | Method::DELETE) {
        return next.run(request).await;
    }
    let whole = request.headers().contains_key("upload-checksum");
    // The first bytes of any upload count as small: telling takes no look at its state, and who
    // means harm could as well begin small ones.
    let end = number(request.headers(), "upload-offset")
        .zip(request.body().size_hint().upper())
        .map(|(offset, length)| offset.saturating_add(length));
    let small = end.is_some_and(|end| end <= SMALL);
    let_in(gate, id, Terms::new(whole, small), request, next).await
}

/// Runs a request that may bring bytes, if there is a place for it.
async fn let_in(
    gate: Arc<Gate>,
    name: String,
    terms: Terms,
    request: Request,
    next: Next,
) -> Response {
    let stop = gate.running.begin(&name);
    let Some(place) = gate.place(&terms, request.body()) else {
        drop(stop);
        gate.running.end(&name);
        return later(BUSY_RETRY_AFTER);
    };
    if let (Some(_), Some(standing)) = (&place, request.extensions().get::<Arc<Standing>>()) {
        standing.renew(true);
    }
    let writes = request.method() != Method::HEAD;
    let request = request.map(|body| Watched::wrap(body, stop));
    to_its_end(async move {
        let mut response = TERMS.scope(terms.clone(), next.run(request)).await;
        gate.running.end(&name);
        drop(place);
        if terms.found_full() && !response.status().is_success() {
            return later(FULL_RETRY_AFTER);
        }
        if writes {
            tell_new_end(&mut response);
        }
        response
    })
    .await
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// Whether all of `body` is small; one of unknown length is not.
fn is_small(body: &Body) -> bool {
    body.size_hint().upper().is_some_and(|length| length <= SMALL)
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

fn later(seconds: HeaderValue) -> Response {
    let mut answer = refuse(StatusCode::SERVICE_UNAVAILABLE);
    answer.headers_mut().insert(header::RETRY_AFTER, seconds);
    answer
}

fn refuse(status: StatusCode) -> Response {
    (status, [(TUS_RESUMABLE, TUS_VERSION)], Body::empty()).into_response()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use bytes::Bytes;
    use futures_util::stream;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    fn knows(token: &str, shown: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(shown) = shown {
            headers.insert(header::AUTHORIZATION, shown.parse().unwrap());
        }
        gate(token).knows(&headers)
    }

    fn gate(token: &str) -> Gate {
        Gate::new(token.into(), Arc::new(Room::new(1 << 30, 0)))
    }

    /// What a server behind `gate` answers that reads bodies to their end.
    async fn answer(gate: &Arc<Gate>, method: Method, path: &str, body: Body) -> StatusCode {
        let read = |body: Body| async {
            match axum::body::to_bytes(body, usize::MAX).await {
                Ok(_) => StatusCode::NO_CONTENT,
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
            }
        };
        let router = Router::new().fallback(read).layer(from_fn_with_state(gate.clone(), pass));
        let request = axum::http::Request::builder().method(method).uri(path);
        let request = request.header("authorization", "Bearer secret").body(body).unwrap();
        TowerToHyperService::new(router).call(request).await.unwrap().status()
    }

    fn silent() -> Body {
        Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())
    }

    const UPLOAD: &str = "/uploads/6e2bd5c1-3f2a-4f0e-9a53-0c9f1f6f0b7a";

    #[tokio::test(start_paused = true)]
    async fn a_request_whose_body_falls_silent_ends_whatever_it_is() {
        let gate = Arc::new(gate("secret"));
        for (method, path) in [(Method::POST, COLLECTION), (Method::PATCH, UPLOAD)] {
            let answer = answer(&gate, method, path, silent());
            let answer = tokio::time::timeout(Duration::from_secs(3600), answer).await;
            assert_eq!(answer.unwrap(), StatusCode::INTERNAL_SERVER_ERROR);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_leave_places_for_small_ones() {
        let gate = Arc::new(gate("secret"));
        let large = gate.large.clone().acquire_many_owned(LARGE_BODIES as u32).await.unwrap();
        let long = || Body::from(vec![0; SMALL as usize + 1]);
        let patch = |body| answer(&gate, Method::PATCH, UPLOAD, body);
        assert_eq!(patch(long()).await, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(patch(silent()).await, StatusCode::SERVICE_UNAVAILABLE);
        let post = answer(&gate, Method::POST, COLLECTION, long()).await;
        assert_eq!(post, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(patch(Body::empty()).await, StatusCode::NO_CONTENT);
        drop(large);
        assert_eq!(patch(long()).await, StatusCode::NO_CONTENT);
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

//! What stands in front of a tus server in the real world, and a record of what came by.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

/// How the gate treats one request.
#[derive(Clone, Debug)]
pub(crate) enum Mood {
    /// Passes it on.
    Good,
    /// Answers in the server's place, without reading the body.
    Says(u16, Vec<(&'static str, String)>),
    /// Answers 200 with this in the server's place.
    Gives(Vec<u8>),
    /// Takes it and says nothing, for ever.
    Silent,
    /// Passes it on, and loses the answer: the connection ends without one.
    LosesAnswer,
    /// Passes it on, and takes these headers out of the answer.
    Strips(Vec<&'static str>),
    /// Passes it on, and changes a header of the answer.
    Bends(&'static str, String),
}

/// What came by.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// What the server answered, if it was asked.
    pub(crate) status: Option<u16>,
    pub(crate) answer: HeaderMap,
}

impl Seen {
    /// A number that the phone sent.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.headers.get(name)?.to_str().ok()?.parse().ok()
    }

    /// A number that the server answered.
    pub(crate) fn answered(&self, name: &str) -> Option<u64> {
        self.answer.get(name)?.to_str().ok()?.parse().ok()
    }
}

type Rule = Box<dyn FnMut(&Seen) -> Option<Mood> + Send>;

/// Plans and records.
#[derive(Default)]
pub(crate) struct Gate {
    moods: Mutex<VecDeque<(Method, Mood)>>,
    rule: Mutex<Option<Rule>>,
    seen: Mutex<Vec<Seen>>,
}

impl Gate {
    /// The next request with this method meets this mood; further ones those named later.
    pub(crate) fn next(&self, method: Method, mood: Mood) {
        self.moods.lock().unwrap().push_back((method, mood));
    }

    /// Asked for every request that no [`Gate::next`] waits for.
    pub(crate) fn rule(&self, rule: impl FnMut(&Seen) -> Option<Mood> + Send + 'static) {
        *self.rule.lock().unwrap() = Some(Box::new(rule));
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, method: &Method) -> usize {
        self.seen().iter().filter(|seen| seen.method == method).count()
    }

    /// How often an upload was asked for: POSTs that are no disguised PATCH.
    pub(crate) fn creations(&self) -> usize {
        let plain = |seen: &&Seen| !seen.headers.contains_key("x-http-method-override");
        let posts = self.seen().into_iter().filter(|seen| seen.method == Method::POST);
        posts.collect::<Vec<_>>().iter().filter(plain).count()
    }

    fn mood(&self, seen: &Seen) -> Mood {
        let mut moods = self.moods.lock().unwrap();
        if let Some(at) = moods.iter().position(|(method, _)| *method == seen.method) {
            return moods.remove(at).unwrap().1;
        }
        let mut rule = self.rule.lock().unwrap();
        rule.as_mut().and_then(|rule| rule(seen)).unwrap_or(Mood::Good)
    }
}

pub(crate) fn gated(router: Router, gate: Arc<Gate>) -> Router {
    router.layer(from_fn_with_state(gate, pass))
}

async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let mut seen = Seen {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        headers: request.headers().clone(),
        status: None,
        answer: HeaderMap::new(),
    };
    let mood = gate.mood(&seen);
    // Recorded on the way in, so that a request which dies half-way is in the list, too.
    let place = {
        let mut list = gate.seen.lock().unwrap();
        list.push(seen.clone());
        list.len() - 1
    };
    match &mood {
        Mood::Says(status, headers) => return say(*status, headers),
        Mood::Gives(body) => return Response::new(Body::from(body.clone())),
        Mood::Silent => std::future::pending().await,
        _ => {}
    }
    let mut response = next.run(request).await;
    seen.status = Some(response.status().as_u16());
    seen.answer = response.headers().clone();
    gate.seen.lock().unwrap()[place] = seen;
    match mood {
        Mood::LosesAnswer => cut(),
        Mood::Strips(names) => {
            for name in names {
                response.headers_mut().remove(name);
            }
            response
        }
        Mood::Bends(name, value) => {
            response.headers_mut().insert(name, value.parse().unwrap());
            response
        }
        _ => response,
    }
}

fn say(status: u16, headers: &[(&'static str, String)]) -> Response {
    let mut response = StatusCode::from_u16(status).unwrap().into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

/// An answer whose head can never be written: hyper closes the connection instead.
fn cut() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.version_mut() = axum::http::Version::HTTP_09;
    response
}

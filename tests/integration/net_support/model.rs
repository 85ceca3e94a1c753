//! A tus server and a network as plain data, so that the machine meets ten thousand bad days a
//! second. The model holds the promises: it panics when one is broken.

use std::collections::VecDeque;
use std::time::Duration;

use homeward_core::tus::{
    Failure, Kind, Memory, Offer, Part, Policy, Reason, Request, Response, Step, Upload,
};

/// What happens to one request.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    /// It works.
    Fine,
    /// No connection.
    Unconnected,
    /// The server gets so many percent of the body, then the connection breaks.
    CutAt(u8),
    /// The server does it all, and the answer is lost.
    AnswerLost,
    /// The phone dies before it sends.
    KilledBefore,
    /// The phone dies when the server has so many percent of the body.
    KilledAt(u8),
    /// The phone dies with the answer in hand, before it is on disk.
    KilledAfter,
    /// Somebody answers this instead, with or without `Tus-Resumable`; the server sees nothing.
    Says(u16, bool),
    /// Somebody gives this answer instead; the server sees nothing.
    Replies(Response),
    /// The answer of the server is bent on its way.
    Bent(fn(&mut Response)),
    /// The server forgets the upload first.
    Forgets,
    /// The server loses so many percent of what it has first.
    GoesBack(u8),
    /// The network is down for so many seconds first.
    Later(u16),
    /// The phone sees a cut. The network has all of the request and delivers it late: when so many
    /// more requests have come before it.
    Overtaken(u8),
}

/// One upload at the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    pub(crate) bytes: Vec<u8>,
    pub(crate) gone: bool,
    pub(crate) expires_at_ms: Option<i64>,
    /// The phone was told where it is.
    pub(crate) told: bool,
    /// The phone believes another offset: a late request has moved it, or an answer was bent.
    pub(crate) mistaken: bool,
}

/// The server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) uploads: Vec<Stored>,
    pub(crate) lifetime_ms: Option<i64>,
    pub(crate) with_upload: bool,
    /// A proxy in front passes a body on only when it has all of it.
    pub(crate) buffered: bool,
    /// A proxy in front says 413 to larger bodies.
    pub(crate) body_limit: Option<u64>,
    /// A proxy in front says 405 to PATCH.
    pub(crate) no_patch: bool,
    /// The server does not know `X-HTTP-Method-Override`.
    pub(crate) no_override: bool,
}

/// The phone, its disk, the network and the server.
pub(crate) struct World {
    pub(crate) model: Model,
    pub(crate) source: Vec<u8>,
    pub(crate) part: Part,
    pub(crate) upload: Upload,
    pub(crate) disk: Memory,
    pub(crate) now_ms: i64,
    pub(crate) fates: VecDeque<Fate>,
    pub(crate) sent: u64,
    /// Sent, and not at the server afterwards.
    pub(crate) wasted: u64,
    pub(crate) requests: Vec<Request>,
    /// Something happened that allows one more upload.
    pub(crate) excuse: bool,
    /// Requests that the network still holds, and after how many more it lets them go.
    late: Vec<(u8, Request)>,
    policy: Policy,
    offer: Offer,
}

impl World {
    pub(crate) fn new(bytes: usize, model: Model) -> Self {
        let part = Part {
            endpoint: "https://desk.test/files".into(),
            id: "c0ffee".into(),
            bytes: bytes as u64,
        };
        let offer = Offer { with_upload: model.with_upload, ..Offer::default() };
        let upload = Upload::new(part.clone(), Memory::default(), offer, policy());
        Self {
            model,
            source: super::part_bytes(9, bytes),
            part,
            upload,
            disk: Memory::default(),
            now_ms: 1_800_000_000_000,
            fates: VecDeque::new(),
            sent: 0,
            wasted: 0,
            requests: Vec::new(),
            excuse: true,
            late: Vec::new(),
            policy: policy(),
            offer,
        }
    }

    /// The same, with what will happen to the first requests.
    pub(crate) fn with_fates(mut self, fates: impl IntoIterator<Item = Fate>) -> Self {
        self.fates = fates.into_iter().collect();
        self
    }

    /// The requests so far, by what they were for.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        self.requests.iter().map(|request| request.kind).collect()
    }

    /// Where each PATCH began, and how long it was.
    pub(crate) fn patches(&self) -> Vec<(u64, u64)> {
        let sends = self.requests.iter().filter(|request| request.kind == Kind::Send);
        sends.filter_map(|request| request.body).map(|body| (body.offset, body.bytes)).collect()
    }

    /// Goes on until nothing is left to do, with a perfect network once the fates are used up.
    pub(crate) fn run(&mut self) -> Step {
        for _ in 0..20_000 {
            if let Some(end) = self.step() {
                return end;
            }
        }
        panic!("no end: {:?}", self.upload);
    }

    /// One turn of the wheel. `Some` at the end.
    pub(crate) fn step(&mut self) -> Option<Step> {
        match self.upload.next_request(self.now_ms) {
            Step::Save => {
                let json = serde_json::to_string(self.upload.memory()).unwrap();
                self.disk = serde_json::from_str(&json).unwrap();
                self.upload.saved();
            }
            Step::Wait { until_ms, .. } => {
                assert!(until_ms > self.now_ms, "a wait into the past");
                self.now_ms = until_ms;
            }
            Step::Request(request) => {
                self.check(&request);
                let fate = self.fates.pop_front().unwrap_or(Fate::Fine);
                self.now_ms += 20;
                self.meet(&request, fate);
            }
            end => return Some(end),
        }
        None
    }

    /// A new process: all it knows is on disk.
    pub(crate) fn restart(&mut self) {
        let (part, memory) = (self.part.clone(), self.disk.clone());
        self.upload = Upload::new(part, memory, self.offer, self.policy.clone());
    }

    fn check(&mut self, request: &Request) {
        assert_eq!(self.upload.memory(), &self.disk, "acted before it was on disk");
        assert!(self.now_ms >= self.disk.not_before_ms, "did not wait");
        assert!(self.disk.posted, "sent without a stored intent");
        self.requests.push(request.clone());
        if request.kind == Kind::Send {
            let range = request.body.unwrap();
            let seen = self.at(request).filter(|stored| !stored.mistaken);
            let kept = seen.map_or(0, |stored| stored.bytes.len() as u64);
            assert!(range.offset >= kept, "byte {} again, {kept} are kept", range.offset);
            assert!(range.bytes > 0 && range.offset + range.bytes <= self.part.bytes);
        }
    }

    fn meet(&mut self, request: &Request, fate: Fate) {
        self.deliver_late();
        match fate {
            Fate::Fine => self.serve(request),
            Fate::Forgets => {
                self.excuse |= !self.model.uploads.is_empty();
                self.model.uploads.iter_mut().for_each(|stored| stored.gone = true);
                self.serve(request);
            }
            Fate::GoesBack(percent) => {
                for stored in &mut self.model.uploads {
                    let left = share(stored.bytes.len(), percent);
                    self.wasted += (stored.bytes.len() - left) as u64;
                    stored.bytes.truncate(left);
                }
                self.serve(request);
            }
            Fate::Later(seconds) => {
                self.now_ms += i64::from(seconds) * 1000;
                self.fail(Failure::NotConnected(Reason::NoNetwork));
            }
            Fate::Overtaken(by) => {
                self.excuse |= request.kind == Kind::Create;
                self.waste(request);
                self.late.push((by, request.clone()));
                self.fail(Failure::Cut);
            }
            Fate::Unconnected => self.fail(Failure::NotConnected(Reason::ServerUnreachable)),
            Fate::CutAt(percent) => {
                self.swallow(request, percent);
                self.fail(Failure::Cut);
            }
            Fate::AnswerLost => {
                self.answer(request);
                self.excuse |= request.kind == Kind::Create;
                self.fail(Failure::Cut);
            }
            Fate::Says(status, tus) => {
                let response = Response { status, tus, ..Response::default() };
                self.meet(request, Fate::Replies(response));
            }
            Fate::Replies(response) => {
                self.waste(request);
                self.upload.on_response(&response, self.now_ms);
            }
            Fate::Bent(bend) => self.serve_bent(request, bend),
            Fate::KilledBefore => self.kill(request),
            Fate::KilledAt(percent) => {
                self.swallow(request, percent);
                self.kill(request);
            }
            Fate::KilledAfter => {
                self.serve(request);
                self.kill(request);
            }
        }
    }

    fn serve(&mut self, request: &Request) {
        let response = self.answer(request);
        self.tell(request, &response);
        self.upload.on_response(&response, self.now_ms);
    }

    /// Like [`Self::serve`], but the answer that arrives is another one.
    fn serve_bent(&mut self, request: &Request, bend: fn(&mut Response)) {
        let mut response = self.answer(request);
        self.tell(request, &response);
        let (told, now_ms) = (response.offset, self.now_ms);
        bend(&mut response);
        if let (true, Some(stored)) = (response.offset != told, self.live(request, now_ms)) {
            stored.mistaken = true;
        }
        self.upload.on_response(&response, self.now_ms);
    }

    /// The phone gets to know what a good answer says.
    fn tell(&mut self, request: &Request, response: &Response) {
        let (now_ms, created) = (self.now_ms, self.model.uploads.len().checked_sub(1));
        if request.kind == Kind::Create && response.status == 201 {
            if let Some(stored) = created.and_then(|at| self.model.uploads.get_mut(at)) {
                stored.told = true;
            }
        } else if let (Some(_), Some(stored)) = (response.offset, self.live(request, now_ms)) {
            stored.mistaken = false;
        }
    }

    /// What was overtaken by enough others arrives at the server. Nobody waits for its answer.
    fn deliver_late(&mut self) {
        for (left, request) in std::mem::take(&mut self.late) {
            if left > 0 {
                self.late.push((left - 1, request));
                continue;
            }
            let bytes = request.body.map_or(0, |range| range.bytes);
            self.sent -= bytes;
            self.wasted -= bytes;
            let (excuse, now_ms) = (self.excuse, self.now_ms);
            self.excuse = true;
            let response = self.answer(&request);
            self.excuse = excuse;
            let moved = request.kind == Kind::Send && response.status == 204;
            if let Some(stored) = self.live(&request, now_ms).filter(|_| moved) {
                stored.mistaken = true;
            }
        }
    }

    /// All that holds however bad the day was. Panics where one does not.
    pub(crate) fn assert_promises(&self) {
        let starts = self.upload.memory().starts;
        let causes = starts.lost_answer + starts.gone + starts.expired;
        let told = self.model.uploads.iter().filter(|stored| stored.told);
        assert!(told.clone().count() <= 1 + causes as usize, "uploads without a cause: {starts:?}");
        let others =
            starts.moved + starts.missing + starts.mirror + starts.key_lost + starts.person;
        assert_eq!(others, 0, "a cause that cannot be: {starts:?}");
        let posts = self.requests.iter().filter(|request| request.kind == Kind::Create);
        assert!(self.model.uploads.len() <= posts.clone().count());
        let most = self.policy.create_max;
        for body in posts.filter_map(|post| post.body) {
            assert!(body.bytes <= most, "{} bytes may be lost with an answer", body.bytes);
        }
        let mut again = 0;
        for twin in self.model.uploads.iter().filter(|stored| !stored.told) {
            assert!(twin.bytes.len() as u64 <= most, "{} bytes twice", twin.bytes.len());
            again += twin.bytes.len() as u64;
        }
        let told: u64 = told.map(|stored| stored.bytes.len() as u64).sum();
        assert_eq!(self.sent, told + again + self.wasted, "bytes went nowhere");
    }

    fn fail(&mut self, failure: Failure) {
        self.upload.on_failure(failure, self.now_ms);
    }

    fn kill(&mut self, request: &Request) {
        self.excuse |= request.kind == Kind::Create;
        self.restart();
    }

    fn waste(&mut self, request: &Request) {
        let bytes = request.body.map_or(0, |range| range.bytes);
        self.sent += bytes;
        self.wasted += bytes;
    }

    /// The server gets a part of the request.
    fn swallow(&mut self, request: &Request, percent: u8) {
        self.excuse |= request.kind == Kind::Create;
        let Some(range) = request.body else { return };
        let bytes = share(range.bytes as usize, percent);
        self.sent += range.bytes;
        self.wasted += range.bytes;
        if request.kind == Kind::Send && !self.model.buffered {
            let piece = self.piece(range.offset, bytes as u64);
            let now_ms = self.now_ms;
            if let Some(stored) = self.live(request, now_ms)
                && stored.bytes.len() as u64 == range.offset
            {
                stored.bytes.extend(piece);
                self.wasted -= bytes as u64;
            }
        }
    }

    fn piece(&self, offset: u64, bytes: u64) -> Vec<u8> {
        self.source[offset as usize..(offset + bytes) as usize].to_vec()
    }

    fn at(&self, request: &Request) -> Option<&Stored> {
        let number: usize = request.url.rsplit('/').next()?.parse().ok()?;
        self.model.uploads.get(number)
    }

    fn live(&mut self, request: &Request, now_ms: i64) -> Option<&mut Stored> {
        let number: usize = request.url.rsplit('/').next()?.parse().ok()?;
        let stored = self.model.uploads.get_mut(number)?;
        let expired = stored.expires_at_ms.is_some_and(|at| at <= now_ms);
        (!stored.gone && !expired).then_some(stored)
    }

    /// What a good server answers.
    fn answer(&mut self, request: &Request) -> Response {
        let body = request.body.map_or(0, |range| range.bytes);
        if self.model.body_limit.is_some_and(|limit| body > limit) {
            self.waste(request);
            return Response { status: 413, ..Response::default() };
        }
        match request.kind {
            Kind::Create => self.created(request),
            Kind::Ask => self.asked(request),
            Kind::Send => self.patched(request),
        }
    }

    fn created(&mut self, request: &Request) -> Response {
        let expiring = |stored: &Stored| {
            let margin = self.policy.expiry_margin.as_millis() as i64;
            stored.expires_at_ms.is_some_and(|at| at <= self.now_ms + margin)
        };
        let in_use = self.model.uploads.iter().rev().find(|stored| stored.told);
        let cause = self.excuse || in_use.is_some_and(expiring);
        assert!(cause, "a further upload without a cause: {:?}", self.requests);
        self.excuse = false;
        let expires_at_ms = self.model.lifetime_ms.map(|lifetime| self.now_ms + lifetime);
        let mut stored = Stored { expires_at_ms, ..Stored::default() };
        if let Some(range) = request.body {
            self.sent += range.bytes;
            stored.bytes = self.piece(0, range.bytes);
        }
        let offset = request.body.map(|_| stored.bytes.len() as u64);
        let location = Some(format!("/files/{}", self.model.uploads.len()));
        let expires_in_ms = self.model.lifetime_ms;
        self.model.uploads.push(stored);
        Response { status: 201, tus: true, location, offset, expires_in_ms, ..Response::default() }
    }

    fn asked(&mut self, request: &Request) -> Response {
        let (now_ms, length) = (self.now_ms, Some(self.part.bytes));
        match self.live(request, now_ms) {
            Some(stored) => Response {
                status: 200,
                tus: true,
                offset: Some(stored.bytes.len() as u64),
                length,
                expires_in_ms: stored.expires_at_ms.map(|at| at - now_ms),
                ..Response::default()
            },
            None => self.gone(),
        }
    }

    fn patched(&mut self, request: &Request) -> Response {
        let disguised = request.headers.iter().any(|(name, _)| *name == "X-HTTP-Method-Override");
        self.waste(request);
        if self.model.no_patch && !disguised {
            return Response { status: 405, ..Response::default() };
        }
        if self.model.no_override && disguised {
            return Response { status: 404, tus: true, ..Response::default() };
        }
        let range = request.body.unwrap();
        let piece = self.piece(range.offset, range.bytes);
        let now_ms = self.now_ms;
        let Some(stored) = self.live(request, now_ms) else { return self.gone() };
        if stored.bytes.len() as u64 != range.offset {
            return Response { status: 409, tus: true, ..Response::default() };
        }
        stored.bytes.extend(piece);
        let offset = Some(stored.bytes.len() as u64);
        self.wasted -= range.bytes;
        Response { status: 204, tus: true, offset, ..Response::default() }
    }

    fn gone(&mut self) -> Response {
        self.excuse = true;
        Response { status: 404, tus: true, ..Response::default() }
    }
}

fn share(bytes: usize, percent: u8) -> usize {
    bytes * usize::from(percent.min(100)) / 100
}

/// Everything a thousand times smaller.
pub(crate) fn policy() -> Policy {
    Policy {
        create_max: 64,
        patch_first: 256,
        patch_min: 64,
        patch_max: 8192,
        backoff_base: Duration::from_secs(2),
        backoff_max: Duration::from_secs(60),
        expiry_margin: Duration::from_secs(15),
        ..Policy::default()
    }
}

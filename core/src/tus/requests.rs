//! The three requests of the protocol, as the machine's state says.

use data_encoding::BASE64;

use super::upload::{Sent, Upload, VERSION};
use super::{Kind, Method, Range, Request};

impl Upload {
    pub(super) fn create(&self) -> Request {
        let mut headers = vec![
            ("Tus-Resumable", VERSION.into()),
            ("Upload-Length", self.part.bytes.to_string()),
            ("Upload-Metadata", format!("part {}", BASE64.encode(self.part.id.as_bytes()))),
        ];
        let mut body = None;
        if self.carries_body() {
            headers.push(("Content-Type", OFFSET_STREAM.into()));
            body = Some(Range { offset: 0, bytes: self.part.bytes });
        }
        let url = self.detour.clone().unwrap_or_else(|| self.part.endpoint.clone());
        let checksum = body.is_some() && self.offer.checksum;
        Request { kind: Kind::Create, method: Method::Post, url, headers, body, checksum }
    }

    /// Whether the POST brings the whole part along: one round trip for the first minute. Only
    /// for small parts, because all of it is sent again when the answer is lost.
    pub(super) fn carries_body(&self) -> bool {
        self.offer.with_upload
            && !self.memory.plain_create
            && (1..=self.policy.create_max).contains(&self.part.bytes)
    }

    pub(super) fn ask(&self) -> Request {
        Request {
            kind: Kind::Ask,
            method: Method::Head,
            url: self.upload_url(),
            headers: vec![("Tus-Resumable", VERSION.into())],
            body: None,
            checksum: false,
        }
    }

    pub(super) fn send(&mut self, now_ms: i64) -> Request {
        let offset = self.memory.offset;
        let bytes = self.patch_bytes().min(self.part.bytes - offset);
        let range = Range { offset, bytes };
        self.sent = Some(Sent { range, at_ms: now_ms });
        let mut headers = vec![
            ("Tus-Resumable", VERSION.into()),
            ("Upload-Offset", offset.to_string()),
            ("Content-Type", OFFSET_STREAM.into()),
        ];
        let method = if self.memory.override_patch {
            headers.push(("X-HTTP-Method-Override", "PATCH".into()));
            Method::Post
        } else {
            Method::Patch
        };
        let url = self.upload_url();
        Request { kind: Kind::Send, method, url, headers, body: Some(range), checksum: false }
    }

    pub(super) fn upload_url(&self) -> String {
        self.detour.clone().or_else(|| self.memory.url.clone()).unwrap_or_default()
    }
}

/// The one content type of tus.
const OFFSET_STREAM: &str = "application/offset+octet-stream";

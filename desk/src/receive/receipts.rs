//! Hands out receipts. An address is told only inside a seal, so it opens its receipt without a
//! token; a file is sealed to the one phone that can read it.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::routing::get;
use homeward_core::ReceiptAddress;

type Answer = Result<([(HeaderName, HeaderValue); 1], Vec<u8>), StatusCode>;

/// The routes of the receipts that lie in `folder`.
pub(super) fn router(folder: PathBuf) -> Router {
    Router::new().route("/receipts/{address}", get(hand_out)).with_state(Arc::new(folder))
}

async fn hand_out(State(folder): State<Arc<PathBuf>>, Path(address): Path<String>) -> Answer {
    // Only the text of an address becomes a file name: hex of one length, no path.
    let address: ReceiptAddress = address.parse().map_err(|_| StatusCode::NOT_FOUND)?;
    let bytes = tokio::fs::read(folder.join(address.to_string())).await;
    let bytes = bytes.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    })?;
    let kind = HeaderValue::from_static("application/octet-stream");
    Ok(([(header::CONTENT_TYPE, kind)], bytes))
}

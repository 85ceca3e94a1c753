//! What was learnt about a server: that it takes no body with the POST. Everything else is expected
//! of it ([`Offer::EXPECTED`]) and never asked for: a question would cost the first minute a round
//! trip, and the answer to the first small part tells the same.

use rusqlite::{Connection, OptionalExtension};

use crate::error::Result;
use crate::ids::Fingerprint;
use crate::tus::Offer;

/// So long a server is taken to be as it was found.
const STAYS_MS: i64 = 30 * 24 * 3_600_000;

/// What to expect of a server at `now_ms`.
pub(super) fn offer(
    connection: &Connection,
    server: Fingerprint,
    place: u32,
    now_ms: i64,
) -> Result<Offer> {
    let learnt: Option<i64> = connection
        .query_row(
            "SELECT learnt_at FROM plain_server WHERE server = ?1 AND place = ?2",
            (server.as_bytes(), place),
            |row| row.get(0),
        )
        .optional()?;
    let plain = learnt.is_some_and(|at| (at..at.saturating_add(STAYS_MS)).contains(&now_ms));
    Ok(if plain { Offer::default() } else { Offer::EXPECTED })
}

/// Remembers that the server took no body with a POST.
pub(super) fn note_plain(
    connection: &Connection,
    server: Fingerprint,
    place: u32,
    now_ms: i64,
) -> Result<()> {
    connection.execute(
        "INSERT OR REPLACE INTO plain_server (server, place, learnt_at) VALUES (?1, ?2, ?3)",
        (server.as_bytes(), place, now_ms),
    )?;
    Ok(())
}

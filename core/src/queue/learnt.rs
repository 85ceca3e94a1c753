//! What was learnt about a server: that it takes no body with the POST. Everything else is expected
//! of it ([`Offer::EXPECTED`]) and never asked for: a question would cost the first minute a round
//! trip, and the answer to the first small part tells the same.

use rusqlite::OptionalExtension;

use super::rows::PartRow;
use crate::error::Result;
use crate::store::Store;
use crate::tus::Offer;

/// So long a server is taken to be as it was found.
const STAYS_MS: i64 = 30 * 24 * 3_600_000;

/// What to expect of the server that a part is on its way to.
pub(super) fn of(store: &Store, part: &PartRow) -> Result<Offer> {
    let now_ms = store.now().unix_ms;
    let learnt = store.read_outboxes(|connection, _| {
        let sql = "SELECT learnt_at FROM plain_server WHERE server = ?1 AND place = ?2";
        let place = (part.server.as_bytes(), part.place);
        Ok(connection.query_row(sql, place, |row| row.get::<_, i64>(0)).optional()?)
    })?;
    let still = |at: &i64| (*at..at.saturating_add(STAYS_MS)).contains(&now_ms);
    let is_plain = learnt.iter().flatten().any(still);
    Ok(if is_plain { Offer::default() } else { Offer::EXPECTED })
}

/// Remembers that the server which the part is on its way to took no body with a POST.
pub(super) fn note_plain(store: &Store, part: &PartRow) -> Result<()> {
    let now_ms = store.now().unix_ms;
    store.write_outboxes(|transaction, _| {
        let sql =
            "INSERT OR REPLACE INTO plain_server (server, place, learnt_at) VALUES (?1, ?2, ?3)";
        transaction.execute(sql, (part.server.as_bytes(), part.place, now_ms))?;
        Ok(())
    })
}

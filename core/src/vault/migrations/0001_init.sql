-- Homeward's home, version 1. Each column says whether it is in clear, wrapped or sealed;
-- docs/formats/vault.md says how.

CREATE TABLE keyring (
    --- 'vault' or 'outbox'.
    slot TEXT NOT NULL PRIMARY KEY,
    --- Counts the device keys that the slot has had.
    generation INTEGER NOT NULL,
    --- The key, wrapped by the device; the vault key under a passphrase is sealed before that.
    wrapped BLOB NOT NULL,
    --- In clear: derived from the key, and tells whether what the device gives is this key.
    proof BLOB NOT NULL,
    --- From this generation on device keys must be destroyed: what they wrapped was replaced.
    --- NULL: none.
    stale INTEGER
) STRICT;

CREATE TABLE passphrase (
    --- At most one row. If there is one, the vault opens with the passphrase only.
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    --- Argon2id's salt and costs, in clear; range-checked when read.
    salt BLOB NOT NULL,
    memory_kib INTEGER NOT NULL,
    passes INTEGER NOT NULL,
    --- Wrong tries since the last right one; written before each try. With a check in the upper
    --- half.
    tries INTEGER NOT NULL,
    --- So many wrong tries destroy the vault's device key. NULL: the person did not ask for it.
    try_limit INTEGER
) STRICT;

CREATE TABLE intake (
    --- At most one row.
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    --- The age identities that open what came while the vault was closed; sealed under the vault
    --- key.
    identity BLOB NOT NULL
) STRICT;

CREATE TABLE report (
    --- The list of reports reads this table only. One row per draft or sent report.
    --- In clear: the hash of the report's verify key.
    id BLOB NOT NULL PRIMARY KEY,
    --- In clear: grows with each write; what is sealed below is bound to it.
    version INTEGER NOT NULL,
    --- The report key, sealed under the vault key.
    key BLOB NOT NULL,
    --- Title, progress, times, and the version and hash of the draft row; sealed under the vault key.
    head BLOB NOT NULL
) STRICT;

CREATE TABLE draft (
    --- In clear: the report's id.
    id BLOB NOT NULL PRIMARY KEY,
    --- In clear: grows with each write.
    version INTEGER NOT NULL,
    --- Seed, answers, media and what was sent; sealed under the report key.
    body BLOB NOT NULL
) STRICT;

CREATE TABLE medium (
    --- Which files the reports hold, so that a file nobody holds can be swept.
    --- In clear: the medium's random id, also its name in the blobs folder.
    id BLOB NOT NULL PRIMARY KEY,
    --- In clear: the report's id.
    report BLOB NOT NULL
) STRICT;

CREATE TABLE part (
    --- The outbox: one row per sealed part. A row leaves only with its report.
    --- In clear: the part's random id, also the name of its ciphertext in the spool.
    id BLOB NOT NULL PRIMARY KEY,
    --- In clear: grows with each part, the order of sealing.
    number INTEGER NOT NULL UNIQUE,
    --- In clear: the fingerprint of the organisation, which names the server.
    server BLOB NOT NULL,
    --- In clear: which of the organisation's servers the part is on its way to; 0, or the number of
    --- a mirror.
    place INTEGER NOT NULL,
    --- In clear: lower leaves first.
    urgency INTEGER NOT NULL,
    --- In clear: the length of the ciphertext.
    bytes INTEGER NOT NULL,
    --- In clear: 1 if the part waits for a network that costs nothing.
    wifi_only INTEGER NOT NULL,
    --- In clear: 'waiting', 'stored', 'opened' or 'parked'.
    state TEXT NOT NULL,
    --- In clear: the message id that says why the part waits or is parked.
    reason TEXT,
    --- In clear: how many bytes the server has acknowledged.
    sent INTEGER NOT NULL,
    --- In clear: not before this, in Unix milliseconds.
    next_try_at INTEGER NOT NULL,
    --- In clear: grows with each write of what is sealed below.
    version INTEGER NOT NULL,
    --- Report, kind, audiences, hash and upload URL; sealed under the queue key.
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE plain_server (
    --- Servers that take no body with the POST that makes an upload.
    --- In clear: the fingerprint of the organisation.
    server BLOB NOT NULL,
    --- In clear: 0, or the number of a mirror.
    place INTEGER NOT NULL,
    --- In clear: when that was found, in Unix milliseconds.
    learnt_at INTEGER NOT NULL,
    PRIMARY KEY (server, place)
) STRICT;

CREATE TABLE abandoned (
    --- Uploads that were begun and that nobody needs any more; their servers are told once.
    --- In clear: random.
    id BLOB NOT NULL PRIMARY KEY,
    --- The upload URL and the number of its server; sealed under the queue key.
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE receipt (
    --- What is known of a report's receipt. One row per report that was sent.
    --- In clear: random, so that no receipt is linked to a report's id without the queue key.
    id BLOB NOT NULL PRIMARY KEY,
    --- In clear: the fingerprint of the organisation.
    server BLOB NOT NULL,
    --- In clear: when it was last looked for, in Unix milliseconds.
    asked_at INTEGER NOT NULL,
    --- In clear: grows with each write.
    version INTEGER NOT NULL,
    --- Report, receipt address and identity, and the last receipt; sealed under the queue key.
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE report (
    --- The report's id, in clear: the hash of a key, it tells nothing.
    id TEXT NOT NULL PRIMARY KEY,
    --- Grows with each write of the row; part of what its cells are sealed to. In clear.
    version INTEGER NOT NULL,
    --- The report's own key, sealed under the casebook key. Without it the report is gone.
    key BLOB NOT NULL,
    --- Everything that is known of the report, JSON sealed under the report's own key.
    body BLOB NOT NULL
) STRICT;

CREATE TABLE upload (
    --- An upload's name in the store, in clear. One that is here is never opened again.
    id TEXT NOT NULL PRIMARY KEY,
    --- The report that it is a part of.
    report TEXT NOT NULL REFERENCES report (id) ON DELETE CASCADE
) STRICT;

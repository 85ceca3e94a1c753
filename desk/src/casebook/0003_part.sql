CREATE TABLE part (
    --- The upload that the part was opened from, in clear.
    upload TEXT NOT NULL PRIMARY KEY,
    --- The report that it is a part of.
    report TEXT NOT NULL REFERENCES report (id) ON DELETE CASCADE,
    --- Its place in the order of opening, from 1 without gaps; part of what its cell is sealed to.
    number INTEGER NOT NULL,
    --- Everything that is known of the part, its words too, JSON sealed under the report's own key.
    body BLOB NOT NULL,
    UNIQUE (report, number)
) STRICT;

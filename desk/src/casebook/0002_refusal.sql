CREATE TABLE refusal (
    --- The hash of the name of an upload that is not taken, in clear.
    upload TEXT NOT NULL,
    --- Why, a message id. What is here is in the log, and not told there again.
    reason TEXT NOT NULL,
    PRIMARY KEY (upload, reason)
) STRICT;

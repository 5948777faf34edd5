-- Which mails were accepted. To whom they go and what they say is sealed in their jobs, and forgotten with their end.
CREATE TABLE mails (
    id BLOB NOT NULL PRIMARY KEY,
    job_id BLOB NOT NULL UNIQUE,
    purpose TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    -- When it was sent or given up.
    ended_at INTEGER
) STRICT;

CREATE INDEX mails_waiting ON mails (accepted_at) WHERE ended_at IS NULL;
CREATE INDEX mails_by_end ON mails (ended_at) WHERE ended_at IS NOT NULL;

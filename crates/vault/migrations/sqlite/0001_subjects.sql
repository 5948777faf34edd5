-- People whose faces and papers are processed, each with the key that all of it is sealed under.
CREATE TABLE subjects (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL,
    -- HMAC-SHA-256 of the account's own name for the subject, under the look-up key; none where it has no name.
    reference_hash BLOB,
    -- The data key, sealed by the keyring.
    wrapped_key BLOB NOT NULL,
    -- Which key of the keyring sealed it.
    kid TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, reference_hash)
) STRICT;

CREATE INDEX subjects_by_kid ON subjects (kid, id);

-- Who was erased. A row of subjects that comes back, from a backup say, stays without effect.
CREATE TABLE tombstones (
    subject_id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL,
    erased_at INTEGER NOT NULL
) STRICT;

-- The one key under which references are hashed, sealed by the keyring. Made once, only its wrapping changes.
CREATE TABLE lookup_key (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    wrapped_key BLOB NOT NULL,
    kid TEXT NOT NULL
) STRICT;

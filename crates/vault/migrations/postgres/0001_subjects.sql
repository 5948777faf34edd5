-- People whose faces and papers are processed, each with the key that all of it is sealed under.
CREATE TABLE subjects (
    id UUID NOT NULL CONSTRAINT "subjects.id" PRIMARY KEY,
    account_id UUID NOT NULL,
    -- HMAC-SHA-256 of the account's own name for the subject, under the look-up key; none where it has no name.
    reference_hash BYTEA,
    -- The data key, sealed by the keyring.
    wrapped_key BYTEA NOT NULL,
    -- Which key of the keyring sealed it.
    kid TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT "subjects.account_id, subjects.reference_hash" UNIQUE (account_id, reference_hash)
);

CREATE INDEX subjects_by_kid ON subjects (kid, id);

-- Who was erased. A row of subjects that comes back, from a backup say, stays without effect.
CREATE TABLE tombstones (
    subject_id UUID NOT NULL CONSTRAINT "tombstones.subject_id" PRIMARY KEY,
    account_id UUID NOT NULL,
    erased_at BIGINT NOT NULL
);

-- The one key under which references are hashed, sealed by the keyring. Made once, only its wrapping changes.
CREATE TABLE lookup_key (
    id BIGINT NOT NULL CONSTRAINT "lookup_key.id" PRIMARY KEY CHECK (id = 1),
    wrapped_key BYTEA NOT NULL,
    kid TEXT NOT NULL
);

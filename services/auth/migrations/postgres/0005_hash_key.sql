-- The one key under which what could be guessed is hashed, sealed by the keyring. Made once, only its sealing changes.
CREATE TABLE hash_key (
    id BIGINT NOT NULL CONSTRAINT "hash_key.id" PRIMARY KEY CHECK (id = 1),
    sealed_key BYTEA NOT NULL,
    -- Which key of the keyring sealed it.
    kid TEXT NOT NULL
);

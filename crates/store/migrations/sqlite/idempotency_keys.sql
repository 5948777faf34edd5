-- Requests that are done once, however often they are sent. Keys and bodies are kept as SHA-256 only.
CREATE TABLE idempotency_keys (
    account_id BLOB NOT NULL,
    operation TEXT NOT NULL,
    key_hash BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    -- Who is at it, and until when nobody else may be.
    claim BLOB NOT NULL,
    claim_until INTEGER NOT NULL,
    -- What it made; none while it runs.
    resource_id TEXT,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, operation, key_hash)
) STRICT;

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- Requests that are done once, however often they are sent. Keys and bodies are kept as SHA-256 only.
CREATE TABLE idempotency_keys (
    account_id UUID NOT NULL,
    operation TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    fingerprint BYTEA NOT NULL,
    -- Who is at it, and until when nobody else may be.
    claim UUID NOT NULL,
    claim_until BIGINT NOT NULL,
    -- What it made; none while it runs.
    resource_id TEXT,
    expires_at BIGINT NOT NULL,
    CONSTRAINT "idempotency_keys.account_id, idempotency_keys.operation, idempotency_keys.key_hash" PRIMARY KEY (account_id, operation, key_hash)
);

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

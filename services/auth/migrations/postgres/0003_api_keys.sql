-- Keys that were revoked or expired stay for 90 days, for the reports about their use.

CREATE TABLE api_keys (
    id UUID CONSTRAINT "api_keys.id" PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id),
    user_id UUID NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    secret_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
);

CREATE INDEX api_keys_by_account ON api_keys (account_id, created_at DESC, id DESC) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_by_creation ON api_keys (account_id, created_at);
CREATE INDEX api_keys_by_user ON api_keys (user_id) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_by_revocation ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_keys_by_expiry ON api_keys (expires_at) WHERE expires_at IS NOT NULL;

-- A program that signed itself up has a user of its own, which cannot log in.
ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'program'));

-- Programs that sign their requests. Those that were revoked or expired stay for 90 days, for the reports about their use.
CREATE TABLE api_clients (
    id BLOB PRIMARY KEY NOT NULL,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    algorithm TEXT NOT NULL CHECK (algorithm IN ('hmac-sha256', 'ed25519')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE INDEX api_clients_by_account ON api_clients (account_id, created_at DESC, id DESC) WHERE revoked_at IS NULL;
CREATE INDEX api_clients_by_creation ON api_clients (account_id, created_at);
CREATE INDEX api_clients_by_user ON api_clients (user_id);
CREATE INDEX api_clients_by_revocation ON api_clients (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_clients_by_expiry ON api_clients (expires_at) WHERE expires_at IS NOT NULL;

-- What they sign with. The material is a secret sealed by the keyring's key `sealed_by`, or a public key.
CREATE TABLE api_client_keys (
    id BLOB PRIMARY KEY NOT NULL,
    client_id BLOB NOT NULL REFERENCES api_clients (id) ON DELETE CASCADE,
    material BLOB NOT NULL,
    sealed_by TEXT,
    created_at INTEGER NOT NULL,
    ends_at INTEGER
) STRICT;

-- A client has two keys at most: the newest, which has no end, and the one before it.
CREATE UNIQUE INDEX api_client_keys_by_client ON api_client_keys (client_id, (ends_at IS NULL));
CREATE INDEX api_client_keys_by_seal ON api_client_keys (sealed_by, id) WHERE sealed_by IS NOT NULL;
CREATE INDEX api_client_keys_by_end ON api_client_keys (ends_at) WHERE ends_at IS NOT NULL;

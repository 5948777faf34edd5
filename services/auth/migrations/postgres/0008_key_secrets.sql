-- A key has up to two secrets: the newest, made with the key or at `rotated_at`, and the one before it, until its end.
ALTER TABLE api_keys ADD COLUMN rotated_at BIGINT;
ALTER TABLE api_keys ADD COLUMN old_secret_hash BYTEA;
ALTER TABLE api_keys ADD COLUMN old_secret_created_at BIGINT;
ALTER TABLE api_keys ADD COLUMN old_secret_ends_at BIGINT;

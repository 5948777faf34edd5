-- What the login said it was, and when the session was last refreshed.
ALTER TABLE sessions ADD COLUMN user_agent TEXT;
ALTER TABLE sessions ADD COLUMN refreshed_at INTEGER;

-- Tokens that a new password may be set with. Rows stay for an hour, used or not: requests are counted by them.
CREATE TABLE password_resets (
    hash BLOB PRIMARY KEY NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

CREATE INDEX password_resets_by_user ON password_resets (user_id, created_at);
CREATE INDEX password_resets_by_creation ON password_resets (created_at);

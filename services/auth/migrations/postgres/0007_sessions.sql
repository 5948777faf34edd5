-- What the login said it was, and when the session was last refreshed.
ALTER TABLE sessions ADD COLUMN user_agent TEXT;
ALTER TABLE sessions ADD COLUMN refreshed_at BIGINT;

-- Tokens that a new password may be set with. Rows stay for an hour, used or not: requests are counted by them.
CREATE TABLE password_resets (
    hash BYTEA CONSTRAINT "password_resets.hash" PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX password_resets_by_user ON password_resets (user_id, created_at);
CREATE INDEX password_resets_by_creation ON password_resets (created_at);

-- The cookies of sessions that browsers keep; the others have tokens.
CREATE TABLE session_cookies (
    hash BLOB PRIMARY KEY NOT NULL,
    session_id BLOB NOT NULL UNIQUE REFERENCES sessions (id) ON DELETE CASCADE
) STRICT;

-- When the user was last seen to read mail to the address; none: it is only what somebody typed.
ALTER TABLE users ADD COLUMN email_verified_at INTEGER;

-- Who a user is to an OpenID provider: `sub` is unique and never given to somebody else within one issuer.
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT;

CREATE INDEX identities_by_user ON identities (user_id);

-- Sign-ins that came back from a provider, until they would be too old anyway: none comes back twice.
CREATE TABLE oidc_returns (
    state_hash BLOB PRIMARY KEY NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX oidc_returns_by_expiry ON oidc_returns (expires_at);

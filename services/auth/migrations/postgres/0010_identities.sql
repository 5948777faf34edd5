-- The cookies of sessions that browsers keep; the others have tokens.
CREATE TABLE session_cookies (
    hash BYTEA CONSTRAINT "session_cookies.hash" PRIMARY KEY,
    session_id UUID NOT NULL CONSTRAINT "session_cookies.session_id" UNIQUE REFERENCES sessions (id) ON DELETE CASCADE
);

-- When the user was last seen to read mail to the address; none: it is only what somebody typed.
ALTER TABLE users ADD COLUMN email_verified_at BIGINT;

-- Who a user is to an OpenID provider: `sub` is unique and never given to somebody else within one issuer.
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    CONSTRAINT "identities.issuer, identities.subject" PRIMARY KEY (issuer, subject)
);

CREATE INDEX identities_by_user ON identities (user_id);

-- Sign-ins that came back from a provider, until they would be too old anyway: none comes back twice.
CREATE TABLE oidc_returns (
    state_hash BYTEA CONSTRAINT "oidc_returns.state_hash" PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX oidc_returns_by_expiry ON oidc_returns (expires_at);

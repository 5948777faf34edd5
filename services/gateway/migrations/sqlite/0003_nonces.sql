-- The nonces that API clients have signed with, each once for its access key; kept until no signature with it is taken.
CREATE TABLE nonces (
    access_key     TEXT    NOT NULL,
    nonce          TEXT    NOT NULL,
    remember_until INTEGER NOT NULL,
    PRIMARY KEY (access_key, nonce)
) STRICT, WITHOUT ROWID;

CREATE INDEX nonces_remember_until ON nonces (remember_until);

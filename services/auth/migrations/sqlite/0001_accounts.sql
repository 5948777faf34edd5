-- Times are microseconds since 1970-01-01T00:00:00Z; ids are UUIDs of version 7.

CREATE TABLE accounts (
    id BLOB PRIMARY KEY NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id BLOB PRIMARY KEY NOT NULL,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    user_name TEXT NOT NULL,
    user_name_key TEXT NOT NULL UNIQUE,
    user_name_skeleton TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'administrator')),
    status TEXT NOT NULL CHECK (status IN ('active', 'deactivated')),
    requests_per_day_max INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX users_by_account ON users (account_id);

-- Times are microseconds since 1970-01-01T00:00:00Z; ids are UUIDs of version 7.

CREATE TABLE accounts (
    id UUID CONSTRAINT "accounts.id" PRIMARY KEY,
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    id UUID CONSTRAINT "users.id" PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id),
    user_name TEXT NOT NULL,
    user_name_key TEXT NOT NULL CONSTRAINT "users.user_name_key" UNIQUE,
    user_name_skeleton TEXT NOT NULL CONSTRAINT "users.user_name_skeleton" UNIQUE,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL CONSTRAINT "users.email_key" UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'administrator')),
    status TEXT NOT NULL CHECK (status IN ('active', 'deactivated')),
    requests_per_day_max BIGINT,
    created_at BIGINT NOT NULL
);

CREATE INDEX users_by_account ON users (account_id);

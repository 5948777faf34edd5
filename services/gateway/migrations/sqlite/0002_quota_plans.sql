-- What each holder (an account, a key or a client) has spent: a row for each window, of a sliding window one for each part.
CREATE TABLE quota_counters (
    holder_id BLOB    NOT NULL CHECK (length(holder_id) = 16),
    counter   TEXT    NOT NULL,
    starts_at INTEGER NOT NULL,
    used      INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (holder_id, counter, starts_at)
) STRICT, WITHOUT ROWID;

INSERT INTO quota_counters (holder_id, counter, starts_at, used)
SELECT account_id, 'requests ' || window_name || ' UTC', starts_at, used FROM quota_usage;

DROP TABLE quota_usage;

-- The last transaction with refunds of each process: tells whether a commit that was not confirmed took place.
CREATE TABLE quota_writers (
    writer_id BLOB    NOT NULL PRIMARY KEY CHECK (length(writer_id) = 16),
    batch     INTEGER NOT NULL,
    seen_at   INTEGER NOT NULL
) STRICT;

-- The number of the last change of plans and assignments; whoever changes something holds this row until the commit.
CREATE TABLE quota_changes (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;

INSERT INTO quota_changes (id, version) VALUES (1, 0);

-- The plans beside the default; one without a definition was deleted.
CREATE TABLE quota_plans (
    name       TEXT    NOT NULL PRIMARY KEY,
    definition TEXT,
    version    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX quota_plans_version ON quota_plans (version);

-- Who has which plan; one without a plan was taken back.
CREATE TABLE quota_assignments (
    subject_id     BLOB    NOT NULL PRIMARY KEY CHECK (length(subject_id) = 16),
    subject        TEXT    NOT NULL,
    plan           TEXT,
    billing_anchor INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX quota_assignments_version ON quota_assignments (version);
CREATE INDEX quota_assignments_plan ON quota_assignments (plan, updated_at);

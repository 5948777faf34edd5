-- What each holder (an account, a key or a client) has spent: a row for each window, of a sliding window one for each part.
CREATE TABLE quota_counters (
    holder_id UUID   NOT NULL,
    counter   TEXT   NOT NULL,
    starts_at BIGINT NOT NULL,
    used      BIGINT NOT NULL CHECK (used >= 0),
    CONSTRAINT "quota_counters.holder_id, quota_counters.counter, quota_counters.starts_at" PRIMARY KEY (holder_id, counter, starts_at)
);

INSERT INTO quota_counters (holder_id, counter, starts_at, used)
SELECT account_id, 'requests ' || window_name || ' UTC', starts_at, used FROM quota_usage;

DROP TABLE quota_usage;

-- The last transaction with refunds of each process: tells whether a commit that was not confirmed took place.
CREATE TABLE quota_writers (
    writer_id UUID   NOT NULL,
    batch     BIGINT NOT NULL,
    seen_at   BIGINT NOT NULL,
    CONSTRAINT "quota_writers.writer_id" PRIMARY KEY (writer_id)
);

-- The number of the last change of plans and assignments; whoever changes something holds this row until the commit.
CREATE TABLE quota_changes (
    id      BIGINT NOT NULL CHECK (id = 1),
    version BIGINT NOT NULL,
    CONSTRAINT "quota_changes.id" PRIMARY KEY (id)
);

INSERT INTO quota_changes (id, version) VALUES (1, 0);

-- The plans beside the default; one without a definition was deleted.
CREATE TABLE quota_plans (
    name       TEXT   NOT NULL,
    definition TEXT,
    version    BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT "quota_plans.name" PRIMARY KEY (name)
);

CREATE INDEX quota_plans_version ON quota_plans (version);

-- Who has which plan; one without a plan was taken back.
CREATE TABLE quota_assignments (
    subject_id     UUID   NOT NULL,
    subject        TEXT   NOT NULL,
    plan           TEXT,
    billing_anchor BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    CONSTRAINT "quota_assignments.subject_id" PRIMARY KEY (subject_id)
);

CREATE INDEX quota_assignments_version ON quota_assignments (version);
CREATE INDEX quota_assignments_plan ON quota_assignments (plan, updated_at);

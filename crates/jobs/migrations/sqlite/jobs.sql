-- Work that must not be lost. A job is claimed by a lease: whoever writes it must show lease_token.
CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    -- Whose it is; none where it is the service's own.
    account_id BLOB,
    kind TEXT NOT NULL,
    -- 0 interactive, 1 normal, 2 backfill.
    class INTEGER NOT NULL CHECK (class BETWEEN 0 AND 2),
    status TEXT NOT NULL CHECK (status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')),
    phase TEXT NOT NULL,
    -- Opaque; sealed by the service where it is personal.
    input BLOB NOT NULL,
    output BLOB,
    -- A sentence for people.
    remark TEXT,
    problem_code TEXT,
    attempts INTEGER NOT NULL,
    attempts_max INTEGER NOT NULL CHECK (attempts_max >= 1),
    -- Not before this time; 0 is at once, whatever the clock says.
    run_at INTEGER NOT NULL,
    -- Order of claiming, smallest first: the time it became due plus what its class has to wait for others.
    rank INTEGER NOT NULL,
    lease_token BLOB,
    lease_until INTEGER,
    cancel_requested INTEGER NOT NULL,
    progress_done INTEGER NOT NULL,
    progress_total INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    changed_at INTEGER NOT NULL,
    -- How long it is kept once it is finished, microseconds.
    keep_us INTEGER NOT NULL,
    expires_at INTEGER,
    CHECK ((status = 'processing') = (lease_token IS NOT NULL)),
    CHECK ((lease_token IS NULL) = (lease_until IS NULL)),
    CHECK ((status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK ((finished_at IS NULL) = (expires_at IS NULL))
) STRICT;

CREATE INDEX jobs_queued ON jobs (rank, id) WHERE status = 'queued';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE status = 'processing';
CREATE INDEX jobs_expiring ON jobs (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX jobs_by_account ON jobs (account_id, created_at, id);

-- What a job has done already. A finished step whose input and code are the same is not run again.
CREATE TABLE job_steps (
    job_id BLOB NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- SHA-256.
    input_digest BLOB NOT NULL,
    code_version INTEGER NOT NULL,
    output_digest BLOB,
    output BLOB,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    cost_us INTEGER NOT NULL,
    -- How often it was begun with this input and code.
    attempts INTEGER NOT NULL,
    PRIMARY KEY (job_id, name)
) STRICT;

-- When each recurring job is due next.
CREATE TABLE job_schedules (
    name TEXT NOT NULL PRIMARY KEY,
    next_at INTEGER NOT NULL,
    -- The due time that was enqueued last.
    last_at INTEGER
) STRICT;

-- Work that must not be lost. A job is claimed by a lease: whoever writes it must show lease_token.
CREATE TABLE jobs (
    id UUID NOT NULL CONSTRAINT "jobs.id" PRIMARY KEY,
    -- Whose it is; none where it is the service's own.
    account_id UUID,
    kind TEXT NOT NULL,
    -- 0 interactive, 1 normal, 2 backfill.
    class BIGINT NOT NULL CHECK (class BETWEEN 0 AND 2),
    status TEXT NOT NULL CHECK (status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')),
    phase TEXT NOT NULL,
    -- Opaque; sealed by the service where it is personal.
    input BYTEA NOT NULL,
    output BYTEA,
    -- A sentence for people.
    remark TEXT,
    problem_code TEXT,
    attempts BIGINT NOT NULL,
    attempts_max BIGINT NOT NULL CHECK (attempts_max >= 1),
    -- Not before this time; 0 is at once, whatever the clock says.
    run_at BIGINT NOT NULL,
    -- Order of claiming, smallest first: the time it became due plus what its class has to wait for others.
    rank BIGINT NOT NULL,
    lease_token UUID,
    lease_until BIGINT,
    cancel_requested BOOLEAN NOT NULL,
    progress_done BIGINT NOT NULL,
    progress_total BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    changed_at BIGINT NOT NULL,
    -- How long it is kept once it is finished, microseconds.
    keep_us BIGINT NOT NULL,
    expires_at BIGINT,
    CHECK ((status = 'processing') = (lease_token IS NOT NULL)),
    CHECK ((lease_token IS NULL) = (lease_until IS NULL)),
    CHECK ((status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK ((finished_at IS NULL) = (expires_at IS NULL))
);

CREATE INDEX jobs_queued ON jobs (rank, id) WHERE status = 'queued';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE status = 'processing';
CREATE INDEX jobs_expiring ON jobs (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX jobs_by_account ON jobs (account_id, created_at, id);

-- What a job has done already. A finished step whose input and code are the same is not run again.
CREATE TABLE job_steps (
    job_id UUID NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- SHA-256.
    input_digest BYTEA NOT NULL,
    code_version BIGINT NOT NULL,
    output_digest BYTEA,
    output BYTEA,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    cost_us BIGINT NOT NULL,
    -- How often it was begun with this input and code.
    attempts BIGINT NOT NULL,
    CONSTRAINT "job_steps.job_id, job_steps.name" PRIMARY KEY (job_id, name)
);

-- When each recurring job is due next.
CREATE TABLE job_schedules (
    name TEXT NOT NULL CONSTRAINT "job_schedules.name" PRIMARY KEY,
    next_at BIGINT NOT NULL,
    -- The due time that was enqueued last.
    last_at BIGINT
);

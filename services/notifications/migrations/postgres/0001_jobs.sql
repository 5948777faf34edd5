-- How every service's jobs stood when they were heard of last.
CREATE TABLE jobs (
    job_id UUID CONSTRAINT "jobs.job_id" PRIMARY KEY,
    account_id UUID NOT NULL,
    service TEXT NOT NULL,
    kind TEXT NOT NULL,
    class TEXT NOT NULL,
    status TEXT NOT NULL,
    phase TEXT NOT NULL,
    progress_done BIGINT NOT NULL,
    progress_total BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    problem_code TEXT NOT NULL,
    href TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE INDEX jobs_by_account ON jobs (account_id, created_at, job_id);

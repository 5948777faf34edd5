-- How every service's jobs stood when they were heard of last.
CREATE TABLE jobs (
    job_id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL,
    service TEXT NOT NULL,
    kind TEXT NOT NULL,
    class TEXT NOT NULL,
    status TEXT NOT NULL,
    phase TEXT NOT NULL,
    progress_done INTEGER NOT NULL,
    progress_total INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    problem_code TEXT NOT NULL,
    href TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE INDEX jobs_by_account ON jobs (account_id, created_at, job_id);

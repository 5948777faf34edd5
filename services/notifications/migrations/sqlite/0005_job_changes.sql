-- Numbers what is listed anew in the order of the commits, for whoever follows the list from any process.
CREATE TABLE job_changes (
    id INTEGER NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT;

INSERT INTO job_changes (id, number) VALUES (1, 0);

ALTER TABLE listed_jobs ADD COLUMN change_number INTEGER NOT NULL DEFAULT 0;

CREATE INDEX listed_jobs_by_number ON listed_jobs (change_number);
CREATE INDEX listed_jobs_unfinished ON listed_jobs (account_id, created_at, job_id)
    WHERE status IN ('queued', 'processing');

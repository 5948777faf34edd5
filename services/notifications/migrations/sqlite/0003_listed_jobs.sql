-- The projection makes room for the service's own jobs, which are kept in a table of that name.
ALTER TABLE jobs RENAME TO listed_jobs;
DROP INDEX jobs_by_account;
DROP INDEX jobs_by_change;
CREATE INDEX listed_jobs_by_account ON listed_jobs (account_id, created_at, job_id);
CREATE INDEX listed_jobs_by_change ON listed_jobs (changed_at);

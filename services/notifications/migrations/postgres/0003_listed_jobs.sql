-- The projection makes room for the service's own jobs, which are kept in a table of that name.
ALTER TABLE jobs RENAME TO listed_jobs;
ALTER TABLE listed_jobs RENAME CONSTRAINT "jobs.job_id" TO "listed_jobs.job_id";
ALTER INDEX jobs_by_account RENAME TO listed_jobs_by_account;
ALTER INDEX jobs_by_change RENAME TO listed_jobs_by_change;

-- Registrations that are waited for. A row goes when its client deletes it, or with its job.

CREATE TABLE registrations (
    id BLOB PRIMARY KEY NOT NULL,
    job_id BLOB NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL
) STRICT;

CREATE INDEX registrations_by_job ON registrations (job_id);

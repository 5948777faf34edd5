-- Registrations that are waited for. A row goes when its client deletes it, or with its job.

CREATE TABLE registrations (
    id UUID CONSTRAINT "registrations.id" PRIMARY KEY,
    job_id UUID NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    secret_hash BYTEA NOT NULL
);

CREATE INDEX registrations_by_job ON registrations (job_id);

-- Where in its service's events a job was heard of last; an earlier one tells nothing new.
ALTER TABLE jobs ADD COLUMN position INTEGER NOT NULL DEFAULT 0;

-- Jobs are forgotten by age.
CREATE INDEX jobs_by_change ON jobs (changed_at);

-- Up to where in each service's events jobs were forgotten: what is replayed from before must not bring one back as it
-- was in the middle.
CREATE TABLE forgotten_jobs (
    service TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (service)
) STRICT;

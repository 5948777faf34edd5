-- Up to where each spool of usage is published: the number of a file, and bytes from its beginning.
CREATE TABLE usage_spools (
    spool_id   UUID   NOT NULL CONSTRAINT "usage_spools.spool_id" PRIMARY KEY,
    position   BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

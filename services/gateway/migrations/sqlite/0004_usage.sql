-- Up to where each spool of usage is published: the number of a file, and bytes from its beginning.
CREATE TABLE usage_spools (
    spool_id   BLOB    NOT NULL PRIMARY KEY CHECK (length(spool_id) = 16),
    position   INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

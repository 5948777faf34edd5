-- What this service tells others, in the order in which it was said.
CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BLOB NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    type TEXT NOT NULL,
    time INTEGER NOT NULL,
    traceparent TEXT,
    data BLOB NOT NULL
) STRICT;

CREATE INDEX outbox_by_time ON outbox (time);

-- How far each subscription of this service has read the outbox of another.
CREATE TABLE event_cursors (
    subscription TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (subscription)
) STRICT;

-- What a subscription has had, so that what is delivered again has no second effect.
CREATE TABLE inbox (
    subscription TEXT NOT NULL,
    event_id BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (subscription, event_id)
) STRICT;

CREATE INDEX inbox_by_time ON inbox (received_at);

-- What a subscription could not use, with the reason.
CREATE TABLE event_dead_letters (
    subscription TEXT NOT NULL,
    event_id BLOB NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    type TEXT NOT NULL,
    time INTEGER NOT NULL,
    traceparent TEXT,
    data BLOB NOT NULL,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    failed_at INTEGER NOT NULL,
    PRIMARY KEY (subscription, event_id)
) STRICT;

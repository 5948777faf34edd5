-- What this service tells others, in the order in which it was said.
CREATE TABLE outbox (
    -- First, so that a transaction has its number before it takes a position.
    xact XID8 NOT NULL DEFAULT pg_current_xact_id(),
    position BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT "outbox.position" PRIMARY KEY,
    event_id UUID NOT NULL CONSTRAINT "outbox.event_id" UNIQUE,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    type TEXT NOT NULL,
    time BIGINT NOT NULL,
    traceparent TEXT,
    data BYTEA NOT NULL
);

CREATE INDEX outbox_by_time ON outbox (time);

-- How far each subscription of this service has read the outbox of another.
CREATE TABLE event_cursors (
    subscription TEXT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT "event_cursors.subscription" PRIMARY KEY (subscription)
);

-- What a subscription has had, so that what is delivered again has no second effect.
CREATE TABLE inbox (
    subscription TEXT NOT NULL,
    event_id UUID NOT NULL,
    received_at BIGINT NOT NULL,
    CONSTRAINT "inbox.subscription, inbox.event_id" PRIMARY KEY (subscription, event_id)
);

CREATE INDEX inbox_by_time ON inbox (received_at);

-- What a subscription could not use, with the reason.
CREATE TABLE event_dead_letters (
    subscription TEXT NOT NULL,
    event_id UUID NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    type TEXT NOT NULL,
    time BIGINT NOT NULL,
    traceparent TEXT,
    data BYTEA NOT NULL,
    reason TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    failed_at BIGINT NOT NULL,
    CONSTRAINT "event_dead_letters.subscription, event_dead_letters.event_id" PRIMARY KEY (subscription, event_id)
);

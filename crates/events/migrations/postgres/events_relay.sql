-- How far what this service tells others was carried to a broker, and which process carries it until when, by the
-- database's clock.
CREATE TABLE event_relays (
    relay TEXT NOT NULL,
    position BIGINT NOT NULL,
    owner UUID NOT NULL,
    lease_until BIGINT NOT NULL,
    CONSTRAINT "event_relays.relay" PRIMARY KEY (relay)
);

-- How far what this service tells others was carried to a broker, and which process carries it until when, by the
-- database's clock.
CREATE TABLE event_relays (
    relay TEXT NOT NULL,
    position INTEGER NOT NULL,
    owner BLOB NOT NULL,
    lease_until INTEGER NOT NULL,
    PRIMARY KEY (relay)
) STRICT;

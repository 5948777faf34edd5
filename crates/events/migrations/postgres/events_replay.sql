-- Where an event that was put aside came from, which is unknown of those put aside before this, and whether it is to be
-- handed over again.
ALTER TABLE event_dead_letters ADD COLUMN producer TEXT NOT NULL DEFAULT '';
ALTER TABLE event_dead_letters ADD COLUMN position BIGINT NOT NULL DEFAULT 0;
ALTER TABLE event_dead_letters ADD COLUMN replay_requested_at BIGINT;

CREATE INDEX event_dead_letters_by_request ON event_dead_letters (subscription, producer, position)
    WHERE replay_requested_at IS NOT NULL;

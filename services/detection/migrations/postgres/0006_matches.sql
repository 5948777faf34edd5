-- One face compared with others. What was found is sealed: the first face in `facts`, each of the others in its result.
-- A match goes with the first of its pictures that is deleted.
CREATE TABLE matches (
    id           UUID   CONSTRAINT "matches.id" PRIMARY KEY,
    account_id   UUID   NOT NULL,
    image_id     UUID   NOT NULL REFERENCES images (id),
    comparisons  BIGINT NOT NULL,
    model_digest TEXT   NOT NULL,
    facts        BYTEA  NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE INDEX matches_by_account ON matches (account_id, created_at, id);
CREATE INDEX matches_by_image ON matches (image_id);
CREATE TABLE match_results (
    match_id UUID   NOT NULL REFERENCES matches (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    image_id UUID   NOT NULL REFERENCES images (id),
    result   BYTEA  NOT NULL,
    CONSTRAINT "match_results.match_id, match_results.position" PRIMARY KEY (match_id, position)
);
CREATE INDEX match_results_by_image ON match_results (image_id);

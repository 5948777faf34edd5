-- One face compared with others. What was found is sealed: the first face in `facts`, each of the others in its result.
-- A match goes with the first of its pictures that is deleted.
CREATE TABLE matches (
    id           BLOB    NOT NULL PRIMARY KEY,
    account_id   BLOB    NOT NULL,
    image_id     BLOB    NOT NULL REFERENCES images (id),
    comparisons  INTEGER NOT NULL,
    model_digest TEXT    NOT NULL,
    facts        BLOB    NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX matches_by_account ON matches (account_id, created_at, id);
CREATE INDEX matches_by_image ON matches (image_id);
CREATE TABLE match_results (
    match_id BLOB    NOT NULL REFERENCES matches (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    image_id BLOB    NOT NULL REFERENCES images (id),
    result   BLOB    NOT NULL,
    PRIMARY KEY (match_id, position)
) STRICT;
CREATE INDEX match_results_by_image ON match_results (image_id);

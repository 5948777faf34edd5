-- What was found in a picture. Faces and embeddings are sealed in `findings`.
CREATE TABLE detections (
    id           BLOB    NOT NULL PRIMARY KEY,
    account_id   BLOB    NOT NULL,
    image_id     BLOB    NOT NULL REFERENCES images (id),
    face_count   INTEGER NOT NULL,
    model_digest TEXT    NOT NULL,
    findings     BLOB    NOT NULL,
    created_at   INTEGER NOT NULL
);
CREATE INDEX detections_by_account ON detections (account_id, created_at, id);
CREATE INDEX detections_by_image ON detections (image_id);

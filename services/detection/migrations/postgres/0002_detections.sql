-- What was found in a picture. Faces and embeddings are sealed in `findings`.
CREATE TABLE detections (
    id           UUID    CONSTRAINT "detections.id" PRIMARY KEY,
    account_id   UUID    NOT NULL,
    image_id     UUID    NOT NULL REFERENCES images (id),
    face_count   BIGINT NOT NULL,
    model_digest TEXT    NOT NULL,
    findings     BYTEA    NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE INDEX detections_by_account ON detections (account_id, created_at, id);
CREATE INDEX detections_by_image ON detections (image_id);

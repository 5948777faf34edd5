-- A picture that was sent. Its bytes are a sealed blob named by the id.
CREATE TABLE images (
    id         UUID    CONSTRAINT "images.id" PRIMARY KEY,
    account_id UUID    NOT NULL,
    sha256     TEXT    NOT NULL,
    format     TEXT    NOT NULL,
    width      BIGINT NOT NULL,
    height     BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX images_by_account ON images (account_id, created_at, id);

-- Documents that were read: one row a side, whose reading is sealed for the person of its picture; what the sides say together
-- is sealed for the person of the front. A document goes with the first of its pictures that is deleted.
CREATE TABLE documents (
    id           UUID   CONSTRAINT "documents.id" PRIMARY KEY,
    account_id   UUID   NOT NULL,
    image_id     UUID   NOT NULL REFERENCES images (id),
    sides        BIGINT NOT NULL,
    model_digest TEXT   NOT NULL,
    facts        BYTEA  NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE INDEX documents_by_account ON documents (account_id, created_at, id);
CREATE INDEX documents_by_image ON documents (image_id);
CREATE TABLE document_sides (
    document_id UUID   NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    position    BIGINT NOT NULL,
    image_id    UUID   NOT NULL REFERENCES images (id),
    reading     BYTEA  NOT NULL,
    CONSTRAINT "document_sides.document_id, document_sides.position" PRIMARY KEY (document_id, position)
);
CREATE INDEX document_sides_by_image ON document_sides (image_id);
-- Checks of a document and a selfie. The comparison is sealed for the person of the selfie. A verification goes with its
-- document or its selfie.
CREATE TABLE verifications (
    id           UUID   CONSTRAINT "verifications.id" PRIMARY KEY,
    account_id   UUID   NOT NULL,
    document_id  UUID   NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    image_id     UUID   NOT NULL REFERENCES images (id),
    model_digest TEXT   NOT NULL,
    facts        BYTEA  NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE INDEX verifications_by_account ON verifications (account_id, created_at, id);
CREATE INDEX verifications_by_document ON verifications (document_id);
CREATE INDEX verifications_by_image ON verifications (image_id);

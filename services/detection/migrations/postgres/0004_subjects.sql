-- Under whose key picture and findings are sealed; without one, of a row from before there were any, by the keyring itself.
ALTER TABLE images ADD COLUMN subject_id UUID;
-- Whether the caller named the person; else the upload is a subject of its own, whose key goes with it.
ALTER TABLE images ADD COLUMN is_subject_named BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX images_by_subject ON images (subject_id);

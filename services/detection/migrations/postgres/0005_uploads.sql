-- What the picture is of; those from before uploads came with detections of faces.
ALTER TABLE images ADD COLUMN type TEXT NOT NULL DEFAULT 'face'
    CHECK (type IN ('face', 'id_front', 'id_back', 'passport', 'other'));
-- The caller's metadata, the consent and what the camera wrote, sealed for the subject.
ALTER TABLE images ADD COLUMN details BYTEA;
-- From then on it is removed, with all that was found in it; never without it.
ALTER TABLE images ADD COLUMN delete_at BIGINT;
-- Of a picture that was uploaded by itself: a hash of its subject and its bytes, which are kept once. It stays until it is
-- deleted; one without this goes with the last of what was found in it.
ALTER TABLE images ADD COLUMN upload_key BYTEA;
CREATE UNIQUE INDEX images_by_upload ON images (account_id, upload_key) WHERE upload_key IS NOT NULL;
CREATE INDEX images_by_deletion ON images (delete_at) WHERE delete_at IS NOT NULL;

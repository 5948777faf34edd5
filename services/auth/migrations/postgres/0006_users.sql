-- What lists of users are sorted by; names and addresses have an index each already, and are to be sorted alike on every
-- server, whatever its locale is.

ALTER TABLE users ALTER COLUMN user_name_key TYPE TEXT COLLATE "C";
ALTER TABLE users ALTER COLUMN email_key TYPE TEXT COLLATE "C";

CREATE INDEX users_by_creation ON users (created_at, id);
CREATE INDEX users_by_status ON users (status, id);
CREATE INDEX users_by_role ON users (role, id);

-- What lists of users are sorted by; names and addresses have an index each already.

CREATE INDEX users_by_creation ON users (created_at, id);
CREATE INDEX users_by_status ON users (status, id);
CREATE INDEX users_by_role ON users (role, id);

-- The quota plan that an administrator gave a user: a name, which only the gateway can look up.

ALTER TABLE users ADD COLUMN plan TEXT;

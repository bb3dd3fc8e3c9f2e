-- Access keys. Secrets are encrypted under a master key that is not in this database.

CREATE TABLE access_keys (
    access_key  TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    account     TEXT NOT NULL,
    secret      BLOB NOT NULL,
    operations  TEXT NOT NULL,                   -- patterns, separated by commas
    collections TEXT NOT NULL,                   -- the same
    rate        REAL,                            -- requests a second; NULL for no limit
    created     REAL NOT NULL,
    revoked     REAL
);

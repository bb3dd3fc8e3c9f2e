-- Access keys. Secrets are encrypted under a master key that is not in this database.

CREATE TABLE access_keys (
    access_key  TEXT COLLATE "C" PRIMARY KEY,
    name        TEXT  NOT NULL UNIQUE,
    account     TEXT  NOT NULL,
    secret      BYTEA NOT NULL,
    operations  TEXT  NOT NULL,                  -- patterns, separated by commas
    collections TEXT  NOT NULL,                  -- the same
    rate        DOUBLE PRECISION,                -- requests a second; NULL for no limit
    created     DOUBLE PRECISION NOT NULL,
    revoked     DOUBLE PRECISION
);

-- Users, the vectors they are found by, the tags of collections, and the answers kept for idempotency tokens.

CREATE TABLE users (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    faces      INTEGER NOT NULL DEFAULT 0,
    UNIQUE (collection, name)
);
CREATE INDEX users_by_creation ON users (collection, id);
CREATE INDEX faces_by_user ON faces (user_key) WHERE user_key IS NOT NULL;

-- A user with faces has one vector. When it changes, the row is replaced by a new one under a new key.
CREATE TABLE user_vectors (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL,
    user_key   INTEGER NOT NULL UNIQUE,
    revision   INTEGER NOT NULL,
    vector     BLOB    NOT NULL                  -- float32, little-endian, length at most 1
);
CREATE INDEX user_vectors_by_revision ON user_vectors (collection, revision);

CREATE TABLE user_removals (
    collection INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    vector     INTEGER NOT NULL,
    PRIMARY KEY (collection, revision, vector)
) WITHOUT ROWID;

CREATE TABLE tags (
    collection INTEGER NOT NULL,
    tag        TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    PRIMARY KEY (collection, tag)
) WITHOUT ROWID;

CREATE TABLE tokens (
    account    TEXT NOT NULL,
    operation  TEXT NOT NULL,
    token      TEXT NOT NULL,
    parameters BLOB NOT NULL,                    -- digest of what the call asked for
    answer     BLOB NOT NULL,
    created    REAL NOT NULL,
    PRIMARY KEY (account, operation, token)
) WITHOUT ROWID;
CREATE INDEX tokens_by_age ON tokens (created);

-- Face Liveness sessions. A session is found by a digest of its SessionId, and what it keeps is encrypted under a key
-- that follows from the SessionId, which is not in this database: nothing here opens the pictures of a session.
CREATE TABLE liveness_sessions (
    session  BYTEA PRIMARY KEY,         -- digest of the SessionId
    account  TEXT NOT NULL,
    created  DOUBLE PRECISION NOT NULL, -- seconds since 1970, by the clock of this database
    status   TEXT NOT NULL,             -- EXPIRED once the sweep has removed all that follows
    settings BYTEA,                     -- encrypted
    result   BYTEA,                     -- encrypted, once the session has ended
    token    BYTEA UNIQUE,              -- digest of the account and the ClientRequestToken
    answer   BYTEA                      -- SessionId, encrypted under a key that follows from the token
);
ALTER TABLE liveness_sessions ALTER COLUMN result SET STORAGE EXTERNAL;  -- what is encrypted cannot be compressed
CREATE INDEX liveness_sessions_kept ON liveness_sessions (created, account) WHERE status <> 'EXPIRED';
CREATE INDEX liveness_sessions_by_time ON liveness_sessions (created);

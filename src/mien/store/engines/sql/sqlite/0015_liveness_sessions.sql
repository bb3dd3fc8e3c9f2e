-- Face Liveness sessions. A session is found by a digest of its SessionId, and what it keeps is encrypted under a key
-- that follows from the SessionId, which is not in this database: nothing here opens the pictures of a session.
CREATE TABLE liveness_sessions (
    session  BLOB PRIMARY KEY,  -- digest of the SessionId
    account  TEXT NOT NULL,
    created  REAL NOT NULL,     -- seconds since 1970, by the clock of this database
    status   TEXT NOT NULL,     -- EXPIRED once the sweep has removed all that follows
    settings BLOB,              -- encrypted
    result   BLOB,              -- encrypted, once the session has ended
    token    BLOB UNIQUE,       -- digest of the account and the ClientRequestToken
    answer   BLOB               -- SessionId, encrypted under a key that follows from the token
);
CREATE INDEX liveness_sessions_kept ON liveness_sessions (created, account) WHERE status <> 'EXPIRED';
CREATE INDEX liveness_sessions_by_time ON liveness_sessions (created);

-- The buckets of S3 that a key may read, when it expires and when it was last used. A key of a separate account reads no
-- bucket until it is made with one, since `s3_buckets` applies to the whole server.
ALTER TABLE access_keys ADD COLUMN buckets TEXT NOT NULL DEFAULT '';  -- patterns, separated by commas
ALTER TABLE access_keys ADD COLUMN expires REAL;                      -- seconds since 1970; NULL for never
ALTER TABLE access_keys ADD COLUMN used    REAL;                      -- the same; NULL for not yet
UPDATE access_keys SET buckets = '*' WHERE account = '000000000000';

-- The fingerprint of the master key that a first access key must be sealed with, while there is none.
CREATE TABLE master_keys (
    fingerprint BLOB NOT NULL
);

-- What a key may read of S3, when it ends and when it was last used. A key of an account of its own reads no bucket
-- until it is made with one: `s3_buckets` allows what is the whole server's.
ALTER TABLE access_keys ADD COLUMN buckets TEXT NOT NULL DEFAULT '';  -- patterns, separated by commas
ALTER TABLE access_keys ADD COLUMN expires REAL;                      -- seconds since 1970; NULL for never
ALTER TABLE access_keys ADD COLUMN used    REAL;                      -- the same; NULL for not yet
UPDATE access_keys SET buckets = '*' WHERE account = '000000000000';

-- Under which master key the servers would open a first access key, while there is none.
CREATE TABLE master_keys (
    fingerprint BLOB NOT NULL
);

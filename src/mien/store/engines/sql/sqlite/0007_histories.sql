-- Which history a collection is on: a random id for each of its revisions, made with the revision. A database that is
-- restored gives revisions and keys out a second time, but never an id; a follower is identified by both.
ALTER TABLE collections ADD COLUMN history INTEGER NOT NULL DEFAULT 0;  -- the id of the current revision
CREATE TABLE histories (
    collection INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    id         INTEGER NOT NULL,
    PRIMARY KEY (collection, revision)
) WITHOUT ROWID;
UPDATE collections SET history = random();
INSERT INTO histories (collection, revision, id) SELECT id, revision, history FROM collections;

-- The key that page tokens are sealed with, the same for every server on this store.
CREATE TABLE seals (
    key BLOB NOT NULL                            -- 32 random bytes
);
INSERT INTO seals (key) VALUES (randomblob(32));

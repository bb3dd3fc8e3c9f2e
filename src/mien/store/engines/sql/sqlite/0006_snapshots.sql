-- Which snapshot of a collection's galleries is good: one that this history, and no other, led to. A database that is
-- restored from a copy names the snapshot of that time, or one that was deleted.
CREATE TABLE snapshots (
    collection INTEGER NOT NULL,
    track      TEXT    NOT NULL,                 -- faces or users
    name       TEXT    NOT NULL,
    PRIMARY KEY (collection, track)
) WITHOUT ROWID;

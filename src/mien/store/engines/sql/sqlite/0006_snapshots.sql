-- Which snapshot of a collection's galleries is good: one that this history, and no other, led to. A database that is
-- put back from a copy names the snapshot of its own time, or one that is gone.
CREATE TABLE snapshots (
    collection INTEGER NOT NULL,
    track      TEXT    NOT NULL,                 -- faces or users
    name       TEXT    NOT NULL,
    PRIMARY KEY (collection, track)
) WITHOUT ROWID;

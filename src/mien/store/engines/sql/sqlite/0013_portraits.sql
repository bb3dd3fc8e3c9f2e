-- Portraits of faces, in collections that keep them. A portrait is encrypted under a key of its collection, and that key
-- under the master key, which is not in this database. A collection keeps portraits while it has a key.
--
-- A key is overwritten in its row when its collection is deleted. Rows are in the order in which they were made, and are
-- not removed, so that no page of a SQLite file is split or merged, which would leave copies of keys behind.
CREATE TABLE portrait_keys (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL UNIQUE,
    live       INTEGER NOT NULL DEFAULT 1, -- 0 once it is overwritten
    key        BLOB NOT NULL
);

CREATE TABLE portraits (
    face    INTEGER PRIMARY KEY,
    picture BLOB NOT NULL
);

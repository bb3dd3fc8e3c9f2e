-- A checksum beside each vector, of it and of the keys it lies under (`vectors.checksum`). What is there gets its own in
-- the background while a server runs (`checksums.completer`): it takes long for many, and nothing else waits for it.
ALTER TABLE embeddings ADD COLUMN checksum INTEGER;
ALTER TABLE user_vectors ADD COLUMN checksum INTEGER;

-- Up to which key every vector has its checksum; one without it there was damaged.
CREATE TABLE checksums (
    kind TEXT    PRIMARY KEY,                    -- faces or users
    key  INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO checksums (kind, key) VALUES ('faces', 0), ('users', 0);

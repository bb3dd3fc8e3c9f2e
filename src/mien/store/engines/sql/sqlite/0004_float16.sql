-- Embeddings as float16, which halves them. They are copied, not changed in place, so that their pages are full.

CREATE TABLE halves (
    face   INTEGER PRIMARY KEY,
    vector BLOB NOT NULL                         -- float16, little-endian, of length 1 but for rounding
);
INSERT INTO halves (face, vector) SELECT face, narrow(vector) FROM embeddings ORDER BY face;
DROP TABLE embeddings;
ALTER TABLE halves RENAME TO embeddings;

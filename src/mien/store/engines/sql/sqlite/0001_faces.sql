-- Collections and the faces in them. A key is never given out twice, so that what a gallery holds under a removed
-- key cannot come back as another face.

CREATE TABLE collections (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    account       TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    contract      TEXT    NOT NULL,              -- digest of the pack that made its embeddings
    model_version TEXT    NOT NULL,
    created       REAL    NOT NULL,              -- seconds since 1970
    revision      INTEGER NOT NULL DEFAULT 0,    -- rises with every change to its faces or users
    faces         INTEGER NOT NULL DEFAULT 0,
    users         INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account, name)
);

CREATE TABLE faces (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    collection        INTEGER NOT NULL,
    face_id           BLOB    NOT NULL,          -- 16 bytes
    image_id          BLOB    NOT NULL,          -- 16 bytes
    external_image_id TEXT,
    box_left          REAL    NOT NULL,          -- shares of the image's width and height
    box_top           REAL    NOT NULL,
    box_width         REAL    NOT NULL,
    box_height        REAL    NOT NULL,
    confidence        REAL    NOT NULL,          -- 0 to 100
    user_key          INTEGER,
    revision          INTEGER NOT NULL
);
CREATE UNIQUE INDEX faces_by_face_id ON faces (collection, face_id);
CREATE INDEX faces_by_image ON faces (collection, image_id);
CREATE INDEX faces_by_revision ON faces (collection, revision);

CREATE TABLE embeddings (
    face   INTEGER PRIMARY KEY,
    vector BLOB NOT NULL                         -- float32, little-endian, length 1
);

-- The keys that a gallery must remove to follow a collection from one revision to another.
CREATE TABLE removals (
    collection INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    face       INTEGER NOT NULL,
    PRIMARY KEY (collection, revision, face)
) WITHOUT ROWID;

-- Deleted collections whose rows are still being swept away.
CREATE TABLE sweeps (
    collection INTEGER PRIMARY KEY
);

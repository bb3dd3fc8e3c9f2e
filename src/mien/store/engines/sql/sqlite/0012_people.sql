-- The face that a person is shown by, if one was chosen.
ALTER TABLE users ADD COLUMN portrait INTEGER;
CREATE INDEX users_by_display_name ON users (collection, display_name) WHERE display_name IS NOT NULL;

-- What people said of faces and users: SAME, DIFFERENT or UNSURE. A verdict is about one or two sides, each a user or
-- a set of faces, and holds between every member of one side and every member of the other.
CREATE TABLE verdicts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL,
    verdict    TEXT    NOT NULL
);
CREATE INDEX verdicts_by_collection ON verdicts (collection, id);
CREATE TABLE judged_faces (
    collection INTEGER NOT NULL,
    verdict    INTEGER NOT NULL,
    side       INTEGER NOT NULL,                 -- 0 or 1
    face       INTEGER NOT NULL,
    PRIMARY KEY (collection, verdict, side, face)
) WITHOUT ROWID;
CREATE INDEX judged_faces_by_face ON judged_faces (face);
CREATE TABLE judged_users (
    collection INTEGER NOT NULL,
    verdict    INTEGER NOT NULL,
    side       INTEGER NOT NULL,
    user_key   INTEGER NOT NULL,
    PRIMARY KEY (collection, verdict, side)
) WITHOUT ROWID;
CREATE INDEX judged_users_by_user ON judged_users (user_key);

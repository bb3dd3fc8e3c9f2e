-- The faces without a user, which are grouped by person, are found without reading those that have one.
CREATE INDEX faces_without_user ON faces (collection, id, user_key) WHERE user_key IS NULL;

-- Faces that people do not want to be asked about.
CREATE TABLE hidden_faces (
    face       INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL
);
CREATE INDEX hidden_faces_by_collection ON hidden_faces (collection, face);

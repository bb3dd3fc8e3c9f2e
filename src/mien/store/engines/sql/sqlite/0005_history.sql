-- The revision up to which the record of removals is trimmed; a follower of an older one must start again.
ALTER TABLE collections ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;

-- A user's faces in the order they are listed in, without a look at the rest of the collection.
DROP INDEX faces_by_user;
CREATE INDEX faces_by_user ON faces (user_key, face_id) WHERE user_key IS NOT NULL;

-- The name that a user is shown by, where it cannot be read from the user's id (`naming.shown`).
ALTER TABLE users ADD COLUMN display_name TEXT;

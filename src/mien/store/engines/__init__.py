"""The databases that keep the tables: SQLite and PostgreSQL, group commit, migrations."""

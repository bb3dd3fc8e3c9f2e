-- Jobs that look for faces in stored video (StartFaceDetection, StartFaceSearch).
--
-- `due` is when a server may take the job: at once, after the lease of the one that has it, when a notice is to be sent
-- again; NULL when nothing is left to do. Whoever takes it writes its own number into `owner`, and every later change
-- names that number and `step`, the count of saved batches, so that a server that has lost the job changes nothing.
CREATE TABLE video_jobs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    job        TEXT NOT NULL UNIQUE,
    account    TEXT NOT NULL,
    operation  TEXT NOT NULL,
    asked      BLOB NOT NULL,
    collection INTEGER,
    token      TEXT,
    digest     BLOB,
    created    REAL NOT NULL,
    expires    REAL NOT NULL,
    status     TEXT NOT NULL,
    message    TEXT,
    owner      INTEGER NOT NULL DEFAULT 0,
    due        REAL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    step       INTEGER NOT NULL DEFAULT 0,
    position   INTEGER NOT NULL DEFAULT 0, -- milliseconds of the film that are done
    faces      INTEGER NOT NULL DEFAULT 0,
    metadata   BLOB,
    persons    BLOB,
    state      BLOB  -- of the analysis, to continue it; removed at its end
);
CREATE UNIQUE INDEX video_jobs_by_token ON video_jobs (account, operation, token) WHERE token IS NOT NULL;
CREATE INDEX video_jobs_by_account ON video_jobs (account, id);
CREATE INDEX video_jobs_by_collection ON video_jobs (collection) WHERE collection IS NOT NULL;
CREATE INDEX video_jobs_due ON video_jobs (due) WHERE due IS NOT NULL;
CREATE INDEX video_jobs_expiring ON video_jobs (expires);

-- The faces that were seen, in the order of their times, many in a row.
CREATE TABLE video_faces (
    job    INTEGER NOT NULL,
    first  INTEGER NOT NULL, -- the number of the first of them in the job
    faces  INTEGER NOT NULL,
    tracks BLOB NOT NULL,
    packed BLOB NOT NULL,
    PRIMARY KEY (job, first)
);

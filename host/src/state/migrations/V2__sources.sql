-- What is kept of sources between runs. None of it is worth a run.

-- When searches were started, for windows that outlive a run.
CREATE TABLE search_start (
    id     INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    -- Milliseconds since 1970-01-01 UTC, as all times here.
    at     INTEGER NOT NULL
);
CREATE INDEX search_start_by_source ON search_start (source, at);

-- Sources that asked to be left alone, and until when.
CREATE TABLE source_rest (
    source TEXT PRIMARY KEY,
    until  INTEGER NOT NULL,
    why    TEXT NOT NULL
) WITHOUT ROWID;

-- Answers to searches.
CREATE TABLE answer (
    source TEXT NOT NULL,
    -- Digest of the query.
    key    TEXT NOT NULL,
    at     INTEGER NOT NULL,
    -- The hits as JSON.
    hits   TEXT NOT NULL,
    PRIMARY KEY (source, key)
) WITHOUT ROWID;
CREATE INDEX answer_by_age ON answer (at);

-- Files that were fetched for an item and were no good for it.
CREATE TABLE bad_file (
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    item   TEXT NOT NULL,
    why    TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (source, target, item)
) WITHOUT ROWID;

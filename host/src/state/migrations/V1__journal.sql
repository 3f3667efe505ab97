-- What is wanted, how it stands, where it is, and what was tried.

CREATE TABLE item (
    id          TEXT PRIMARY KEY,
    -- Place in the plan's order; NULL when the current plan does not want it.
    position    INTEGER,
    status      TEXT NOT NULL,
    reason      TEXT,
    error       TEXT,
    name        TEXT NOT NULL,
    -- The track's metadata as JSON.
    track       TEXT NOT NULL,
    retry_count INTEGER NOT NULL DEFAULT 0,
    -- Milliseconds since 1970-01-01 UTC.
    changed_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX item_by_status ON item (status, position) WHERE position IS NOT NULL;

CREATE TABLE collection (
    id         TEXT PRIMARY KEY,
    position   INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    create_m3u INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE membership (
    collection TEXT NOT NULL,
    position   INTEGER NOT NULL,
    item       TEXT NOT NULL,
    PRIMARY KEY (collection, position, item)
) WITHOUT ROWID;

-- Files of ours in the library. The path is relative to the library's root.
CREATE TABLE placement (
    path       TEXT PRIMARY KEY,
    item       TEXT NOT NULL,
    size       INTEGER NOT NULL,
    mtime_ns   INTEGER NOT NULL,
    audio_hash TEXT
) WITHOUT ROWID;
CREATE INDEX placement_by_item ON placement (item);

CREATE TABLE attempt (
    id         INTEGER PRIMARY KEY,
    item       TEXT NOT NULL,
    source     TEXT NOT NULL,
    target     TEXT NOT NULL,
    score      REAL NOT NULL,
    bytes      INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    took_ms    INTEGER NOT NULL,
    -- NULL: delivered.
    failure    TEXT
);
CREATE INDEX attempt_by_item ON attempt (item);

CREATE TABLE run (
    id         INTEGER PRIMARY KEY,
    started_at INTEGER NOT NULL,
    -- Root of the library, the bytes of its path.
    library    BLOB NOT NULL,
    -- NULL: running, or killed.
    ended_at   INTEGER,
    outcome    TEXT
);

-- Reasons are codes; the sentences are the program's.
UPDATE item SET reason = CASE reason
    WHEN 'already in the library' THEN 'exists'
    WHEN 'only tracks can be fetched' THEN 'not_a_track'
    WHEN 'left out of this run' THEN 'left_out'
    WHEN 'something it depends on did not complete' THEN 'dependency'
    ELSE reason END
WHERE reason IS NOT NULL;

-- The run that completed the item; NULL: not completed, or before this was recorded.
ALTER TABLE item ADD COLUMN completed_by INTEGER;

-- Name and album in plain letters, for finding an item by words. NULL: to be filled in by the
-- program, which knows how.
ALTER TABLE item ADD COLUMN words TEXT;
CREATE INDEX item_by_words ON item (words) WHERE position IS NOT NULL;

-- Items that the user cancelled, whatever else becomes of them.
CREATE TABLE cancelled (
    item TEXT PRIMARY KEY,
    at   INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO cancelled (item, at)
    SELECT id, changed_at FROM item WHERE status = 'skipped' AND reason = 'cancelled';

-- Commands to the run that holds the state, and when they were left.
ALTER TABLE wish RENAME TO command;
ALTER TABLE command ADD COLUMN left_at INTEGER NOT NULL DEFAULT 0;

-- Whether the run ended before it had tried everything.
ALTER TABLE run ADD COLUMN early INTEGER NOT NULL DEFAULT 0;
UPDATE run SET early = 1 WHERE outcome IN ('interrupted', 'terminated', 'disk');
-- Whether it was a run of some tracks only, by `musicdl retry`.
ALTER TABLE run ADD COLUMN is_retry INTEGER NOT NULL DEFAULT 0;

-- What the run that holds the state is fetching at the moment.
CREATE TABLE download (
    item     TEXT PRIMARY KEY,
    source   TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    -- NULL: unknown.
    total    INTEGER
) WITHOUT ROWID;

-- The first program that wrote each form of this database.
CREATE TABLE written_by (
    schema  INTEGER PRIMARY KEY,
    program TEXT NOT NULL
);

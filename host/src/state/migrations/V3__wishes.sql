-- What other processes ask of the run that holds the state; it takes them out as it hears them.
CREATE TABLE wish (
    id    INTEGER PRIMARY KEY,
    -- cancel_item or drop_source.
    kind  TEXT NOT NULL,
    -- Id of the item, or name of the source.
    value TEXT NOT NULL
);

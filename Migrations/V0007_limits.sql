-- What keeps the recorder's work bounded whatever processes do, and what the history says of the rest.

-- A namespace without an id is found by the session that saw it and its number there: the kernel gives
-- an inode number again, so a search by that would cost more with each namespace that had the number.
CREATE INDEX namespace_sighting ON namespace (session_id, sighting) WHERE sighting IS NOT NULL;
-- Whether one of an inode number had no id.
CREATE INDEX namespace_without_id ON namespace (inode, type, boot_id) WHERE kernel_id IS NULL;

-- How many changes of namespaces were left out since the sample before, because one task changed a
-- namespace of one type more often than is recorded one by one. From the change after which they were
-- left out until the sample after them that type of the task is 'unseen'. NULL for none.
ALTER TABLE sample ADD COLUMN folded INTEGER;

-- Of which tasks a sample showed what no event had reported: the first of those that
-- sample.disagreements counts.
CREATE TABLE disagreement (
  sample_id INTEGER NOT NULL REFERENCES sample,
  place     INTEGER NOT NULL,                -- counts from 1 in each sample
  pid       INTEGER NOT NULL,
  tid       INTEGER,                         -- of a thread; NULL for a process
  comm      TEXT,                            -- its name, escaped; NULL when not known
  -- 1: events had it elsewhere; 2: no event reported its start; 3: no event reported its exit.
  kind      INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
  -- Where events had it, and where the sample showed it: NULL where the one or the other knew of no
  -- such task.
  reported_set_id INTEGER REFERENCES namespace_set,
  sampled_set_id  INTEGER REFERENCES namespace_set,
  PRIMARY KEY (sample_id, place)
) STRICT, WITHOUT ROWID;

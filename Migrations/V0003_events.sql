-- What the kernel tells of processes as it happens: ends of memberships to the microsecond, and
-- processes that no sample met.
--
-- An event that changed something has a number in the same order as samples have: all that takes a
-- sample_id, from_sample or until_sample may name a sample or an event. Where nothing was lost, what
-- held at one of them held until the next. A membership that began at an event, or ended at the one
-- behind its until_sample, did so then and not some time before: see membership.exact.

-- Events that follow one another, with no sample in between, within a second of both clocks: event N
-- of them has the number first_sample + N, and was offsets[N] microseconds after wall_ns and boot_ns.
CREATE TABLE event_batch (
  first_sample INTEGER PRIMARY KEY,
  session_id   INTEGER NOT NULL REFERENCES session,
  wall_ns      INTEGER NOT NULL,
  boot_ns      INTEGER NOT NULL,
  offsets      TEXT    NOT NULL              -- six decimal digits each
) STRICT;

-- 1 where events told all that happened since the sample or event before. Then the sample, too, is
-- of one moment, its beginning: it confirms what events had told.
ALTER TABLE sample ADD COLUMN exact INTEGER CHECK (exact = 1);
-- Of how many processes a sample showed what no event had told; the sample repairs it. NULL without.
ALTER TABLE sample ADD COLUMN disagreements INTEGER;

-- Where events were lost, before the sample that made it good (its gap is 5).
CREATE TABLE event_loss (
  sample_id   INTEGER PRIMARY KEY REFERENCES sample,
  after_ns    INTEGER NOT NULL,              -- the last time up to which all were had, since boot
  by_ns       INTEGER NOT NULL,              -- the first from which on all were had again
  records     INTEGER,                       -- how many were lost; NULL if that is not known
  cause       TEXT NOT NULL CHECK (cause IN ('ring-full', 'processors', 'malformed', 'late'))
) STRICT;

-- Whether the recorder listened to events; NULL before this step. And of the processes that no
-- sample met, which it kept.
ALTER TABLE session ADD COLUMN events INTEGER CHECK (events IN (0, 1));
ALTER TABLE session ADD COLUMN short_lived TEXT CHECK (short_lived IN ('all', 'changed', 'none'));

-- 1: an event began it; 2: an event ended it; 3: both. NULL where only samples tell.
ALTER TABLE membership ADD COLUMN exact INTEGER CHECK (exact BETWEEN 1 AND 3);

-- The thread, of a task that is a thread whose namespaces differ from its leader's; NULL for a
-- process. Its parent is its process.
ALTER TABLE task ADD COLUMN tid INTEGER;
CREATE INDEX task_thread ON task (pid, tid) WHERE tid IS NOT NULL;

-- A process that started and exited among the events of one batch, and was where its parent's
-- children go all that time: a row for what is a task and a membership of others. It is named like a
-- task, by its first number negated. What it inherited (user, cgroup) is told as its parent's.
CREATE TABLE brief (
  from_sample    INTEGER PRIMARY KEY,        -- the event that started it
  length         INTEGER NOT NULL,           -- to the last number before the event that ended it
  pid            INTEGER NOT NULL,
  set_id         INTEGER NOT NULL,
  parent_task_id INTEGER,                    -- of `task`, or of `brief` where it is negative
  comm           TEXT,                       -- of its last exec; escaped
  uid            INTEGER,
  cgroup_id      INTEGER,
  task_id        INTEGER AS (-from_sample) VIRTUAL,
  until_sample   INTEGER AS (from_sample + length) VIRTUAL,
  exact          INTEGER AS (3) VIRTUAL      -- as membership.exact
) STRICT;
CREATE INDEX brief_pid ON brief (pid);
CREATE INDEX brief_set ON brief (set_id);
CREATE INDEX brief_comm ON brief (comm);
CREATE INDEX brief_cgroup ON brief (cgroup_id);

-- What ends at an event is not in `sample`, a parent may be in `brief`, and two lists of codes got
-- one more: constraints that the files before did not need
-- (https://www.sqlite.org/lang_altertable.html#otheralter).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, ' REFERENCES sample', '')
WHERE type = 'table' AND name IN ('membership', 'namespace', 'clock_step');
UPDATE sqlite_schema SET sql = replace(sql, 'parent_task_id INTEGER REFERENCES task',
                                       'parent_task_id INTEGER')
WHERE type = 'table' AND name = 'task';
-- 5: events were lost.
UPDATE sqlite_schema SET sql = replace(sql, 'gap BETWEEN 1 AND 4', 'gap BETWEEN 1 AND 5')
WHERE type = 'table' AND name = 'sample';
-- 5: no event tells of this link, and the process was gone before it could be read.
UPDATE sqlite_schema SET sql = replace(sql, 'unread BETWEEN 1 AND 4', 'unread BETWEEN 1 AND 5')
WHERE type = 'table' AND name = 'namespace_set_link';
PRAGMA writable_schema = RESET;

DROP VIEW unread_reasons;
CREATE VIEW unread_reasons (unread, name) AS
  VALUES (1, 'denied'), (2, 'zombie'), (3, 'unsupported'), (4, 'pending'), (5, 'unseen');

DROP VIEW samples;
CREATE VIEW samples AS
  SELECT sample_id, session_id,
         strftime('%Y-%m-%dT%H:%M:%S', wall_ns / 1000000000, 'unixepoch')
           || printf('.%09dZ', wall_ns % 1000000000) AS time,
         took_ns / 1e6 AS took_ms, late_ns / 1e6 AS late_ms,
         CASE gap WHEN 1 THEN 'suspended' WHEN 2 THEN 'stalled' WHEN 3 THEN 'write-failed'
                  WHEN 4 THEN 'read-failed' WHEN 5 THEN 'events-lost' END AS gap_before,
         exact, disagreements
  FROM sample;

-- One row for each event that has a number.
CREATE VIEW events AS
  WITH
    split (sample_id, session_id, wall_ns, rest) AS (
      SELECT first_sample, session_id, wall_ns, offsets FROM event_batch
      UNION ALL
      SELECT sample_id + 1, session_id, wall_ns, substr(rest, 7) FROM split
      WHERE length(rest) > 6),
    timed (sample_id, session_id, wall_ns) AS (
      SELECT sample_id, session_id, wall_ns + 1000 * CAST(substr(rest, 1, 6) AS INTEGER) FROM split)
  SELECT sample_id, session_id,
         strftime('%Y-%m-%dT%H:%M:%S', wall_ns / 1000000000, 'unixepoch')
           || printf('.%09dZ', wall_ns % 1000000000) AS time
  FROM timed;

DROP VIEW sessions;
CREATE VIEW sessions AS
  SELECT s.session_id, b.uuid AS boot, p.pid_namespace_inode, s.recorder_pid, s.program,
         s.interval_ns / 1e9 AS interval_s, s.identity, f.time AS first_sample,
         l.time AS last_sample, COALESCE(s.end_reason, 'open') AS state, s.events
  FROM session AS s JOIN pid_space AS p USING (space_id) JOIN boot AS b USING (boot_id)
  LEFT JOIN samples AS f ON f.sample_id = s.first_sample
  LEFT JOIN samples AS l ON s.first_sample IS NOT NULL AND l.sample_id = (
    SELECT MAX(sample_id) FROM sample
    WHERE sample_id <= COALESCE(s.last_sample, 9223372036854775807));

DROP VIEW processes;
CREATE VIEW processes AS
  SELECT t.task_id, b.uuid AS boot, p.pid_namespace_inode, t.pid, t.tid, t.start_ticks,
         strftime('%Y-%m-%dT%H:%M:%S', t.start_wall_ns / 1000000000, 'unixepoch')
           || printf('.%02dZ', t.start_wall_ns % 1000000000 / 10000000) AS start,
         t.comm, t.uid, t.parent_pid, t.kernel_thread, t.nspid, c.path AS cgroup
  FROM task AS t JOIN pid_space AS p USING (space_id) JOIN boot AS b USING (boot_id)
  LEFT JOIN cgroup AS c USING (cgroup_id)
  UNION ALL
  SELECT r.task_id, b.uuid, p.pid_namespace_inode, r.pid, NULL, NULL,
         (SELECT strftime('%Y-%m-%dT%H:%M:%S', wall_ns / 1000000000, 'unixepoch')
                   || printf('.%02dZ', wall_ns % 1000000000 / 10000000)
          FROM (SELECT e.wall_ns + 1000 * CAST(
                  substr(e.offsets, 6 * (r.from_sample - e.first_sample) + 1, 6) AS INTEGER)
                  AS wall_ns)),
         r.comm, r.uid, COALESCE(a.pid, o.pid), 0, r.pid, c.path
  FROM brief AS r JOIN event_batch AS e ON e.first_sample = (
    SELECT MAX(first_sample) FROM event_batch WHERE first_sample <= r.from_sample)
  JOIN session USING (session_id) JOIN pid_space AS p USING (space_id)
  JOIN boot AS b USING (boot_id) LEFT JOIN cgroup AS c USING (cgroup_id)
  LEFT JOIN task AS a ON a.task_id = r.parent_task_id
  LEFT JOIN brief AS o ON o.from_sample = -r.parent_task_id;

-- last_seen is when the event was that ended it, if one did. What still holds is as of the last
-- sample or event.
DROP VIEW memberships;
CREATE VIEW memberships AS
  WITH
    newest (number) AS (
      SELECT MAX(COALESCE((SELECT MAX(sample_id) FROM sample), 0), COALESCE(
        (SELECT first_sample + length(offsets) / 6 - 1 FROM event_batch
         ORDER BY first_sample DESC LIMIT 1), 0))),
    everyone (membership_id, task_id, pid, comm, set_id, first, last, open, exact) AS (
      SELECT m.membership_id, m.task_id, t.pid, t.comm, m.set_id, m.from_sample,
             COALESCE(m.until_sample + (COALESCE(m.exact, 0) >= 2), (SELECT number FROM newest)),
             m.until_sample IS NULL, m.exact
      FROM membership AS m JOIN task AS t USING (task_id)
      UNION ALL
      SELECT -from_sample, task_id, pid, comm, set_id, from_sample, until_sample + 1, 0, 3 FROM brief),
    timed AS (
      SELECT *,
        COALESCE((SELECT wall_ns FROM sample WHERE sample_id = first),
          (SELECT wall_ns + 1000 * CAST(substr(offsets, 6 * (first - first_sample) + 1, 6) AS INTEGER)
           FROM event_batch WHERE first_sample <= first ORDER BY first_sample DESC LIMIT 1)) AS f,
        COALESCE((SELECT wall_ns FROM sample WHERE sample_id = last),
          (SELECT wall_ns + 1000 * CAST(substr(offsets, 6 * (last - first_sample) + 1, 6) AS INTEGER)
           FROM event_batch WHERE first_sample <= last ORDER BY first_sample DESC LIMIT 1)) AS l
      FROM everyone)
  SELECT membership_id, task_id, pid, comm, set_id,
         strftime('%Y-%m-%dT%H:%M:%S', f / 1000000000, 'unixepoch')
           || printf('.%09dZ', f % 1000000000) AS first_seen,
         strftime('%Y-%m-%dT%H:%M:%S', l / 1000000000, 'unixepoch')
           || printf('.%09dZ', l % 1000000000) AS last_seen,
         open, exact
  FROM timed;

DROP VIEW membership_links;
CREATE VIEW membership_links AS
  SELECT m.membership_id, m.task_id, m.pid, m.comm, k.name AS link, n.inode, n.kernel_id,
         n.namespace_id, n.initial, u.name AS unread, m.first_seen, m.last_seen, m.open, m.exact
  FROM memberships AS m JOIN namespace_set_link AS sl USING (set_id)
  JOIN namespace_links AS k USING (link)
  LEFT JOIN namespace AS n USING (namespace_id)
  LEFT JOIN unread_reasons AS u ON u.unread = sl.unread;

-- A namespace may have come or gone with an event.
DROP VIEW namespaces;
CREATE VIEW namespaces AS
  WITH newest (number) AS (
    SELECT MAX(COALESCE((SELECT MAX(sample_id) FROM sample), 0), COALESCE(
      (SELECT first_sample + length(offsets) / 6 - 1 FROM event_batch
       ORDER BY first_sample DESC LIMIT 1), 0))),
  known AS (
    SELECT namespace_id, boot_id, type, inode, kernel_id, initial, first_sample,
      CASE WHEN first_sample IS NOT NULL
        THEN COALESCE(last_sample, (SELECT number FROM newest)) END AS last_sample,
      owner_id, parent_id, owner_uid
    FROM namespace),
  timed AS (
    SELECT *,
      COALESCE((SELECT wall_ns FROM sample WHERE sample_id = first_sample),
        (SELECT wall_ns + 1000 * CAST(
           substr(offsets, 6 * (n.first_sample - e.first_sample) + 1, 6) AS INTEGER)
         FROM event_batch AS e WHERE e.first_sample <= n.first_sample
         ORDER BY e.first_sample DESC LIMIT 1)) AS f,
      COALESCE((SELECT wall_ns FROM sample WHERE sample_id = last_sample),
        (SELECT wall_ns + 1000 * CAST(
           substr(offsets, 6 * (n.last_sample - e.first_sample) + 1, 6) AS INTEGER)
         FROM event_batch AS e WHERE e.first_sample <= n.last_sample
         ORDER BY e.first_sample DESC LIMIT 1)) AS l
    FROM known AS n)
  SELECT n.namespace_id, b.uuid AS boot, y.name AS type, n.inode, n.kernel_id, n.initial,
         strftime('%Y-%m-%dT%H:%M:%S', f / 1000000000, 'unixepoch')
           || printf('.%09dZ', f % 1000000000) AS first_seen,
         strftime('%Y-%m-%dT%H:%M:%S', l / 1000000000, 'unixepoch')
           || printf('.%09dZ', l % 1000000000) AS last_seen,
         o.inode AS owner_inode, o.kernel_id AS owner_id,
         p.inode AS parent_inode, p.kernel_id AS parent_id, n.owner_uid
  FROM timed AS n JOIN boot AS b USING (boot_id) JOIN namespace_types AS y USING (type)
  LEFT JOIN namespace AS o ON o.namespace_id = n.owner_id
  LEFT JOIN namespace AS p ON p.namespace_id = n.parent_id;

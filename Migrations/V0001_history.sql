-- The history of which process was in which Linux namespace, and when.
--
-- Store what changed, not what was seen again. A membership says that a process was in a
-- namespace set in every sample from from_sample to until_sample; while until_sample is NULL it
-- holds up to the last sample of its session. A sample in which nothing changed is one row of
-- `sample` and nothing else. What lies between two samples was not seen: see `gap`, below.
--
-- Times are integers: nanoseconds since the epoch (wall), or since boot (boot). The boot clock
-- is never set back. Text from the system is escaped: a backslash is `\\` and a newline `\n`, as in
-- /proc/PID/status, and any other byte that is not printable UTF-8 `\xHH`.

CREATE TABLE boot (
  boot_id          INTEGER PRIMARY KEY,
  uuid             TEXT    NOT NULL UNIQUE,  -- /proc/sys/kernel/random/boot_id
  ticks_per_second INTEGER NOT NULL CHECK (ticks_per_second > 0)
) STRICT;

-- Whose PIDs: those that the processes of one boot have in one pid namespace, with start times on
-- the boot clock of one time namespace. One PID in two of these is two processes. Two sessions
-- share one only if it is proven to be the same.
CREATE TABLE pid_space (
  space_id              INTEGER PRIMARY KEY,
  boot_id               INTEGER NOT NULL REFERENCES boot,
  pid_namespace_inode   INTEGER,             -- whose processes were shown; NULL if not known
  pid_namespace_id      INTEGER,             -- the kernel's id of it; NULL if it gives none
  time_namespace_inode  INTEGER,             -- the recorder's; NULL if not readable
  proc_root             TEXT                 -- only where the pid namespace is not known
) STRICT;

-- One run of the recorder. Sessions follow one another; they never overlap.
CREATE TABLE session (
  session_id           INTEGER PRIMARY KEY,
  space_id             INTEGER NOT NULL REFERENCES pid_space,
  recorder_pid         INTEGER NOT NULL,     -- in the recorder's own pid namespace:
  recorder_pid_namespace_inode INTEGER,      -- NULL if not readable
  program              TEXT    NOT NULL,     -- 'nshist 0.1.0'
  interval_ns          INTEGER NOT NULL CHECK (interval_ns > 0),
  identity             TEXT    NOT NULL,     -- how namespaces were told apart
  proc_root            TEXT    NOT NULL,     -- its real path
  hidepid              INTEGER,              -- of the mount of proc_root; NULL if not known
  started_wall_ns      INTEGER NOT NULL,
  started_boot_ns      INTEGER NOT NULL,
  first_sample         INTEGER,              -- NULL until there is one
  last_sample          INTEGER,              -- NULL while the session is open, or without one
  ended_wall_ns        INTEGER,              -- NULL while open, and for ever when it died
  end_reason           TEXT CHECK (end_reason IN ('completed', 'stopped', 'failed', 'died')),
  CHECK ((end_reason IS NULL) OR (last_sample IS NOT NULL) OR (first_sample IS NULL))
) STRICT;

-- One pass over /proc. It began at wall_ns and took took_ns; each read was somewhere in between.
CREATE TABLE sample (
  sample_id  INTEGER PRIMARY KEY,            -- in the order of the boot clock and of sessions
  session_id INTEGER NOT NULL REFERENCES session,
  wall_ns    INTEGER NOT NULL,
  boot_ns    INTEGER NOT NULL,
  took_ns    INTEGER NOT NULL CHECK (took_ns >= 0),
  late_ns    INTEGER,                        -- behind its schedule; NULL when in time
  -- Why the time since the sample before is a gap: 1 the machine was suspended, 2 the recorder
  -- did not get to run, 3 samples could not be written, 4 samples could not be read.
  gap        INTEGER CHECK (gap BETWEEN 1 AND 4)
) STRICT;
CREATE INDEX sample_gap ON sample (sample_id) WHERE gap IS NOT NULL;

-- Where the wall clock moved against the boot clock, before the sample.
CREATE TABLE clock_step (
  sample_id INTEGER PRIMARY KEY REFERENCES sample,
  step_ns   INTEGER NOT NULL                 -- negative: it was set back
) STRICT;

-- One kernel namespace. An inode number is used again; the kernel's id is not.
CREATE TABLE namespace (
  namespace_id INTEGER PRIMARY KEY,
  boot_id      INTEGER NOT NULL REFERENCES boot,
  type         INTEGER NOT NULL CHECK (type BETWEEN 1 AND 8),
  inode        INTEGER NOT NULL,
  kernel_id    INTEGER,                      -- NULL where the kernel gives none; then:
  session_id   INTEGER REFERENCES session,   --   the session that saw it, and
  sighting     INTEGER,                      --   a number that tells it apart in that session
  initial      INTEGER CHECK (initial IN (0, 1)),  -- NULL when that could not be told
  CHECK ((kernel_id IS NULL) = (sighting IS NOT NULL)),
  CHECK ((kernel_id IS NULL) = (session_id IS NOT NULL))
) STRICT;
CREATE INDEX namespace_identity ON namespace (inode, type);

-- The links of a process at one moment. A machine has few distinct sets, so a membership names
-- one instead of repeating ten links.
CREATE TABLE namespace_set (
  set_id INTEGER PRIMARY KEY,
  links  TEXT NOT NULL UNIQUE                -- its ten links in one line, to find it again
) STRICT;

CREATE TABLE namespace_set_link (
  set_id       INTEGER NOT NULL REFERENCES namespace_set,
  link         INTEGER NOT NULL CHECK (link BETWEEN 0 AND 9),
  namespace_id INTEGER REFERENCES namespace,
  unread       INTEGER CHECK (unread BETWEEN 1 AND 4),  -- why there is no namespace_id
  PRIMARY KEY (set_id, link),
  CHECK ((namespace_id IS NULL) <> (unread IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX namespace_set_link_namespace ON namespace_set_link (namespace_id)
  WHERE namespace_id IS NOT NULL;

CREATE TABLE cgroup (
  cgroup_id INTEGER PRIMARY KEY,
  path      TEXT NOT NULL UNIQUE             -- /proc/PID/cgroup, escaped
) STRICT;

-- One process. Two rows of one PID are two processes, also when they started in one clock tick.
CREATE TABLE task (
  task_id       INTEGER PRIMARY KEY,
  space_id      INTEGER NOT NULL REFERENCES pid_space,
  pid           INTEGER NOT NULL CHECK (pid > 0),
  start_ticks   INTEGER,                     -- of the boot clock; NULL when not readable
  parent_pid    INTEGER NOT NULL,            -- when first seen
  kernel_thread INTEGER NOT NULL CHECK (kernel_thread IN (0, 1)),
  nspid         TEXT    NOT NULL,            -- PIDs in inner pid namespaces: '4711 12 1'
  start_wall_ns INTEGER,                     -- start_ticks on the wall clock of the first sight
  comm          TEXT,                        -- escaped; NULL when not readable
  uid           INTEGER,
  cgroup_id     INTEGER REFERENCES cgroup
) STRICT;
CREATE INDEX task_pid ON task (pid, start_ticks);

CREATE TABLE membership (
  membership_id INTEGER PRIMARY KEY,
  task_id       INTEGER NOT NULL REFERENCES task,
  set_id        INTEGER NOT NULL REFERENCES namespace_set,
  from_sample   INTEGER NOT NULL REFERENCES sample,
  until_sample  INTEGER REFERENCES sample,   -- the last that saw it; NULL while it holds
  CHECK (until_sample >= from_sample)
) STRICT;
CREATE INDEX membership_task ON membership (task_id, from_sample);
CREATE INDEX membership_open ON membership (membership_id) WHERE until_sample IS NULL;
-- What was there in a sample, without a look at all that ever was: a membership whose length in
-- samples has N octal digits and that was there in sample S began after S - 8^N. So a few short
-- ranges of this index hold them all.
CREATE INDEX membership_span
  ON membership (length(printf('%o', until_sample - from_sample)), from_sample)
  WHERE until_sample IS NOT NULL;

-- Flat views, for people: names for codes, and times as RFC 3339 in UTC.

CREATE VIEW namespace_types (type, name) AS
  VALUES (1, 'cgroup'), (2, 'ipc'), (3, 'mnt'), (4, 'net'),
         (5, 'pid'), (6, 'time'), (7, 'user'), (8, 'uts');

CREATE VIEW namespace_links (link, name, type) AS
  VALUES (0, 'cgroup', 1), (1, 'ipc', 2), (2, 'mnt', 3), (3, 'net', 4), (4, 'pid', 5),
         (5, 'pid_for_children', 5), (6, 'time', 6), (7, 'time_for_children', 6),
         (8, 'user', 7), (9, 'uts', 8);

CREATE VIEW unread_reasons (unread, name) AS
  VALUES (1, 'denied'), (2, 'zombie'), (3, 'unsupported'), (4, 'pending');

CREATE VIEW samples AS
  SELECT sample_id, session_id,
         strftime('%Y-%m-%dT%H:%M:%S', wall_ns / 1000000000, 'unixepoch')
           || printf('.%09dZ', wall_ns % 1000000000) AS time,
         took_ns / 1e6 AS took_ms, late_ns / 1e6 AS late_ms,
         CASE gap WHEN 1 THEN 'suspended' WHEN 2 THEN 'stalled'
                  WHEN 3 THEN 'write-failed' WHEN 4 THEN 'read-failed' END AS gap_before
  FROM sample;

CREATE VIEW sessions AS
  SELECT s.session_id, b.uuid AS boot, p.pid_namespace_inode, s.recorder_pid, s.program,
         s.interval_ns / 1e9 AS interval_s, s.identity, f.time AS first_sample,
         l.time AS last_sample, COALESCE(s.end_reason, 'open') AS state
  FROM session AS s JOIN pid_space AS p USING (space_id) JOIN boot AS b USING (boot_id)
  LEFT JOIN samples AS f ON f.sample_id = s.first_sample
  LEFT JOIN samples AS l ON s.first_sample IS NOT NULL
    AND l.sample_id = COALESCE(s.last_sample, (SELECT MAX(sample_id) FROM sample));

CREATE VIEW processes AS
  SELECT t.task_id, b.uuid AS boot, p.pid_namespace_inode, t.pid, t.start_ticks,
         strftime('%Y-%m-%dT%H:%M:%S', t.start_wall_ns / 1000000000, 'unixepoch')
           || printf('.%02dZ', t.start_wall_ns % 1000000000 / 10000000) AS start,
         t.comm, t.uid, t.parent_pid, t.kernel_thread, t.nspid, c.path AS cgroup
  FROM task AS t JOIN pid_space AS p USING (space_id) JOIN boot AS b USING (boot_id)
  LEFT JOIN cgroup AS c USING (cgroup_id);

CREATE VIEW namespaces AS
  SELECT n.namespace_id, b.uuid AS boot, y.name AS type, n.inode, n.kernel_id, n.initial
  FROM namespace AS n JOIN boot AS b USING (boot_id) JOIN namespace_types AS y USING (type);

-- One row for each time a process was in one namespace set; `membership_links` has its links.
CREATE VIEW memberships AS
  SELECT m.membership_id, m.task_id, t.pid, t.comm, m.set_id,
         f.time AS first_seen, l.time AS last_seen, m.until_sample IS NULL AS open
  FROM membership AS m JOIN task AS t USING (task_id)
  JOIN samples AS f ON f.sample_id = m.from_sample
  JOIN samples AS l
    ON l.sample_id = COALESCE(m.until_sample, (SELECT MAX(sample_id) FROM sample));

-- One row for each of the ten links of each membership: the flattest view of all.
CREATE VIEW membership_links AS
  SELECT m.membership_id, m.task_id, m.pid, m.comm, k.name AS link, n.inode, n.kernel_id,
         n.namespace_id, n.initial, u.name AS unread, m.first_seen, m.last_seen, m.open
  FROM memberships AS m JOIN namespace_set_link AS sl USING (set_id)
  JOIN namespace_links AS k USING (link)
  LEFT JOIN namespace AS n USING (namespace_id)
  LEFT JOIN unread_reasons AS u ON u.unread = sl.unread;

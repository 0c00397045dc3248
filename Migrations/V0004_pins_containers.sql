-- What keeps a namespace beside processes, who made it, and the containers that people speak of.

-- A look for what pins namespaces: at the mounts of every mount namespace and at the open files of
-- every process. It began at wall_ns and took took_ns.
CREATE TABLE pin_scan (
  scan_id    INTEGER PRIMARY KEY,            -- in the order of the boot clock and of sessions
  session_id INTEGER NOT NULL REFERENCES session,
  wall_ns    INTEGER NOT NULL,
  boot_ns    INTEGER NOT NULL,
  took_ns    INTEGER NOT NULL CHECK (took_ns >= 0),
  denied     INTEGER NOT NULL                -- processes whose open files could not be looked at
) STRICT;
CREATE INDEX pin_scan_wall ON pin_scan (wall_ns);

-- A pin was there in every look from from_scan to until_scan; while until_scan is NULL, up to the
-- last of its session.
CREATE TABLE pin (
  pin_id             INTEGER PRIMARY KEY,
  namespace_id       INTEGER NOT NULL REFERENCES namespace,
  kind               INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),  -- see pin_kinds
  mount_namespace_id INTEGER REFERENCES namespace, -- of a mount: where it is seen; NULL if not known
  path               TEXT,                   -- of a mount: as seen there, escaped
  pid                INTEGER,                -- of a file or socket: whose it is,
  task_id            INTEGER REFERENCES task,--   NULL if no sample had met it
  comm               TEXT,                   --   its name then, escaped
  descriptor         INTEGER,                --   and its number there
  from_scan          INTEGER NOT NULL REFERENCES pin_scan,
  until_scan         INTEGER REFERENCES pin_scan,
  CHECK (until_scan >= from_scan),
  CHECK ((kind = 1) = (path IS NOT NULL)),
  CHECK ((kind = 1) = (pid IS NULL))
) STRICT;
CREATE INDEX pin_namespace ON pin (namespace_id);
CREATE INDEX pin_open ON pin (pin_id) WHERE until_scan IS NULL;
-- As membership_span, counted in looks.
CREATE INDEX pin_span ON pin (length(printf('%o', until_scan - from_scan)), from_scan)
  WHERE until_scan IS NOT NULL;

CREATE VIEW pin_kinds (kind, name) AS VALUES (1, 'mount'), (2, 'descriptor'), (3, 'socket');

-- The process that made it: of `brief` where it is negative. Certain (1) is who made a process in it
-- (clone(2)). Otherwise (0) it is the first that was in it, by an event behind a look for pins: it
-- made it (unshare(2)), unless it entered (setns(2)) what no look could see.
ALTER TABLE namespace ADD COLUMN maker_task_id INTEGER;
ALTER TABLE namespace ADD COLUMN maker_certain INTEGER CHECK (maker_certain IN (0, 1));
CREATE INDEX namespace_maker ON namespace (maker_task_id) WHERE maker_task_id IS NOT NULL;

-- What people call a container, as far as the path of a control group says so. One that is inside
-- another names that as outer_id.
CREATE TABLE container (
  container_id INTEGER PRIMARY KEY,
  outer_id     INTEGER REFERENCES container,
  engine       TEXT,                         -- NULL where the path does not say
  id           TEXT    NOT NULL,             -- 64 hexadecimal digits, or a name where that is all
  pod          TEXT,                         -- the uid of its Kubernetes pod
  owner_uid    INTEGER,                      -- the user whose rootless container it is
  name         TEXT,                         -- of the engine's files; NULL if not found there
  image        TEXT,
  pod_name     TEXT,
  pod_namespace TEXT,                        -- of Kubernetes: not one of the kernel's
  sandbox      INTEGER CHECK (sandbox IN (0, 1)) -- whether it only holds its pod together
) STRICT;
CREATE INDEX container_id ON container (id);
CREATE INDEX container_name ON container (name) WHERE name IS NOT NULL;
CREATE INDEX container_outer ON container (outer_id) WHERE outer_id IS NOT NULL;

-- The innermost container of the path, and the unit of systemd.
ALTER TABLE cgroup ADD COLUMN container_id INTEGER REFERENCES container;
ALTER TABLE cgroup ADD COLUMN unit TEXT;
CREATE INDEX cgroup_container ON cgroup (container_id) WHERE container_id IS NOT NULL;

CREATE VIEW pins AS
  SELECT p.pin_id, y.name AS type, n.inode, n.kernel_id, n.namespace_id, k.name AS kind, p.path,
         m.inode AS mount_namespace_inode, p.pid, p.comm, p.descriptor,
         strftime('%Y-%m-%dT%H:%M:%S', f.wall_ns / 1000000000, 'unixepoch')
           || printf('.%09dZ', f.wall_ns % 1000000000) AS first_seen,
         strftime('%Y-%m-%dT%H:%M:%S', l.wall_ns / 1000000000, 'unixepoch')
           || printf('.%09dZ', l.wall_ns % 1000000000) AS last_seen,
         p.until_scan IS NULL AS open
  FROM pin AS p JOIN namespace AS n USING (namespace_id) JOIN namespace_types AS y USING (type)
  JOIN pin_kinds AS k USING (kind)
  JOIN pin_scan AS f ON f.scan_id = p.from_scan
  JOIN pin_scan AS l ON l.scan_id = COALESCE(p.until_scan, (SELECT MAX(scan_id) FROM pin_scan))
  LEFT JOIN namespace AS m ON m.namespace_id = p.mount_namespace_id;

DROP VIEW processes;
CREATE VIEW processes AS
  SELECT t.task_id, b.uuid AS boot, p.pid_namespace_inode, t.pid, t.tid, t.start_ticks,
         strftime('%Y-%m-%dT%H:%M:%S', t.start_wall_ns / 1000000000, 'unixepoch')
           || printf('.%02dZ', t.start_wall_ns % 1000000000 / 10000000) AS start,
         t.comm, t.uid, t.parent_pid, t.kernel_thread, t.nspid, c.path AS cgroup, c.unit,
         n.engine, n.id AS container, n.name AS container_name
  FROM task AS t JOIN pid_space AS p USING (space_id) JOIN boot AS b USING (boot_id)
  LEFT JOIN cgroup AS c USING (cgroup_id) LEFT JOIN container AS n USING (container_id)
  UNION ALL
  SELECT r.task_id, b.uuid, p.pid_namespace_inode, r.pid, NULL, NULL,
         (SELECT strftime('%Y-%m-%dT%H:%M:%S', wall_ns / 1000000000, 'unixepoch')
                   || printf('.%02dZ', wall_ns % 1000000000 / 10000000)
          FROM (SELECT e.wall_ns + 1000 * CAST(
                  substr(e.offsets, 6 * (r.from_sample - e.first_sample) + 1, 6) AS INTEGER)
                  AS wall_ns)),
         r.comm, r.uid, COALESCE(a.pid, o.pid), 0, r.pid, c.path, c.unit, n.engine, n.id, n.name
  FROM brief AS r JOIN event_batch AS e ON e.first_sample = (
    SELECT MAX(first_sample) FROM event_batch WHERE first_sample <= r.from_sample)
  JOIN session USING (session_id) JOIN pid_space AS p USING (space_id)
  JOIN boot AS b USING (boot_id) LEFT JOIN cgroup AS c USING (cgroup_id)
  LEFT JOIN container AS n USING (container_id)
  LEFT JOIN task AS a ON a.task_id = r.parent_task_id
  LEFT JOIN brief AS o ON o.from_sample = -r.parent_task_id;

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
      owner_id, parent_id, owner_uid, maker_task_id, maker_certain
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
         p.inode AS parent_inode, p.kernel_id AS parent_id, n.owner_uid,
         COALESCE(t.pid, r.pid) AS maker_pid, COALESCE(t.comm, r.comm) AS maker_comm,
         n.maker_certain
  FROM timed AS n JOIN boot AS b USING (boot_id) JOIN namespace_types AS y USING (type)
  LEFT JOIN namespace AS o ON o.namespace_id = n.owner_id
  LEFT JOIN namespace AS p ON p.namespace_id = n.parent_id
  LEFT JOIN task AS t ON t.task_id = n.maker_task_id
  LEFT JOIN brief AS r ON r.from_sample = -n.maker_task_id;

-- What a process is besides its namespaces (its name, its user, its control group, its parent) changes
-- too, and has intervals of its own.

-- `task` holds the description that was read last. A row here holds one of a time before: it is known
-- to have held up to the sample or event last_seq, and from next_seq on another is known.
CREATE TABLE past_description (
  task_id    INTEGER NOT NULL REFERENCES task,
  next_seq   INTEGER NOT NULL,
  last_seq   INTEGER NOT NULL,
  exact      INTEGER CHECK (exact = 1),      -- 1: the event next_seq ended it. NULL: it ended at some
                                             --   time behind last_seq, and by next_seq
  comm       TEXT,
  uid        INTEGER,
  cgroup_id  INTEGER REFERENCES cgroup,
  parent_pid INTEGER NOT NULL,
  provenance INTEGER,                        -- as in task
  PRIMARY KEY (task_id, next_seq),
  CHECK (last_seq < next_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX past_description_comm ON past_description (comm);
CREATE INDEX past_description_cgroup ON past_description (cgroup_id);

-- 1 where past_description has rows of the process.
ALTER TABLE task ADD COLUMN has_past INTEGER CHECK (has_past = 1);
-- The parent that was read last, where that is another than parent_pid.
ALTER TABLE task ADD COLUMN last_parent_pid INTEGER;
-- The sum of: 1, uid is the parent's and was not read; 2, cgroup_id is the parent's and was not read;
-- 4, an event reported the start, so parent_pid is the process that made this one.
ALTER TABLE task ADD COLUMN provenance INTEGER;
ALTER TABLE brief ADD COLUMN provenance INTEGER;

-- All descriptions of a process in the order of time; those that hold have no last_seq.
CREATE VIEW descriptions AS
  SELECT task_id, pid, tid, last_seq, next_seq, p.exact, p.comm, p.uid, c.path AS cgroup,
         p.parent_pid, COALESCE(p.provenance, 0) & 1 AS uid_is_inherited,
         COALESCE(p.provenance, 0) & 2 <> 0 AS cgroup_is_inherited
  FROM past_description AS p JOIN task AS t USING (task_id)
  LEFT JOIN cgroup AS c ON c.cgroup_id = p.cgroup_id
  UNION ALL
  SELECT task_id, pid, tid, NULL, NULL, NULL, comm, uid, c.path,
         COALESCE(last_parent_pid, parent_pid), COALESCE(provenance, 0) & 1,
         COALESCE(provenance, 0) & 2 <> 0
  FROM task LEFT JOIN cgroup AS c USING (cgroup_id)
  UNION ALL
  SELECT r.task_id, r.pid, NULL, NULL, NULL, NULL, r.comm, r.uid, c.path, COALESCE(a.pid, o.pid),
         COALESCE(r.provenance, 0) & 1, COALESCE(r.provenance, 0) & 2 <> 0
  FROM brief AS r LEFT JOIN cgroup AS c USING (cgroup_id)
  LEFT JOIN task AS a ON a.task_id = r.parent_task_id
  LEFT JOIN brief AS o ON o.from_sample = -r.parent_task_id;

-- 1 where the folder of its cgroup, and the one above, belonged to root when the container was met: only
-- root's engine can have made it. 0 where they did not, or are in what systemd gave to a user: whoever
-- may make cgroups there may name one like a container. NULL where that could not be read.
ALTER TABLE container ADD COLUMN verified INTEGER CHECK (verified IN (0, 1));

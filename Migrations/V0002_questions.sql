-- What questions beyond "were these together?" need: how namespaces hang together and how long
-- each was there, which memberships began or ended with something to tell, and indexes for all
-- that is asked by name, by namespace or in the order of time.

-- Which samples a process was in it: first_sample is the first that knew of the namespace, and
-- last_sample the last that saw a process in it; where none ever was, the same as first_sample. While
-- last_sample is NULL a process is in it, up to the last sample of the session.
ALTER TABLE namespace ADD COLUMN first_sample INTEGER REFERENCES sample;
ALTER TABLE namespace ADD COLUMN last_sample INTEGER REFERENCES sample;
-- ioctl_nsfs(2): the user namespace that owns it, the pid or user namespace it was made in, and for
-- a user namespace the user who made it. NULL where there is none, or where that was not told.
ALTER TABLE namespace ADD COLUMN owner_id INTEGER REFERENCES namespace;
ALTER TABLE namespace ADD COLUMN parent_id INTEGER REFERENCES namespace;
ALTER TABLE namespace ADD COLUMN owner_uid INTEGER;

-- The process that parent_pid was when this one was first seen; NULL if that is not known.
ALTER TABLE task ADD COLUMN parent_task_id INTEGER REFERENCES task;

-- What there may be to tell of its beginning; NULL when a process started where its parent's children
-- go, or goes on with nothing to tell. 1: it may have moved, from origin_set_id. 2: it started
-- elsewhere than its parent's children go, which are in origin_set_id, or has its own go elsewhere.
-- 3: its parent is not known, and it is in a namespace that was not known, or has its children go
-- elsewhere. 4: it goes on, after time with no recorder or beside links that could not be read, and
-- there was something to tell before.
ALTER TABLE membership ADD COLUMN cause INTEGER CHECK (cause BETWEEN 1 AND 4);
ALTER TABLE membership ADD COLUMN origin_set_id INTEGER REFERENCES namespace_set;

-- Of what was recorded before this step only moves are told.
UPDATE membership SET cause = 1, origin_set_id = before.set_id
FROM (SELECT membership_id, LAG(set_id) OVER (PARTITION BY task_id ORDER BY from_sample) AS set_id
      FROM membership) AS before
WHERE before.membership_id = membership.membership_id AND before.set_id <> membership.set_id;

WITH
  sets AS (SELECT set_id, MIN(from_sample) AS first, MAX(until_sample) AS last,
                  COUNT(*) - COUNT(until_sample) AS open
           FROM membership GROUP BY set_id),
  seen AS (SELECT l.namespace_id, MIN(first) AS first,
                  COALESCE(MAX(last) FILTER (WHERE l.link NOT IN (5, 7)), MIN(first)) AS last,
                  SUM(open) FILTER (WHERE l.link NOT IN (5, 7)) AS open
           FROM sets JOIN namespace_set_link AS l USING (set_id)
           WHERE l.namespace_id IS NOT NULL GROUP BY 1)
UPDATE namespace
SET first_sample = seen.first, last_sample = CASE WHEN seen.open > 0 THEN NULL ELSE seen.last END
FROM seen WHERE seen.namespace_id = namespace.namespace_id;

CREATE INDEX membership_begun ON membership (from_sample) WHERE cause IS NOT NULL;
CREATE INDEX membership_ended ON membership (until_sample)
  WHERE cause IS NOT NULL AND until_sample IS NOT NULL;
-- As membership_span, for those of one set; 0 stands for those that still hold.
CREATE INDEX membership_set ON membership (
  set_id,
  CASE WHEN until_sample IS NULL THEN 0
       ELSE length(printf('%o', until_sample - from_sample)) END,
  from_sample);
CREATE INDEX task_comm ON task (comm);
CREATE INDEX task_cgroup ON task (cgroup_id);
CREATE INDEX namespace_kernel_id ON namespace (kernel_id) WHERE kernel_id IS NOT NULL;
CREATE INDEX namespace_last ON namespace (last_sample);
CREATE INDEX namespace_parent ON namespace (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX namespace_owner ON namespace (owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX namespace_set_link_unread ON namespace_set_link (unread) WHERE unread IS NOT NULL;

DROP VIEW namespaces;
CREATE VIEW namespaces AS
  SELECT n.namespace_id, b.uuid AS boot, y.name AS type, n.inode, n.kernel_id, n.initial,
         f.time AS first_seen, l.time AS last_seen, o.inode AS owner_inode, o.kernel_id AS owner_id,
         p.inode AS parent_inode, p.kernel_id AS parent_id, n.owner_uid
  FROM namespace AS n JOIN boot AS b USING (boot_id) JOIN namespace_types AS y USING (type)
  LEFT JOIN samples AS f ON f.sample_id = n.first_sample
  LEFT JOIN samples AS l ON l.sample_id = COALESCE(n.last_sample,
    CASE WHEN n.first_sample IS NOT NULL THEN (SELECT MAX(sample_id) FROM sample) END)
  LEFT JOIN namespace AS o ON o.namespace_id = n.owner_id
  LEFT JOIN namespace AS p ON p.namespace_id = n.parent_id;

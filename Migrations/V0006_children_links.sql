-- A namespace is seen for as long as a process is in it, or has its children go there
-- (pid_for_children, time_for_children), which keeps it as well.

DROP VIEW namespaces;
CREATE VIEW namespaces AS
  WITH newest (number) AS (
    SELECT MAX(COALESCE((SELECT MAX(sample_id) FROM sample), 0), COALESCE(
      (SELECT first_sample + length(offsets) / 6 - 1 FROM event_batch
       ORDER BY first_sample DESC LIMIT 1), 0))),
  -- A link for children has the code behind that of the process's own.
  held AS (
    SELECT l.namespace_id, l.set_id FROM namespace_set_link AS l
    WHERE l.link IN (5, 7) AND l.namespace_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM namespace_set_link AS o WHERE o.set_id = l.set_id AND o.link = l.link - 1
        AND o.namespace_id = l.namespace_id)),
  known AS (
    SELECT namespace_id, boot_id, type, inode, kernel_id, initial, first_sample,
      CASE WHEN first_sample IS NULL THEN NULL
        WHEN last_sample IS NULL THEN (SELECT number FROM newest)
        ELSE MAX(last_sample, COALESCE(
          (SELECT MAX(COALESCE(m.until_sample, (SELECT number FROM newest)))
           FROM held AS h CROSS JOIN membership AS m ON m.set_id = h.set_id
           WHERE h.namespace_id = namespace.namespace_id), 0), COALESCE(
          (SELECT MAX(m.until_sample) FROM held AS h CROSS JOIN brief AS m ON m.set_id = h.set_id
           WHERE h.namespace_id = namespace.namespace_id), 0)) END AS last_sample,
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

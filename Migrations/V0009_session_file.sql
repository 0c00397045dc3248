-- The file that a session was recorded into. A copy of it is another file: it cannot tell how a session
-- ended that was open as it was made.

CREATE TABLE session_file (
  session_id INTEGER PRIMARY KEY REFERENCES session,
  device     INTEGER NOT NULL,               -- st_dev and st_ino of stat(2)
  inode      INTEGER NOT NULL,
  -- 1 where a recorder found the session open in a copy: then nothing is known of its end, and its
  -- end_reason is of no meaning.
  copied     INTEGER CHECK (copied = 1)
) STRICT;

DROP VIEW sessions;
CREATE VIEW sessions AS
  SELECT s.session_id, b.uuid AS boot, p.pid_namespace_inode, s.recorder_pid, s.program,
         s.interval_ns / 1e9 AS interval_s, s.identity, f.time AS first_sample,
         l.time AS last_sample,
         CASE WHEN c.copied = 1 THEN 'unknown-end' ELSE COALESCE(s.end_reason, 'open') END AS state,
         s.events
  FROM session AS s JOIN pid_space AS p USING (space_id) JOIN boot AS b USING (boot_id)
  LEFT JOIN session_file AS c USING (session_id)
  LEFT JOIN samples AS f ON f.sample_id = s.first_sample
  LEFT JOIN samples AS l ON s.first_sample IS NOT NULL AND l.sample_id = (
    SELECT MAX(sample_id) FROM sample
    WHERE sample_id <= COALESCE(s.last_sample, 9223372036854775807));

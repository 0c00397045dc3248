// The statements that move the watermark to a later sample, `?1`. They run in one transaction, in this order.
//
// Temporary tables hold the ids of the rows to change, so that each statement finds these rows by an index:
//
//   ended         memberships that ended before the watermark
//   reaching      memberships that hold at the watermark, and began before it or with it
//   kept_task     tasks with a membership in `ended` or `reaching` that remain in the file
//   gone_task     tasks that have no membership any more
//   resumable     tasks that the recorder may continue: they remain even without a membership
//   loose_*       rows to which a removed row referred: they are removed too, unless another row refers to them

internal import SQLite

enum PruneStatements {
  /// The temporary tables, which are in memory.
  static let tables = """
    PRAGMA temp_store = MEMORY;
    CREATE TEMP TABLE ended (membership_id INTEGER PRIMARY KEY, task_id, set_id, origin_set_id);
    CREATE TEMP TABLE reaching (membership_id INTEGER PRIMARY KEY, task_id, set_id, origin_set_id);
    CREATE TEMP TABLE kept_task (task_id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE gone_task (task_id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE resumable (task_id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE loose_set (set_id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE loose_namespace (namespace_id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE loose_cgroup (cgroup_id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE loose_container (container_id INTEGER PRIMARY KEY);
    """

  /// The temporary tables that are empty between two moves.
  static let emptied = [
    "ended", "reaching", "kept_task", "gone_task", "loose_set", "loose_namespace", "loose_cgroup",
    "loose_container",
  ]

  /// The classes of lengths of `membership_span`.
  private static let spans = """
    WITH RECURSIVE span (digits) AS (
      VALUES (1) UNION ALL SELECT digits + 1 FROM span WHERE digits < 21)
    """

  /// Finds the memberships that began before the new watermark or with it. Those that ended before the last watermark
  /// are not in the file any more, so each has ended since then or still holds at the new one.
  static let findMemberships = [
    """
    \(spans)
    INSERT INTO ended
    SELECT membership_id, task_id, set_id, origin_set_id FROM span CROSS JOIN membership
      INDEXED BY membership_span
    WHERE until_seq IS NOT NULL AND length(printf('%o', until_seq - from_seq)) = digits
      AND from_seq < ?1 AND until_seq < ?1
    """,
    """
    \(spans)
    INSERT INTO reaching
    SELECT membership_id, task_id, set_id, origin_set_id FROM span CROSS JOIN membership
      INDEXED BY membership_span
    WHERE until_seq IS NOT NULL AND length(printf('%o', until_seq - from_seq)) = digits
      AND from_seq <= ?1 AND until_seq >= ?1
    """,
    """
    INSERT INTO reaching
    SELECT membership_id, task_id, set_id, origin_set_id FROM membership INDEXED BY membership_open
    WHERE until_seq IS NULL AND from_seq <= ?1
    """,
  ]

  /// Count the short-lived tasks and the memberships that ended before a sample, `?1`, up to `?2` each.
  static let countEnded = [
    "SELECT COUNT(*) FROM (SELECT 1 FROM short_lived_task WHERE from_seq < ?1 LIMIT ?2)",
    """
    \(spans)
    SELECT COUNT(*) FROM (
      SELECT 1 FROM span CROSS JOIN membership INDEXED BY membership_span
      WHERE until_seq IS NOT NULL AND length(printf('%o', until_seq - from_seq)) = digits
        AND from_seq < ?1 AND until_seq < ?1 LIMIT ?2)
    """,
  ]

  /// Adds to the tables `loose_*` the rows to which the memberships, short-lived tasks and disagreements refer that are
  /// removed, and the origin sets of the memberships that reach over the watermark, which lose that reference.
  static let noteNamed = [
    "INSERT OR IGNORE INTO loose_set SELECT set_id FROM ended",
    "INSERT OR IGNORE INTO loose_set SELECT origin_set_id FROM ended WHERE origin_set_id IS NOT NULL",
    """
    INSERT OR IGNORE INTO loose_set SELECT origin_set_id FROM reaching
    WHERE origin_set_id IS NOT NULL
    """,
    "INSERT OR IGNORE INTO loose_set SELECT set_id FROM short_lived_task WHERE from_seq < ?1",
    """
    INSERT OR IGNORE INTO loose_set SELECT reported_set_id FROM disagreement
    WHERE seq <= ?1 AND reported_set_id IS NOT NULL
    """,
    """
    INSERT OR IGNORE INTO loose_set SELECT sampled_set_id FROM disagreement
    WHERE seq <= ?1 AND sampled_set_id IS NOT NULL
    """,
    """
    INSERT OR IGNORE INTO loose_cgroup SELECT cgroup_id FROM short_lived_task
    WHERE from_seq < ?1 AND cgroup_id IS NOT NULL
    """,
  ]

  /// Removes the rows of samples, of events and of the processes that only events reported.
  static let removeNumbers = [
    "DELETE FROM disagreement WHERE seq <= ?1",
    "DELETE FROM event_loss WHERE seq <= ?1",
    "DELETE FROM clock_step WHERE seq <= ?1",
    "DELETE FROM event_batch WHERE first_seq < ?1",
    "DELETE FROM sample_note WHERE seq < ?1",
    "DELETE FROM sample WHERE seq < ?1",
    "DELETE FROM short_lived_task WHERE from_seq < ?1",
  ]

  /// Removes the memberships that ended, and raises the beginnings of those that reach over the watermark to it.
  static let memberships = [
    "DELETE FROM membership WHERE membership_id IN (SELECT membership_id FROM ended)",
    """
    UPDATE membership SET from_seq = ?1, exact = NULLIF(exact & 2, 0), origin_set_id = NULL,
      cause = CASE WHEN cause IS NOT NULL THEN 4 END
    WHERE membership_id IN (SELECT membership_id FROM reaching) AND from_seq < ?1
    """,
  ]

  /// Finds the tasks that have no membership any more, and those that remain.
  static let findTasks = [
    """
    INSERT OR IGNORE INTO gone_task SELECT task_id FROM ended
    WHERE NOT EXISTS (SELECT 1 FROM membership AS m WHERE m.task_id = ended.task_id)
      AND NOT EXISTS (SELECT 1 FROM resumable AS r WHERE r.task_id = ended.task_id)
    """,
    "INSERT OR IGNORE INTO kept_task SELECT task_id FROM reaching",
    """
    INSERT OR IGNORE INTO kept_task SELECT task_id FROM ended
    WHERE NOT EXISTS (SELECT 1 FROM gone_task AS g WHERE g.task_id = ended.task_id)
    """,
  ]

  /// Removes the past descriptions of tasks that are gone, and those that another description followed before the
  /// watermark or at it. Clears the reference of the others to a sample or event that is removed.
  static let descriptions = [
    """
    INSERT OR IGNORE INTO loose_cgroup SELECT cgroup_id FROM past_description
    WHERE task_id IN (SELECT task_id FROM gone_task) AND cgroup_id IS NOT NULL
    """,
    "DELETE FROM past_description WHERE task_id IN (SELECT task_id FROM gone_task)",
    """
    INSERT OR IGNORE INTO loose_cgroup SELECT cgroup_id FROM past_description
    WHERE task_id IN (SELECT task_id FROM kept_task) AND next_seq <= ?1 AND cgroup_id IS NOT NULL
    """,
    "DELETE FROM past_description WHERE task_id IN (SELECT task_id FROM kept_task) AND next_seq <= ?1",
    """
    UPDATE task SET has_past = NULL
    WHERE task_id IN (SELECT task_id FROM kept_task) AND has_past = 1
      AND NOT EXISTS (SELECT 1 FROM past_description AS p WHERE p.task_id = task.task_id)
    """,
    """
    UPDATE task SET program_seq = NULL
    WHERE task_id IN (SELECT task_id FROM kept_task) AND program_seq < ?1
    """,
    """
    UPDATE past_description SET program_seq = NULL
    WHERE task_id IN (SELECT task_id FROM kept_task) AND program_seq < ?1
    """,
  ]

  /// Removes the tasks that are gone. The pins that such a process held open get a copy of its name first.
  static let tasks = [
    """
    UPDATE pin SET comm = COALESCE(comm, (SELECT t.comm FROM task AS t WHERE t.task_id = pin.task_id)),
      task_id = NULL
    WHERE task_id IS NOT NULL AND task_id IN (SELECT task_id FROM gone_task)
    """,
    """
    UPDATE namespace SET maker_task_id = NULL, maker_certain = NULL
    WHERE maker_task_id IS NOT NULL AND maker_task_id IN (SELECT task_id FROM gone_task)
    """,
    """
    UPDATE namespace SET maker_task_id = NULL, maker_certain = NULL
    WHERE maker_task_id > -?1 AND maker_task_id < 0
    """,
    """
    INSERT OR IGNORE INTO loose_cgroup SELECT cgroup_id FROM task
    WHERE task_id IN (SELECT task_id FROM gone_task) AND cgroup_id IS NOT NULL
    """,
    "DELETE FROM task WHERE task_id IN (SELECT task_id FROM gone_task)",
    """
    UPDATE task SET parent_task_id = NULL
    WHERE task_id IN (SELECT task_id FROM kept_task) AND parent_task_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM task AS p WHERE p.task_id = task.parent_task_id)
      AND NOT EXISTS (SELECT 1 FROM short_lived_task AS p WHERE p.from_seq = -task.parent_task_id)
    """,
  ]

  /// Selects the last scan for pins that began before the watermark: it is the first scan that remains. A scan is later
  /// than the watermark if its session is later, or if it is later by the boot clock in the same session.
  static let firstScan = """
    SELECT (SELECT p.scan_id FROM pin_scan AS p WHERE p.scan_id < COALESCE(
        (SELECT a.scan_id FROM pin_scan AS a WHERE a.session_id > s.session_id
           OR (a.session_id = s.session_id AND a.boot_ns > s.boot_ns)
         ORDER BY a.scan_id LIMIT 1), 9223372036854775807)
      ORDER BY p.scan_id DESC LIMIT 1)
    FROM sample AS s WHERE s.seq = ?1
    """

  /// Removes the scans before the first one that remains, `?1`, and the pins that they alone found.
  static let pins = [
    "DELETE FROM pin WHERE until_scan IS NOT NULL AND until_scan < ?1",
    "UPDATE pin SET from_scan = ?1 WHERE from_scan < ?1",
    "DELETE FROM pin_scan WHERE scan_id < ?1",
  ]

  /// Adds to `loose_set` the sets with a namespace that lost its last process before the watermark: no row refers to
  /// such a set if the recorder left out the processes that were in it. Then removes the sets to which no row refers.
  static let sets = [
    """
    INSERT INTO loose_namespace SELECT namespace_id FROM namespace
    WHERE first_seq < ?1 AND last_seq IS NOT NULL AND last_seq < ?1
    """,
    """
    INSERT OR IGNORE INTO loose_set SELECT set_id FROM namespace_set_link
    WHERE namespace_id IS NOT NULL AND namespace_id IN (SELECT namespace_id FROM loose_namespace)
    """,
    """
    DELETE FROM loose_set
    WHERE EXISTS (SELECT 1 FROM membership AS m WHERE m.set_id = loose_set.set_id)
      OR EXISTS (SELECT 1 FROM short_lived_task AS b WHERE b.set_id = loose_set.set_id)
      OR EXISTS (SELECT 1 FROM membership AS o WHERE o.origin_set_id = loose_set.set_id)
      OR EXISTS (SELECT 1 FROM disagreement AS r WHERE r.reported_set_id = loose_set.set_id)
      OR EXISTS (SELECT 1 FROM disagreement AS d WHERE d.sampled_set_id = loose_set.set_id)
    """,
    "DELETE FROM namespace_set_link WHERE set_id IN (SELECT set_id FROM loose_set)",
    "DELETE FROM namespace_set WHERE set_id IN (SELECT set_id FROM loose_set)",
  ]

  /// Removes the namespaces to which no set, pin or other namespace refers. The statement is repeated, because a
  /// removed namespace may be the last one that referred to its owner or parent.
  static let namespaces = """
    DELETE FROM namespace WHERE namespace_id IN (SELECT namespace_id FROM loose_namespace)
      AND NOT EXISTS (SELECT 1 FROM namespace_set_link AS l
        WHERE l.namespace_id = namespace.namespace_id)
      AND NOT EXISTS (SELECT 1 FROM pin AS p WHERE p.namespace_id = namespace.namespace_id)
      AND NOT EXISTS (SELECT 1 FROM pin AS p WHERE p.mount_namespace_id = namespace.namespace_id)
      AND NOT EXISTS (SELECT 1 FROM namespace AS o WHERE o.owner_id = namespace.namespace_id
        AND o.namespace_id <> namespace.namespace_id)
      AND NOT EXISTS (SELECT 1 FROM namespace AS c WHERE c.parent_id = namespace.namespace_id
        AND c.namespace_id <> namespace.namespace_id)
    """

  /// Raises to the watermark the beginnings of the namespaces that began before it, and the ends of those that ended
  /// before it and to which another row still refers.
  static let raiseNamespaces = [
    """
    UPDATE namespace SET last_seq = ?1
    WHERE namespace_id IN (SELECT namespace_id FROM loose_namespace)
    """,
    "UPDATE namespace SET first_seq = ?1 WHERE first_seq < ?1",
  ]

  /// Removes the cgroups to which no row refers.
  static let cgroups = [
    """
    DELETE FROM loose_cgroup
    WHERE EXISTS (SELECT 1 FROM task AS t WHERE t.cgroup_id = loose_cgroup.cgroup_id)
      OR EXISTS (SELECT 1 FROM past_description AS p WHERE p.cgroup_id = loose_cgroup.cgroup_id)
      OR EXISTS (SELECT 1 FROM short_lived_task AS b WHERE b.cgroup_id = loose_cgroup.cgroup_id)
    """,
    """
    INSERT OR IGNORE INTO loose_container SELECT container_id FROM cgroup
    WHERE cgroup_id IN (SELECT cgroup_id FROM loose_cgroup) AND container_id IS NOT NULL
    """,
    "DELETE FROM cgroup WHERE cgroup_id IN (SELECT cgroup_id FROM loose_cgroup)",
  ]

  /// Adds the outer containers of those that may be removed. The statement is repeated until it adds none.
  static let outerContainers = """
    INSERT OR IGNORE INTO loose_container SELECT outer_id FROM container
    WHERE container_id IN (SELECT container_id FROM loose_container) AND outer_id IS NOT NULL
    """

  /// Removes the containers to which no cgroup, slice or inner container refers. The statement is repeated, as for
  /// namespaces.
  static let containers = """
    DELETE FROM container WHERE container_id IN (SELECT container_id FROM loose_container)
      AND NOT EXISTS (SELECT 1 FROM cgroup AS g WHERE g.container_id = container.container_id)
      AND NOT EXISTS (SELECT 1 FROM container AS i WHERE i.outer_id = container.container_id)
      AND NOT EXISTS (SELECT 1 FROM slice_process AS p
        WHERE p.container_id = container.container_id)
    """

  /// Removes the programs and logins to which no row refers. A row of `short_lived_task` or `past_description` that
  /// referred to one with this `used_seq` is removed by now.
  static let programs = [
    """
    DELETE FROM program WHERE used_seq <= ?1
      AND NOT EXISTS (SELECT 1 FROM task AS t WHERE t.program_id = program.program_id)
    """,
    """
    DELETE FROM login WHERE used_seq <= ?1
      AND NOT EXISTS (SELECT 1 FROM task AS t WHERE t.login_id = login.login_id)
    """,
  ]

  /// Removes the sessions before that of the watermark, `?2`. A session to which a scan for pins or a namespace refers
  /// stays, without its samples.
  static let sessions = [
    """
    DELETE FROM session_file WHERE session_id < ?2 AND \(isUnnamed("session_file"))
    """,
    """
    DELETE FROM session WHERE session_id < ?2 AND \(isUnnamed("session"))
    """,
    "UPDATE session SET first_seq = NULL, last_seq = NULL WHERE session_id < ?2",
    "UPDATE session SET first_seq = ?1 WHERE session_id = ?2",
    "UPDATE history SET watermark_seq = ?1",
  ]

  private static func isUnnamed(_ table: String) -> String {
    """
    (\(table).session_id < (SELECT p.session_id FROM pin_scan AS p ORDER BY p.scan_id LIMIT 1)
        OR NOT EXISTS (SELECT 1 FROM pin_scan))
      AND NOT EXISTS (SELECT 1 FROM namespace AS n WHERE n.session_id = \(table).session_id
        AND n.inode_generation IS NOT NULL)
    """
  }
}

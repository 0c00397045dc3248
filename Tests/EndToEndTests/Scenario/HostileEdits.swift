// Edits of a history file in SQL, none of which a recorder would make.

enum HostileEdits {
  private static let most = "9223372036854775807"
  private static let least = "(-9223372036854775807 - 1)"

  static let numbers = [
    "UPDATE namespace SET first_seq = 999, last_seq = 999",
    "UPDATE namespace SET last_seq = \(most)",
    "UPDATE namespace SET first_seq = \(least), last_seq = \(least)",
    "UPDATE namespace SET first_seq = 9, last_seq = 2",
    "UPDATE namespace SET first_seq = NULL, last_seq = NULL, initial = NULL",
    "UPDATE namespace SET inode = -1, kernel_id = -1",
    """
    UPDATE namespace SET kernel_id = NULL, session_id = 99, inode_generation = \(least), initial = 2,
      owner_uid = \(least)
    """,
    "UPDATE sample SET wall_ns = 0", "UPDATE sample SET wall_ns = \(most)",
    "UPDATE sample SET wall_ns = \(least), boot_ns = \(most) WHERE seq % 2",
    "UPDATE sample SET duration_ns = -20000000", "UPDATE sample SET duration_ns = \(least)",
    "UPDATE sample SET duration_ns = \(most), boot_ns = 0",
    "INSERT INTO sample_note SELECT seq, \(least), \(most) FROM sample",
    "UPDATE task SET nspid = NULL",
    "UPDATE sample SET seq = seq + 9223372036854775000",
    "UPDATE sample SET seq = -seq",
    "UPDATE clock_step SET step_ns = \(least)", "UPDATE clock_step SET step_ns = \(most)",
    "UPDATE task SET pid = \(most) WHERE pid = 5000", "UPDATE task SET pid = -1, uid = -1",
    "UPDATE task SET uid = \(most), parent_pid = \(least), kernel_thread = 7",
    "UPDATE task SET start_ticks = \(most), start_wall_ns = \(most)",
    "UPDATE task SET start_ticks = \(least), start_wall_ns = \(least)",
    """
    UPDATE task SET start_ticks = NULL, start_wall_ns = NULL, comm = NULL, uid = NULL,
      cgroup_id = NULL, parent_task_id = NULL
    """,
    "UPDATE boot SET ticks_per_second = 0", "UPDATE boot SET ticks_per_second = \(least)",
    "UPDATE session SET interval_ns = \(most), hidepid = \(most), recorder_pid = \(least)",
    "UPDATE session SET first_seq = 13, last_seq = 1, started_boot_ns = \(least)",
    "UPDATE session SET first_seq = NULL, last_seq = NULL, end_reason = NULL",
    "UPDATE membership SET from_seq = \(least), until_seq = \(most)",
    "UPDATE membership SET from_seq = 9, until_seq = 2 WHERE membership_id % 2",
    "UPDATE membership SET until_seq = NULL",
  ]

  /// Returns SQL that adds 20,000 user namespaces. `parent` is the SQL expression for the parent of number `n`.
  private static func many(parent: String) -> String {
    """
    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 20000)
    INSERT INTO namespace (namespace_id, boot_id, type, inode, kernel_id, initial, first_seq,
      last_seq, owner_id, parent_id, owner_uid)
    SELECT 1000 + n, 1, 7, 4027000000 + n, 100000 + n, 0, 3, NULL, \(parent), \(parent), 0
    FROM number;
    """
  }

  static let relations = [
    "UPDATE namespace SET owner_id = namespace_id, parent_id = namespace_id",
    """
    UPDATE namespace SET parent_id = namespace_id % (SELECT MAX(namespace_id) FROM namespace) + 1,
      owner_id = namespace_id % (SELECT MAX(namespace_id) FROM namespace) + 1
    """,
    // Makes the two user namespaces parents of each other, and the two pid namespaces too.
    """
    UPDATE namespace SET parent_id = (SELECT namespace_id FROM namespace AS n WHERE n.kernel_id =
      CASE namespace.kernel_id WHEN 6001 THEN 6003 WHEN 6003 THEN 6001 WHEN 6004 THEN 6005
      ELSE 6004 END) WHERE kernel_id IN (6001, 6003, 6004, 6005)
    """,
    many(parent: "CASE n WHEN 1 THEN 1 ELSE 999 + n END")
      + "UPDATE namespace SET parent_id = 21000, owner_id = 21000 WHERE kernel_id = 6001",
    many(parent: "CASE n WHEN 1 THEN 21000 ELSE 999 + n END")
      + "UPDATE namespace SET parent_id = 21000, owner_id = 21000 WHERE kernel_id = 6001",
    many(parent: "(SELECT namespace_id FROM namespace WHERE kernel_id = 6001)"),
    "UPDATE task SET parent_task_id = task_id",
    "UPDATE task SET parent_task_id = task_id % (SELECT MAX(task_id) FROM task) + 1",
  ]

  static let dangling = [
    "UPDATE membership SET task_id = 9999 WHERE membership_id % 2",
    "UPDATE membership SET set_id = 9999 WHERE membership_id % 2",
    "UPDATE membership SET set_id = -1, task_id = \(most)",
    "UPDATE membership SET cause = 1, origin_set_id = 9999", "UPDATE membership SET cause = 9",
    "UPDATE membership SET cause = 2, origin_set_id = NULL",
    "UPDATE namespace_set_link SET namespace_id = 9999 WHERE link = 3",
    "UPDATE namespace_set_link SET namespace_id = NULL, unread = 200",
    "UPDATE namespace_set_link SET namespace_id = NULL, unread = NULL",
    "UPDATE namespace_set_link SET link = 300 WHERE link = 3",
    "UPDATE namespace_set_link SET link = -1 WHERE link = 5",
    "UPDATE namespace SET owner_id = 9999, parent_id = 9999",
    "UPDATE namespace SET boot_id = 9999", "UPDATE namespace SET type = 9",
    "UPDATE namespace SET type = 9 WHERE kernel_id IN (5001, 6003)",
    "UPDATE namespace SET type = 260 WHERE type = 4", "UPDATE namespace SET type = -1",
    "UPDATE namespace SET type = 7",
    "UPDATE task SET parent_task_id = 9999, cgroup_id = 9999", "UPDATE task SET space_id = 9999",
    "UPDATE pid_space SET boot_id = 9999", "UPDATE session SET space_id = 9999",
    "UPDATE sample SET session_id = 9999 WHERE seq = 5", "UPDATE sample SET gap = 9",
    "UPDATE sample SET session_id = 3 - session_id",
    "DELETE FROM namespace", "DELETE FROM task", "DELETE FROM namespace_set_link",
    "DELETE FROM namespace_set", "DELETE FROM membership", "DELETE FROM session",
    "DELETE FROM sample", "DELETE FROM boot", "DELETE FROM cgroup", "DELETE FROM clock_step",
    "DELETE FROM sample WHERE seq IN (1, 6, 13)", "DROP INDEX membership_span",
    "DROP TABLE clock_step", "DROP TABLE namespace_set_link",
  ]

  /// Columns of text. The name of a migration is not among them, since no question reads it.
  static let texts = [
    "task.comm", "task.nspid", "cgroup.path", "boot.uuid", "session.program", "session.identity",
    "session.proc_root", "session.end_reason", "pid_space.proc_root", "namespace_set.links",
  ]

  /// Text with ESC, LF, CR, CSI, a line separator, a bidirectional override, and bytes that are not UTF-8.
  static let text =
    "char(27, 91, 51, 49, 109, 10, 13, 155, 8232, 8238, 34, 44) || CAST(x'ff00c328' AS TEXT)"

  static let otherKinds = [
    ("sample", "wall_ns", "NULL"), ("sample", "duration_ns", "'x'"), ("task", "pid", "NULL"),
    ("task", "start_ticks", "'x'"), ("task", "comm", "x'1b0a'"), ("task", "parent_pid", "1e300"),
    ("namespace", "inode", "NULL"), ("namespace", "type", "'net'"), ("namespace", "type", "NULL"),
    ("membership", "set_id", "NULL"), ("membership", "from_seq", "'x'"),
    ("session", "space_id", "NULL"), ("boot", "uuid", "NULL"), ("boot", "uuid", "x'1b'"),
  ]
}

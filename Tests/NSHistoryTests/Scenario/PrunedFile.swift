// Removes the beginning of a history in one step, in the way that the header of the schema describes. The tests
// compare `Pruner` with it.

import SQLite

@testable import NSHistory

enum PrunedFile {
  /// Removes everything that had ended before a sample, and every sample and event before it.
  static func prune(_ path: String, before watermark: SequenceNumber) throws {
    let connection = try Connection(path: path, access: .readWrite)
    try connection.execute("PRAGMA foreign_keys = OFF")
    try connection.transaction { () throws(SQLiteError) in
      for sql in steps {
        try connection.execute(sql.replacing("WATERMARK", with: "\(watermark)"))
      }
    }
    try connection.execute("PRAGMA foreign_keys = ON")
  }

  /// Removes everything before the sample with this number.
  static func prune(_ path: String, beforeSample number: Int) throws {
    try prune(path, before: SequenceNumber(rawValue: Int64(number)))
  }

  /// Returns the number of rows that break a foreign key.
  static func danglingRows(_ path: String) throws -> Int {
    let connection = try Connection(path: path, access: .readWrite)
    return try connection.prepare("PRAGMA foreign_key_check").map { _ in 0 }.count
  }

  private static let steps = [
    "UPDATE history SET watermark_seq = WATERMARK",
    "DELETE FROM disagreement WHERE seq <= WATERMARK",
    "DELETE FROM event_loss WHERE seq <= WATERMARK",
    "DELETE FROM clock_step WHERE seq <= WATERMARK",
    "DELETE FROM event_batch WHERE first_seq < WATERMARK",
    "DELETE FROM sample_note WHERE seq < WATERMARK",
    "DELETE FROM sample WHERE seq < WATERMARK",
    "DELETE FROM short_lived_task WHERE from_seq < WATERMARK",
    "DELETE FROM membership WHERE until_seq < WATERMARK",
    """
    UPDATE membership SET from_seq = WATERMARK, exact = NULLIF(exact & 2, 0), origin_set_id = NULL,
      cause = CASE WHEN cause IS NOT NULL THEN 4 END
    WHERE from_seq < WATERMARK
    """,
    "DELETE FROM past_description WHERE next_seq <= WATERMARK",
    "UPDATE past_description SET program_seq = NULL WHERE program_seq < WATERMARK",
    "UPDATE task SET program_seq = NULL WHERE program_seq < WATERMARK",
    """
    DELETE FROM pin_scan WHERE scan_id < (
      SELECT MAX(scan_id) FROM pin_scan
      WHERE wall_ns <= (SELECT wall_ns FROM sample WHERE seq = WATERMARK))
    """,
    "DELETE FROM pin WHERE until_scan < (SELECT MIN(scan_id) FROM pin_scan)",
    """
    UPDATE pin SET from_scan = (SELECT MIN(scan_id) FROM pin_scan)
    WHERE from_scan < (SELECT MIN(scan_id) FROM pin_scan)
    """,
    """
    DELETE FROM task WHERE NOT EXISTS (SELECT 1 FROM membership AS m WHERE m.task_id = task.task_id)
    """,
    """
    DELETE FROM past_description WHERE task_id NOT IN (SELECT task_id FROM task)
    """,
    """
    UPDATE task SET has_past = NULL
    WHERE has_past = 1 AND task_id NOT IN (SELECT task_id FROM past_description)
    """,
    """
    UPDATE task SET parent_task_id = NULL WHERE parent_task_id NOT IN (
      SELECT task_id FROM task UNION ALL SELECT -from_seq FROM short_lived_task)
    """,
    """
    UPDATE namespace SET maker_task_id = NULL, maker_certain = NULL WHERE maker_task_id NOT IN (
      SELECT task_id FROM task UNION ALL SELECT -from_seq FROM short_lived_task)
    """,
    """
    DELETE FROM namespace_set WHERE set_id NOT IN (
      SELECT set_id FROM membership UNION SELECT set_id FROM short_lived_task
      UNION SELECT origin_set_id FROM membership WHERE origin_set_id IS NOT NULL
      UNION SELECT reported_set_id FROM disagreement WHERE reported_set_id IS NOT NULL
      UNION SELECT sampled_set_id FROM disagreement WHERE sampled_set_id IS NOT NULL)
    """,
    "DELETE FROM namespace_set_link WHERE set_id NOT IN (SELECT set_id FROM namespace_set)",
    """
    DELETE FROM namespace WHERE namespace_id NOT IN (
      WITH RECURSIVE used (id) AS (
        SELECT namespace_id FROM namespace_set_link WHERE namespace_id IS NOT NULL
        UNION SELECT namespace_id FROM pin
        UNION SELECT mount_namespace_id FROM pin WHERE mount_namespace_id IS NOT NULL
        UNION SELECT other FROM used JOIN (
          SELECT namespace_id AS one, owner_id AS other FROM namespace
          UNION ALL SELECT namespace_id, parent_id FROM namespace) ON one = id
        WHERE other IS NOT NULL)
      SELECT id FROM used)
    """,
    """
    UPDATE namespace SET first_seq = MAX(first_seq, WATERMARK),
      last_seq = CASE WHEN last_seq IS NOT NULL THEN MAX(last_seq, WATERMARK) END
    WHERE first_seq < WATERMARK
    """,
    "DELETE FROM session WHERE COALESCE(last_seq, first_seq, 0) < WATERMARK AND end_reason IS NOT NULL",
    "UPDATE session SET first_seq = WATERMARK WHERE first_seq < WATERMARK",
    "DELETE FROM session_file WHERE session_id NOT IN (SELECT session_id FROM session)",
    "DELETE FROM cgroup WHERE cgroup_id NOT IN (SELECT cgroup_id FROM task WHERE cgroup_id IS NOT NULL "
      + "UNION SELECT cgroup_id FROM past_description WHERE cgroup_id IS NOT NULL "
      + "UNION SELECT cgroup_id FROM short_lived_task WHERE cgroup_id IS NOT NULL)",
    unused("program"),
    unused("login"),
    """
    DELETE FROM container WHERE container_id NOT IN (
      WITH RECURSIVE used (id) AS (
        SELECT container_id FROM cgroup WHERE container_id IS NOT NULL
        UNION SELECT c.outer_id FROM container AS c JOIN used ON c.container_id = used.id
        WHERE c.outer_id IS NOT NULL)
      SELECT id FROM used)
    """,
  ]

  /// The statement that removes the rows of `program` or `login` to which no row refers.
  private static func unused(_ table: String) -> String {
    let users = ["task", "past_description", "short_lived_task"].map {
      "SELECT \(table)_id FROM \($0) WHERE \(table)_id IS NOT NULL"
    }
    return "DELETE FROM \(table) WHERE \(table)_id NOT IN (\(users.joined(separator: " UNION ")))"
  }
}
